"""`/v1/sessions` and `/v1/session`: from the one-time password to the end of a session."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR, Role
from licensing.services.staff import Changes
from licensing.settings import Settings
from licensing.web.access import SESSION_COOKIE
from tests.support.staff import EVE, PASSWORD, add_account, code
from tests.support.worlds import Browser, World, browser, make_world

NEW = "a much better one"
BOB = "bob@koor.example"


def post_session(client: Any, email: str = EVE, password: str = PASSWORD, **more: str) -> TestResponse:
    answer: TestResponse = client.post("/v1/sessions", json={"email": email, "password": password, **more})
    return answer


def signed_in(world: World, **more: str) -> Browser:
    """Eve's browser after she signed in."""
    client = browser(world)
    assert post_session(client, **more).status_code == 201
    return client


def with_session(world: World, id: str, second_factor: bool = False) -> Browser:
    """A browser whose session the identity provider opened."""
    with world.house.database.write() as session:
        secret = world.house.sign_in.open(session, id, second_factor, world.clock())
    return browser(world, secret)


def secret_of(client: Browser) -> str:
    cookie = client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    return cookie.value


def status(client: Browser) -> int:
    return client.get("/v1/session").status_code


def change_password(client: Browser, old: str = PASSWORD, new: str = NEW) -> TestResponse:
    return client.post("/v1/session/password", json={"old_password": old, "new_password": new})


def confirm(client: Browser, shown: str) -> TestResponse:
    return client.put("/v1/session/second-factor", json={"code": shown})


def begin(client: Browser) -> bytes:
    """The secret that an authenticator app would be told."""
    answer = client.post("/v1/session/second-factor")
    assert answer.status_code == 200, answer.text
    return base64.b32decode(answer.get_json()["secret"])


def refused(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, answer.get_json()["code"]


def test_the_cookie_is_for_this_server_alone_and_no_script_sees_it(world: World) -> None:
    add_account(world)

    answer = post_session(browser(world))

    value, *attributes = answer.headers["Set-Cookie"].split("; ")
    assert value.startswith("koor_session=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/", "Secure", "Max-Age=43200"} <= set(attributes)
    assert not [each for each in attributes if each.startswith("Domain")]
    assert answer.get_json() == {"owes": [], "role": "support", "expires_at": "2026-01-16T00:00:00Z"}


def test_who_i_am(world: World) -> None:
    id = add_account(world, "support")

    document = signed_in(world).get("/v1/session").get_json()

    assert document == {
        "id": f"staff:{id}",
        "email": EVE,
        "name": "Eve",
        "role": "support",
        "permissions": ["customers.read", "entitlements.read", "licenses.read"],
        "discount_limit": 0,
        "seat_limit": 1_000,
        "owes": [],
        "expires_at": "2026-01-16T00:00:00Z",
    }


def test_an_account_goes_from_its_one_time_password_to_its_first_deed(world: World) -> None:
    let_in = world.house.staff.add(OPERATOR, EVE, "Eve", Role.MANAGER, 20)
    client = browser(world)

    assert post_session(client, password=let_in.one_time_password).get_json()["owes"] == ["password"]
    assert refused(client.get("/v1/prices")) == (403, "SIGN_IN_INCOMPLETE")
    assert refused(client.post("/v1/session/second-factor")) == (403, "SIGN_IN_INCOMPLETE")
    assert change_password(client, let_in.one_time_password).get_json()["owes"] == ["second_factor_enrolment"]
    assert refused(client.get("/v1/prices")) == (403, "SIGN_IN_INCOMPLETE")
    assert refused(change_password(client, NEW, PASSWORD)) == (403, "SIGN_IN_INCOMPLETE")
    secret = begin(client)
    assert confirm(client, code(world, secret=secret)).get_json()["owes"] == []
    assert client.get("/v1/prices").status_code == 200
    world.clock.advance(seconds=30)
    assert post_session(browser(world), password=NEW, code=code(world, secret=secret)).get_json()["owes"] == []


@pytest.mark.parametrize("kind", ["unknown", "wrong password", "no code", "wrong code", "disabled"])
def test_every_refusal_has_the_same_body(world: World, kind: str) -> None:
    add_account(world, second_factor=True)
    if kind == "disabled":
        world.house.staff.disable(OPERATOR, world.house.staff.find(EVE).id)
    body = {
        "unknown": {"email": BOB},
        "wrong password": {"password": "wrong", "code": code(world)},
        "no code": {},
        "wrong code": {"code": "000000"},
        "disabled": {"code": code(world)},
    }[kind]

    answer = post_session(browser(world), **body)

    problem = answer.get_json()
    assert problem.pop("request_id")
    assert problem == {
        "type": "urn:koor:problem:sign-in-refused",
        "title": "Sign in refused",
        "status": 401,
        "code": "SIGN_IN_REFUSED",
        "detail": "Address, password or code is wrong.",
    }
    assert "Set-Cookie" not in answer.headers


def test_twenty_wrong_tries_are_throttled_and_another_account_is_not(world: World) -> None:
    add_account(world)
    add_account(world, email=BOB)
    client = browser(world)

    answers = [post_session(client, password="wrong") for _ in range(20)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 10
    assert post_session(client).status_code == 429
    assert int(answers[-1].headers["Retry-After"]) == 900
    assert post_session(client, BOB).status_code == 201
    world.clock.advance(minutes=15)
    assert post_session(client).status_code == 201


def test_a_secret_from_before_the_sign_in_is_worthless_after_it(world: World) -> None:
    add_account(world)
    planted = "x" * 43
    client = browser(world, planted)

    assert post_session(client).status_code == 201

    assert secret_of(client) != planted
    assert (status(client), status(browser(world, planted))) == (200, 401)


def test_a_session_is_of_no_use_after_signing_out(world: World) -> None:
    add_account(world)
    client = signed_in(world)
    secret = secret_of(client)

    answer = client.delete("/v1/session")

    assert answer.status_code == 204
    assert client.get_cookie(SESSION_COOKIE) is None
    assert status(browser(world, secret)) == 401


@pytest.mark.parametrize("deed", ["role", "reset", "disable"])
def test_a_session_ends_when_something_is_taken_from_its_owner(world: World, deed: str) -> None:
    id = add_account(world)
    client = signed_in(world)
    house = world.house.staff

    if deed == "role":
        house.change(OPERATOR, id, Changes(role=Role.AUDITOR))
    elif deed == "reset":
        house.reset(OPERATOR, id)
    else:
        house.disable(OPERATOR, id)

    assert refused(client.get("/v1/session")) == (401, "SIGN_IN_REQUIRED")


def test_a_new_password_ends_every_session_but_the_new_one(world: World) -> None:
    add_account(world)
    client, other = signed_in(world), signed_in(world)
    old_secret = secret_of(client)

    answer = change_password(client)

    assert (answer.status_code, answer.get_json()["owes"]) == (200, [])
    assert [status(each) for each in (client, other, browser(world, old_secret))] == [200, 401, 401]
    assert refused(post_session(browser(world))) == (401, "SIGN_IN_REFUSED")
    assert post_session(browser(world), password=NEW).status_code == 201


@pytest.mark.parametrize("new", ["x" * 11, "x" * 257, EVE, PASSWORD, ""])
def test_a_password_that_may_not_be_one_is_refused(world: World, new: str) -> None:
    add_account(world)
    client = signed_in(world)
    before = world.rows()

    answer = change_password(client, new=new)

    assert refused(answer) == (422, "INVALID_FIELDS")
    assert list(answer.get_json()["errors"]) == ["new_password"]
    assert world.rows() == before


def test_a_stolen_session_does_not_help_to_guess_the_password_or_a_code(world: World) -> None:
    id = add_account(world, second_factor=True)
    client = with_session(world, id)

    answers = [change_password(client, "wrong") for _ in range(5)] + [confirm(client, "000000") for _ in range(5)]

    assert [refused(each)[1] for each in answers] == ["INVALID_FIELDS"] * 5 + ["CODE_REFUSED"] * 5
    before = world.rows()
    assert refused(change_password(client)) == (429, "TOO_MANY_TRIES")
    assert refused(confirm(client, code(world))) == (429, "TOO_MANY_TRIES")
    assert world.rows() == before
    world.clock.advance(minutes=15)
    assert change_password(client).status_code == 200


def test_confirming_the_second_factor_gives_a_new_secret_and_ends_the_old_one(world: World) -> None:
    add_account(world, "sales")
    client, other = signed_in(world), signed_in(world)
    old_secret, key = secret_of(client), begin(client)

    assert refused(confirm(client, code(world, 300, key))) == (400, "CODE_REFUSED")
    assert confirm(client, code(world, secret=key)).get_json()["owes"] == []

    assert [status(each) for each in (client, browser(world, old_secret), other)] == [200, 401, 200]
    assert other.get("/v1/session").get_json()["owes"] == ["second_factor"]
    assert refused(confirm(other, code(world, secret=key))) == (400, "CODE_REFUSED")
    world.clock.advance(seconds=30)
    assert confirm(other, code(world, secret=key)).get_json()["owes"] == []


def test_a_code_is_not_taken_again_at_sign_in(world: World) -> None:
    add_account(world)
    client = signed_in(world)
    key = begin(client)
    shown = code(world, secret=key)
    assert confirm(client, shown).status_code == 200

    assert refused(post_session(browser(world), code=shown)) == (401, "SIGN_IN_REFUSED")

    world.clock.advance(seconds=30)
    assert post_session(browser(world), code=code(world, secret=key)).status_code == 201


def test_a_second_factor_that_is_confirmed_is_not_replaced(world: World) -> None:
    add_account(world, second_factor=True)
    client = signed_in(world, code=code(world))
    before = world.rows()

    assert refused(client.post("/v1/session/second-factor")) == (409, "STAFF_STATE")
    assert refused(confirm(client, code(world, 30))) == (409, "STAFF_STATE")

    assert world.rows() == before


def test_a_session_without_the_factor_does_not_replace_it(world: World) -> None:
    client = with_session(world, add_account(world, "sales", second_factor=True))

    assert refused(client.post("/v1/session/second-factor")) == (403, "SIGN_IN_INCOMPLETE")


def test_a_key_that_was_not_confirmed_is_replaced_by_the_next(world: World) -> None:
    add_account(world)
    client = signed_in(world)
    first, second = begin(client), begin(client)

    assert refused(confirm(client, code(world, secret=first))) == (400, "CODE_REFUSED")
    assert post_session(browser(world)).status_code == 201
    assert confirm(client, code(world, secret=second)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/sessions"),
        ("POST", "/v1/session/password"),
        ("POST", "/v1/session/second-factor"),
        ("PUT", "/v1/session/second-factor"),
        ("DELETE", "/v1/session"),
    ],
)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://licenses.example.com", ""])
def test_a_foreign_page_may_not_ask(world: World, method: str, path: str, origin: str) -> None:
    add_account(world)
    client = signed_in(world)
    before = world.rows()

    answer = client.open(path, method=method, json={}, headers={"Origin": origin})

    assert refused(answer) == (403, "FOREIGN_ORIGIN")
    assert world.rows() == before


def test_a_sign_in_without_an_origin_is_no_browsers_and_may_be(world: World) -> None:
    add_account(world)
    client = world.house.app.test_client()

    assert post_session(client).status_code == 201

    assert client.get("/v1/session").status_code == 200
    assert refused(client.delete("/v1/session")) == (403, "FOREIGN_ORIGIN")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"email": EVE},
        {"email": EVE, "password": 1},
        {"email": EVE, "password": ""},
        {"email": EVE, "password": "x" * 257},
        {"email": f"{EVE}\0", "password": "x"},
        {"email": EVE, "password": "x", "code": 123456},
        {"email": EVE, "password": "x", "role": "admin"},
    ],
    ids=str,
)
def test_another_body_is_refused_before_anything_is_counted(world: World, body: dict[str, object]) -> None:
    before = world.rows()

    answer = browser(world).post("/v1/sessions", json=body)

    assert refused(answer) == (422, "INVALID_FIELDS")
    assert world.rows() == before


def test_nobody_is_asked_to_sign_in(world: World) -> None:
    answer = browser(world).get("/v1/session")

    assert refused(answer) == (401, "SIGN_IN_REQUIRED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_blanks_at_the_ends_of_a_password_count(world: World) -> None:
    add_account(world)
    client = signed_in(world)
    assert change_password(client, new="  blanks at both ends  ").status_code == 200

    assert post_session(browser(world), password="blanks at both ends").status_code == 401
    assert post_session(browser(world), password="  blanks at both ends  ").status_code == 201


@pytest.mark.parametrize(("proxies", "status"), [(0, 429), (1, 401)])
def test_behind_a_proxy_the_address_is_what_the_proxy_says(settings: Settings, proxies: int, status: int) -> None:
    world = make_world(replace(settings, proxies=proxies))
    add_account(world)

    def wrong(address: str) -> int:
        forwarded = {"X-Forwarded-For": f"6.6.6.6, {address}"}  # a caller may claim anything before the proxy's own
        body = {"email": EVE, "password": "wrong password"}
        return world.client.post("/v1/sessions", json=body, headers=forwarded).status_code

    assert {wrong("192.0.2.1") for _ in range(10)} == {401}

    assert wrong("192.0.2.2") == status
    world.house.database.close()
