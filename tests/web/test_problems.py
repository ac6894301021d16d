"""Refusals become problem details in one place: each has a status, and none tells what only the log may know."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException, abort

from licensing.core import errors
from licensing.core.errors import Reason, Refusal
from licensing.web import problems

CANARY = "jane@acme.example"
CALLERS_FAULT = sorted((each for each, status in problems.STATUS.items() if status < 500), key=lambda each: each.code)
OURS = sorted((each for each, status in problems.STATUS.items() if status >= 500), key=lambda each: each.code)


def every_refusal(root: type[Refusal] = Refusal) -> Iterator[type[Refusal]]:
    for refusal in root.__subclasses__():
        yield refusal
        yield from every_refusal(refusal)


def make_refusal(kind: type[Refusal]) -> Refusal:
    if issubclass(kind, errors.Unauthentic):
        return kind(Reason.BAD_SIGNATURE, "Said.")
    if issubclass(kind, errors.InvalidFields):
        return kind({"email": ["Must be an address."]})
    if issubclass(kind, errors.TooManyTries):
        return kind("Said.", 7)
    if issubclass(kind, errors.DeviceRefused):
        return kind(errors.DeviceError.SLOW_DOWN, "Said.")
    if issubclass(kind, errors.ImportRefused):
        return kind([(2, "Said.")])
    return kind("Said.")


def client_of(error: Exception) -> FlaskClient:
    """A client of an application whose one view raises `error`."""
    app = Flask("broken")
    problems.register(app)

    @app.get("/")
    def view() -> str:
        raise error

    return app.test_client()


def test_every_refusal_has_a_status_and_a_code_of_its_own() -> None:
    kinds = set(every_refusal())

    assert kinds == problems.STATUS.keys()
    assert len({kind.code for kind in kinds}) == len(kinds)


@pytest.mark.parametrize("kind", CALLERS_FAULT, ids=lambda kind: kind.code)
def test_a_refusal_tells_the_caller_its_code_and_detail(kind: type[Refusal]) -> None:
    refusal = make_refusal(kind)

    answer = client_of(refusal).get("/")

    assert answer.status_code == problems.STATUS[kind]
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json()
    assert (problem["code"], problem["detail"]) == (kind.code, refusal.detail)
    assert problem["type"] == f"urn:koor:problem:{kind.code.lower().replace('_', '-')}"


@pytest.mark.parametrize(
    ("refusal", "seconds"), [(errors.TooManyTries("Said.", 7), "7"), (errors.InProgress("Said."), "1")]
)
def test_whoever_must_wait_is_told_how_long(refusal: Refusal, seconds: str) -> None:
    assert client_of(refusal).get("/").headers["Retry-After"] == seconds


@pytest.mark.parametrize("kind", OURS, ids=lambda kind: kind.code)
def test_what_is_our_fault_is_for_the_log_only(kind: type[Refusal], caplog: pytest.LogCaptureFixture) -> None:
    refusal = kind(f"The key file /srv/{CANARY} is missing.")

    answer = client_of(refusal).get("/")

    assert (answer.status_code, answer.get_json()["code"]) == (503, "BUSY")
    assert int(answer.headers["Retry-After"]) > 0
    assert CANARY not in answer.text
    assert CANARY in caplog.text


def test_an_unknown_error_tells_the_caller_nothing_and_the_log_everything(caplog: pytest.LogCaptureFixture) -> None:
    error = RuntimeError(CANARY)

    with caplog.at_level(logging.ERROR):
        answer = client_of(error).get("/")

    assert (answer.status_code, answer.get_json()["code"]) == (500, "INTERNAL")
    assert "RuntimeError" not in answer.text
    assert CANARY not in answer.text
    assert f"RuntimeError: {CANARY}" in caplog.text


def test_a_token_that_is_not_authentic_is_told_why() -> None:
    answer = client_of(errors.Unauthentic(Reason.KEY_REVOKED, "Its key is revoked.")).get("/")

    assert answer.get_json()["reason"] == "KEY_REVOKED"
    assert answer.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'


def test_wrong_fields_are_named() -> None:
    answer = client_of(errors.InvalidFields({"cluster.fsid": ["Must be a UUID."]})).get("/")

    assert answer.get_json()["errors"] == {"cluster.fsid": ["Must be a UUID."]}


def test_what_the_web_framework_refuses_has_a_stable_code_too() -> None:
    for status, code in {**problems.HTTP_CODES, 414: "REFUSED", 429: "REFUSED"}.items():
        with pytest.raises(HTTPException) as refused:
            abort(status)

        answer = client_of(refused.value).get("/")

        assert (answer.status_code, answer.get_json()["code"]) == (status, code)
        assert answer.content_type == "application/problem+json"


def test_a_redirect_says_where_and_no_more() -> None:
    class Moved(HTTPException):
        code = 308

    answer = client_of(Moved()).get("/")

    assert (answer.status_code, answer.headers["Location"], answer.data) == (308, "/", b"")
