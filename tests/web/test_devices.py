"""A DCC registers a trial from its own screen (RFC 8628), in its words and form; trials alone."""

from __future__ import annotations

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR
from licensing.core.devices import GRANT_TYPE
from licensing.core.sales import Term
from licensing.core.throttle import DEVICE_CODES_ASKED, DEVICE_CODES_TYPED
from licensing.core.trials import CODE_ALPHABET
from tests.support.worlds import FSID, Browser, World, browser, convert, nodes
from tests.web.test_trial_pages import FORM

HERE = {"REMOTE_ADDR": "198.51.100.7"}


def ask(world: World, address: str = "203.0.113.9", **changes: str) -> TestResponse:
    """A DCC's first request."""
    form = {"client_id": "koor-dcc", "fsid": FSID, "cluster_name": "prod-1"} | changes
    return world.client.post("/v1/device/code", data=form, environ_overrides={"REMOTE_ADDR": address})


def codes(world: World) -> dict[str, Any]:
    answer = ask(world)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def fetch(world: World, device_code: str, /, **changes: str) -> TestResponse:
    """A DCC asks for its license, five seconds after whatever happened before."""
    world.clock.advance(seconds=5)
    form = {"client_id": "koor-dcc", "grant_type": GRANT_TYPE, "device_code": device_code} | changes
    return world.client.post("/v1/device/token", data=form)


def error_of(answer: TestResponse) -> str:
    assert answer.status_code == 400, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return str(answer.get_json()["error"])


def claim(world: World, user_code: str, **changes: str) -> Browser:
    """Somebody registers with the code; her browser."""
    client = browser(world)
    answer = client.post("/device/registration", data=FORM | {"user_code": user_code} | changes)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/trial/sent"), answer.text
    return client


def test_a_cluster_gets_its_trial_without_anything_being_copied(world: World) -> None:
    asked = codes(world)
    waiting = error_of(fetch(world, asked["device_code"]))
    client = browser(world)

    seen = client.post("/device", data={"user_code": asked["user_code"].lower()})
    claim(world, asked["user_code"])
    unconfirmed = error_of(fetch(world, asked["device_code"]))
    start = client.post("/trial/confirm", data={"token": world.link_token()})
    got = fetch(world, asked["device_code"])

    assert waiting == unconfirmed == "authorization_pending"
    for shown in ("prod-1", FSID, "203.0.113.9", "Is this your cluster?"):
        assert shown in seen.text
    assert start.headers["Location"].endswith("/start?done=device-licensed")
    assert "fetches its license by itself" in client.get(start.headers["Location"]).text
    assert (got.status_code, got.get_json()["token_type"]) == (200, "Bearer")
    assert world.check_in(got.get_json()["access_token"], nodes(4)).get_json()["code"] == "VALID"
    assert got.get_json()["license_file"]["license"] == got.get_json()["access_token"]
    assert [row[8] for row in world.rows()["registration"]] == ["device_code"]


def test_the_answer_has_what_the_rfc_asks_for(world: World) -> None:
    asked = codes(world)

    assert set(asked) == {"device_code", "user_code", "verification_uri", "expires_in", "interval"}
    assert asked["verification_uri"] == "https://licenses.example.com/device"
    assert (asked["expires_in"], asked["interval"]) == (600, 5)
    assert re.fullmatch(f"[{CODE_ALPHABET}]{{4}}-[{CODE_ALPHABET}]{{4}}", asked["user_code"])
    assert len(asked["device_code"]) >= 43


def test_no_code_is_kept_as_it_is_and_none_is_ever_filled_in(world: World) -> None:
    asked = codes(world)

    kept = str(world.rows()["device_grant"])
    page = browser(world).get(f"/device?user_code={asked['user_code']}")

    for secret in (asked["device_code"], asked["user_code"], asked["user_code"].replace("-", "")):
        assert secret not in kept
        assert secret not in page.text


@pytest.mark.parametrize(("seconds", "error"), [(599, "authorization_pending"), (600, "expired_token")])
def test_a_code_lives_for_ten_minutes(world: World, seconds: int, error: str) -> None:
    asked = codes(world)
    world.clock.advance(seconds=seconds - 5)

    assert error_of(fetch(world, asked["device_code"])) == error
    typed = browser(world).post("/device", data={"user_code": asked["user_code"]})
    assert typed.status_code == (200 if error == "authorization_pending" else 400)


@pytest.mark.parametrize(("seconds", "error"), [(3_599, "authorization_pending"), (3_600, "expired_token")])
def test_a_claimed_code_lives_as_long_as_the_mails_link(world: World, seconds: int, error: str) -> None:
    asked = codes(world)
    world.clock.advance(seconds=599)
    claim(world, asked["user_code"])
    world.clock.advance(seconds=seconds - 5)

    assert error_of(fetch(world, asked["device_code"])) == error


def test_who_asks_too_often_has_to_wait_longer(world: World) -> None:
    asked = codes(world)
    form = {"client_id": "koor-dcc", "grant_type": GRANT_TYPE, "device_code": asked["device_code"]}
    assert error_of(fetch(world, asked["device_code"])) == "authorization_pending"

    at_once = error_of(world.client.post("/v1/device/token", data=form))
    five_later = error_of(fetch(world, asked["device_code"]))
    world.clock.advance(seconds=10)
    fifteen_later = error_of(fetch(world, asked["device_code"]))

    assert (at_once, five_later, fifteen_later) == ("slow_down", "slow_down", "authorization_pending")


def test_a_person_may_say_that_the_cluster_is_not_hers(world: World) -> None:
    asked = codes(world)

    refused = browser(world).post("/device/refusal", data={"user_code": asked["user_code"]})

    assert "The cluster gets nothing" in refused.text
    assert error_of(fetch(world, asked["device_code"])) == "access_denied"
    assert browser(world).post("/device", data={"user_code": asked["user_code"]}).status_code == 400


def test_a_code_is_claimed_once(world: World) -> None:
    asked = codes(world)
    claim(world, asked["user_code"])
    before = world.rows()["registration"]

    second = browser(world).post(
        "/device/registration", data=FORM | {"user_code": asked["user_code"], "email": "eve@evil.example"}
    )

    assert second.status_code == 400
    assert "Enter the code from your screen" in second.text
    assert world.rows()["registration"] == before


def test_a_license_may_be_fetched_again_while_the_code_lives(world: World) -> None:
    asked = codes(world)
    claim(world, asked["user_code"])
    world.confirm()

    answers = [fetch(world, asked["device_code"]) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert len({answer.get_json()["access_token"] for answer in answers}) == 1


def test_a_code_gives_trials_and_nothing_that_was_paid_for(world: World) -> None:
    convert(world, world.trial()["license_id"], Term(25, 12))
    asked = codes(world)
    claim(world, asked["user_code"])
    world.confirm()

    assert error_of(fetch(world, asked["device_code"])) == "access_denied"


def test_a_trial_that_was_revoked_is_not_handed_out(world: World) -> None:
    asked = codes(world)
    claim(world, asked["user_code"])
    world.house.licenses.revoke(OPERATOR, world.confirm().get_json()["license_id"], "abuse")

    assert error_of(fetch(world, asked["device_code"])) == "access_denied"


def test_a_colleague_of_who_has_the_trial_gets_none_by_a_code(world: World) -> None:
    world.trial()
    asked = codes(world)
    claim(world, asked["user_code"], email="joe@acme.example")

    assert error_of(fetch(world, asked["device_code"])) == "authorization_pending"


def test_wrong_codes_are_counted_and_a_right_one_forgives_none(world: World) -> None:
    asked = codes(world)
    client = browser(world)

    def typed(code: str, address: str = "198.51.100.7") -> int:
        return client.post("/device", data={"user_code": code}, environ_overrides={"REMOTE_ADDR": address}).status_code

    wrong = [typed("BBBB-BBBB") for _ in range(DEVICE_CODES_TYPED - 1)]
    assert typed(asked["user_code"]) == 200
    wrong.append(typed("BBBB-BBBB"))

    assert set(wrong) == {400}
    assert typed(asked["user_code"]) == 429
    assert typed(asked["user_code"], "198.51.100.8") == 200
    assert (
        client.post("/device/refusal", data={"user_code": asked["user_code"]}, environ_overrides=HERE).status_code
        == 429
    )
    world.clock.advance(minutes=15)
    assert typed("BBBB-BBBB") == 400


def test_a_network_asks_for_a_few_codes_only(world: World) -> None:
    answers = [ask(world) for _ in range(DEVICE_CODES_ASKED + 1)]

    assert {answer.status_code for answer in answers[:-1]} == {200}
    assert (answers[-1].status_code, answers[-1].get_json()["error"]) == (429, "slow_down")
    assert int(answers[-1].headers["Retry-After"]) > 0
    assert ask(world, "203.0.113.10").status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"client_id": ""}, 400, "invalid_request"),
        ({"fsid": ""}, 400, "invalid_request"),
        ({"fsid": "nonsense"}, 400, "invalid_request"),
        ({"cluster_name": "x" * 201}, 400, "invalid_request"),
        ({"cluster_name": "a\x00b"}, 400, "invalid_request"),
    ],
)
def test_a_request_for_codes_that_is_wrong_is_told_so(
    world: World, changes: dict[str, str], status: int, error: str
) -> None:
    before = world.rows()

    answer = ask(world, **changes)

    assert (answer.status_code, answer.get_json()["error"]) == (status, error)
    assert re.fullmatch(r"[\x20-\x21\x23-\x5b\x5d-\x7e]+", answer.get_json()["error_description"])
    assert world.rows() == before


def test_parameters_that_nobody_knows_are_ignored(world: World) -> None:
    assert ask(world, scope="trial", resource="x").status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "unsupported_grant_type"),
        ({"client_id": "other"}, 401, "invalid_client"),
        ({"device_code": ""}, 400, "invalid_request"),
        ({"device_code": "nobody's"}, 400, "invalid_grant"),
        ({"device_code": "x" * 201}, 400, "invalid_request"),
    ],
)
def test_a_request_for_a_license_that_is_wrong_is_told_so(
    world: World, changes: dict[str, str], status: int, error: str
) -> None:
    asked = codes(world)

    answer = fetch(world, asked["device_code"], **changes)

    assert (answer.status_code, answer.get_json()["error"]) == (status, error)


@pytest.mark.parametrize("path", ["/v1/device/code", "/v1/device/token"])
@pytest.mark.parametrize(
    ("data", "content_type"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"client_id=koor-dcc&client_id=koor-dcc", "application/x-www-form-urlencoded"),
        (b"client_id=%ff%fe", "application/x-www-form-urlencoded"),
        (b'{"client_id":"koor-dcc"}', "application/json"),
        (b"--x", "multipart/form-data; boundary=x"),
        (b"&".join(b"a=%d" % number for number in range(9_000)), "application/x-www-form-urlencoded"),
        (b"client_id=" + b"x" * 100_000, "application/x-www-form-urlencoded"),
    ],
    ids=range(7),
)
def test_a_body_that_is_no_form_changes_nothing(world: World, path: str, data: bytes, content_type: str) -> None:
    before = world.rows()

    answer = world.client.post(path, data=data, content_type=content_type)

    assert answer.status_code in (400, 401, 413)
    assert world.rows() == before


@pytest.mark.parametrize("path", ["/device", "/device/registration", "/device/refusal"])
def test_a_form_of_another_page_does_nothing(world: World, path: str) -> None:
    asked = codes(world)
    before = world.rows()

    answer = browser(world).post(
        path, data=FORM | {"user_code": asked["user_code"]}, headers={"Origin": "https://evil.example"}
    )

    assert answer.status_code == 403
    assert world.rows() == before


def test_a_refused_form_keeps_what_was_typed_and_claims_nothing(world: World) -> None:
    asked = codes(world)

    answer = browser(world).post(
        "/device/registration", data=FORM | {"user_code": asked["user_code"], "email": "jane@"}
    )

    assert answer.status_code == 422
    assert "Acme GmbH" in answer.text
    assert "prod-1" in answer.text
    assert world.rows()["registration"] == []
    claim(world, asked["user_code"])


def test_a_clusters_name_with_markup_is_inert(world: World) -> None:
    user_code = ask(world, cluster_name="<img src=x onerror=alert(1)>").get_json()["user_code"]

    page = browser(world).post("/device", data={"user_code": user_code})

    assert "<img" not in page.text
    assert "&lt;img" in page.text


def test_codes_that_are_over_leave_the_table(world: World) -> None:
    codes(world)
    world.clock.advance(days=1, minutes=9)
    world.house.worker.tick()
    kept = len(world.rows()["device_grant"])

    world.clock.advance(minutes=2)
    world.house.worker.tick()

    assert (kept, world.rows()["device_grant"]) == (1, [])


def test_who_erases_herself_takes_the_code_with_her(world: World) -> None:
    asked = codes(world)
    client = claim(world, asked["user_code"])
    client.post("/trial/confirm", data={"token": world.link_token()})
    client.post("/licenses/privacy/erasure", data={"once": "a" * 32, "deed": "erase"})

    assert error_of(fetch(world, asked["device_code"])) == "access_denied"
