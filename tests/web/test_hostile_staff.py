"""What no schema of the staff's API takes: every write × whatever is wrong, a clear 4xx, and nothing changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from licensing.core.callers import PERMISSIONS, Role
from licensing.web.access import SESSION_COOKIE
from tests.support.worlds import ORIGIN, Staffer, World
from tests.web.staff_routes import STAFF_ROUTES, Request
from tests.web.test_access import needed
from tests.web.test_hostile_bodies import NOT_OUR_JSON, OTHER_TYPES, TOO_LONG
from tests.web.test_hostile_fields import ANYTHING, EXTRA, LINES, NUMBERS
from tests.web.test_hostile_routes import assert_problem

WRITES = {route: prepare for route, prepare in STAFF_ROUTES.items() if route[0] != "GET"}


@dataclass(frozen=True, slots=True)
class Trial:
    """One write and somebody who may make it."""

    world: World
    staffer: Staffer
    method: str
    request: Request

    def send(self, data: bytes | None, content_type: str = "application/json", **headers: str) -> Any:
        """The answer to another body, under a key of its own."""
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.staffer.client.open(
            self.request.path, method=self.method, data=data, content_type=content_type, headers=spelled
        )

    def send_plainly(self, headers: dict[str, str]) -> Any:
        """The answer to the good body from a client that adds nothing but the session's cookie."""
        cookie = self.staffer.client.get_cookie(SESSION_COOKIE)
        assert cookie is not None
        client = self.world.house.app.test_client()
        client.set_cookie(SESSION_COOKIE, cookie.value)
        return client.open(self.request.path, method=self.method, json=self.request.body, headers=headers)


@pytest.fixture
def trials(world: World) -> Iterator[Trial]:
    """Every write with a body; after each, nothing has changed."""

    def every() -> Iterator[Trial]:
        permissions = needed(world)
        staff = {role: world.sign_in(role) for role in Role}
        for route, prepare in WRITES.items():
            request = prepare(world)
            if request.body is None:
                continue
            role = next(role for role in Role if permissions[route] in PERMISSIONS[role])
            before = world.rows()
            yield Trial(world, staff[role], route[0], request)
            assert world.rows() == before, route

    return every()


def test_a_body_that_is_no_strict_json_object_is_refused(trials: Iterator[Trial]) -> None:
    for trial in trials:
        for name, body in NOT_OUR_JSON.items():
            assert_problem(trial.send(body), 400, sent=(trial.request.path, name))
        for name, body in TOO_LONG.items():
            assert_problem(trial.send(body), 413, sent=(trial.request.path, name))


def test_a_good_body_of_another_media_type_is_refused(trials: Iterator[Trial]) -> None:
    for trial in trials:
        data = json.dumps(trial.request.body).encode()
        for content_type in OTHER_TYPES:
            assert_problem(trial.send(data, content_type), 415, sent=(trial.request.path, content_type))


def test_a_member_more_is_refused(trials: Iterator[Trial]) -> None:
    for trial in trials:
        for name in set(EXTRA) - set(trial.request.body or {}):
            answer = trial.send(json.dumps({**(trial.request.body or {}), name: "x"}).encode())
            assert_problem(answer, 422, sent=(trial.request.path, name))


def wrong_for(value: Any, *, optional: bool) -> Iterator[Any]:
    """Values that a member with a good `value` must not have."""
    yield from (other for other in ANYTHING if type(other) is not type(value))
    if not optional:
        yield None
    if isinstance(value, str):
        yield from LINES
        yield value + "\x00"
    if type(value) is int:
        yield from NUMBERS
    if isinstance(value, list):
        others: tuple[Any, ...] = (True, 1, None, [], {}, "", "a\x00b")
        yield from ([other] for other in others)


def test_a_member_of_a_wrong_value_or_missing_is_refused(trials: Iterator[Trial]) -> None:
    for trial in trials:
        body = trial.request.body or {}
        for name, value in body.items():
            optional = name in trial.request.optional
            for wrong in wrong_for(value, optional=optional):
                answer = trial.send(json.dumps({**body, name: wrong}).encode())
                assert_problem(answer, 400, 404, 409, 413, 422, sent=(trial.request.path, name, wrong))
            if isinstance(value, str):
                surrogate = json.dumps({**body, name: value + "\ud888"}).encode()
                assert_problem(trial.send(surrogate), 400, sent=(trial.request.path, name))
            if not optional:
                without = {other: kept for other, kept in body.items() if other != name}
                answer = trial.send(json.dumps(without).encode())
                assert_problem(answer, 409, 422, sent=(trial.request.path, name))


def test_a_deed_without_an_idempotency_key_or_with_a_bad_one_is_refused(trials: Iterator[Trial]) -> None:
    for trial in trials:
        missing = trial.send_plainly({"Origin": ORIGIN})
        assert_problem(missing, 400, sent=trial.request.path)
        assert missing.get_json()["code"] == "IDEMPOTENCY_KEY_REQUIRED"
        for key in ("", "x" * 256, "ä", "a\tb"):
            answer = trial.send_plainly({"Origin": ORIGIN, "Idempotency-Key": key})
            assert_problem(answer, 422, sent=(trial.request.path, key))


@pytest.mark.parametrize("origin", [None, "https://evil.example", "null", "http://licenses.example.com"])
def test_a_deed_from_a_page_that_is_not_ours_is_refused(trials: Iterator[Trial], origin: str | None) -> None:
    for trial in trials:
        answer = trial.send_plainly({"Idempotency-Key": "k", **({} if origin is None else {"Origin": origin})})
        assert_problem(answer, 403, sent=trial.request.path)
        assert answer.get_json()["code"] == "FOREIGN_ORIGIN"


@pytest.mark.parametrize("segment", ["x", "%00", "..%2f..", "'; DROP TABLE license; --", "%ff", "a" * 9_000, "A" * 32])
def test_an_id_that_can_not_be_one_is_not_found(world: World, segment: str) -> None:
    staff = {role: world.sign_in(role) for role in Role}
    before = world.rows()

    for method, rule in STAFF_ROUTES:
        if "<id:" in rule:
            path = "/".join(segment if part.startswith("<") else part for part in rule.split("/"))
            answer = staff[Role.MANAGER].client.open(path, method=method, json={})
            assert_problem(answer, 404, sent=(method, path))

    assert world.rows() == before
