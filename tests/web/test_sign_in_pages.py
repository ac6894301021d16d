"""`/sign-in` and `/account`, as somebody without scripts uses them."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR, Role
from licensing.settings import Settings
from licensing.web.access import SESSION_COOKIE
from licensing.web.pages.rendering import CONTENT_SECURITY_POLICY
from tests.support.staff import EVE, PASSWORD, add_account, code
from tests.support.worlds import Browser, World, browser, make_world

NEW = "a much better one"
FORMS = ["/sign-in", "/account/password", "/account/second-factor", "/sign-out"]


def sign_in(client: Browser, password: str = PASSWORD, **more: str) -> TestResponse:
    return client.post("/sign-in", data={"email": EVE, "password": password, **more})


def signed_in(world: World) -> Browser:
    client = browser(world)
    assert sign_in(client).status_code == 303
    return client


def change_password(client: Browser, old: str = PASSWORD, new: str = NEW) -> TestResponse:
    return client.post("/account/password", data={"old_password": old, "new_password": new})


def assert_sent_to(answer: TestResponse, path: str) -> None:
    assert (answer.status_code, answer.headers["Location"]) == (303, path)


def assert_page(answer: TestResponse, status: int = 200) -> None:
    """A page that runs our script alone, lets nothing in, and lets the browser say where its forms come from."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(
        r"<script(?! src=\"/static/app\.js\?v=[0-9a-f]{12}\" defer></script>)|<style|\sstyle=|\son\w+=", answer.text
    )


def test_a_person_comes_in_does_what_she_owes_and_leaves(world: World) -> None:
    password = world.house.staff.add(OPERATOR, EVE, "Eve", Role.SALES, 10).one_time_password
    client = browser(world)
    assert_page(client.get("/sign-in"))

    assert_sent_to(sign_in(client, password), "/account")
    page = client.get("/account")
    assert_page(page)
    assert "Choose a password of your own first" in page.text
    assert "/account/second-factor" not in page.text
    assert_sent_to(change_password(client, password), "/account")
    assert "Set up a second factor first" in client.get("/account").text
    page = client.post("/account/second-factor")
    assert_page(page)
    [key] = re.findall(r"<code>([A-Z2-7]{32})</code>", page.text)
    assert f"secret={key}" in page.text
    shown = code(world, secret=base64.b32decode(key))
    assert_sent_to(client.post("/account/second-factor", data={"code": shown}), "/account")
    page = client.get("/account")
    assert_page(page)
    assert "first" not in page.text
    assert key not in page.text
    assert_sent_to(client.post("/sign-out"), "/sign-in")
    assert client.get_cookie(SESSION_COOKIE) is None
    assert_sent_to(client.get("/account"), "/sign-in")


def test_a_wrong_password_is_told_on_the_page_and_never_put_back(world: World) -> None:
    add_account(world)

    answer = sign_in(browser(world), "my wrong password", code="135790")

    assert_page(answer, 401)
    assert "Address, password or code is wrong." in answer.text
    assert f'value="{EVE}"' in answer.text
    assert "my wrong password" not in answer.text
    assert "135790" not in answer.text
    assert "Set-Cookie" not in answer.headers


def test_the_throttle_is_told_on_the_page(world: World) -> None:
    client = browser(world)

    answers = [sign_in(client, "wrong") for _ in range(11)]

    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert_page(answers[-1], 429)
    assert answers[-1].headers["Retry-After"] == "900"


def test_an_address_is_shown_as_text(world: World) -> None:
    answer = browser(world).post("/sign-in", data={"email": '"><script>alert(1)</script>', "password": "x"})

    assert_page(answer, 401)


@pytest.mark.parametrize(
    "data", [{}, {"email": EVE}, {"email": EVE, "password": ""}, {"email": "\0", "password": "x"}], ids=str
)
def test_an_empty_form_is_refused_and_counts_as_no_try(world: World, data: dict[str, str]) -> None:
    before = world.rows()

    assert_page(browser(world).post("/sign-in", data=data), 422)

    assert world.rows() == before


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("wrong", NEW, "Old password: Is not the password."),
        (PASSWORD, "too short", "New password: Must have 12 to 256 characters."),
        (PASSWORD, PASSWORD, "New password: Must not be the old one."),
        (PASSWORD, "", "New password: Missing data for required field."),
    ],
)
def test_a_refused_password_is_told_and_never_put_back(world: World, old: str, new: str, words: str) -> None:
    add_account(world)
    client = signed_in(world)

    answer = change_password(client, old, new)

    assert_page(answer, 422)
    assert words in answer.text
    assert PASSWORD not in answer.text
    assert not new or new not in answer.text


def test_a_wrong_code_is_told(world: World) -> None:
    add_account(world)
    client = signed_in(world)
    assert client.post("/account/second-factor").status_code == 200

    answer = client.post("/account/second-factor", data={"code": "000000"})

    assert_page(answer, 400)
    assert "The code is wrong" in answer.text


def test_a_session_from_elsewhere_shows_the_factor_that_its_role_needs(world: World) -> None:
    id = add_account(world, "sales", second_factor=True)
    with world.house.database.write() as session:
        client = browser(world, world.house.sign_in.open(session, id, False, world.clock()))

    assert "Enter a code of your authenticator app first" in client.get("/account").text

    assert_sent_to(client.post("/account/second-factor", data={"code": code(world)}), "/account")
    assert client.get("/v1/prices").status_code == 200


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_foreign_page_may_not_send_the_forms(world: World, path: str, origin: str) -> None:
    add_account(world)
    client = signed_in(world)
    before = world.rows()

    answer = client.post(path, data={"email": EVE, "password": PASSWORD}, headers={"Origin": origin})

    assert_page(answer, 403)
    assert "Set-Cookie" not in answer.headers
    assert world.rows() == before


@pytest.mark.parametrize("path", FORMS[1:])
def test_nobody_is_sent_to_sign_in(world: World, path: str) -> None:
    before = world.rows()

    assert_sent_to(browser(world).post(path), "/sign-in")
    assert_sent_to(browser(world, "x" * 43).post("/account/password", data={}), "/sign-in")

    assert world.rows() == before


def test_single_sign_on_is_offered_where_it_is_set_up(settings: Settings) -> None:
    offered = []
    for issuer in (None, "https://login.koor.example"):
        world = make_world(replace(settings, oidc_issuer=issuer))
        offered.append('href="/sign-in/sso"' in browser(world).get("/sign-in").text)
        world.house.database.close()

    assert offered == [False, True]
