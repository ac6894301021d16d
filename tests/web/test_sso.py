"""Single sign-on, against a provider that runs: who is let in, once, and who is not."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from licensing.core.callers import Role
from licensing.settings import Settings
from licensing.storage import events, staff
from licensing.system import now
from tests.support.oidc import CLIENT_ID, Provider, query, running_provider
from tests.support.servers import free_port
from tests.support.worlds import Browser, World, browser, make_world

EMAIL = "jane@koor.example"
SECRET = "the client's secret"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with running_provider(tmp_path_factory.mktemp("provider") / "log") as provider:
        yield provider


@dataclass(frozen=True, slots=True)
class Door:
    """A world whose staff signs in at a provider, and one browser before it."""

    world: World
    provider: Provider
    browser: Browser

    def knows(self, email: str = EMAIL, role: Role = Role.AUDITOR) -> str:
        """An account is made; its id."""
        id = self.world.house.system.new_id()
        with self.world.house.database.write() as session:
            staff.add(session, id, email, role, None, self.world.clock())
        return id

    def begin(self) -> TestResponse:
        return self.browser.get("/sign-in/sso")

    def back(self, sub: str | None = "jane", **claims: object) -> str:
        """Where the provider sends the browser once `sub` has signed in there, having verified her address."""
        if sub is not None:
            self.provider.has(sub, {"email": EMAIL, "email_verified": True, **claims})
        return self.provider.come_back(self.begin().headers["Location"], sub)

    def sign_in(self, sub: str | None = "jane", **claims: object) -> TestResponse:
        return self.browser.get(self.back(sub, **claims))

    def session(self) -> dict[str, Any]:
        """Who is signed in in this browser."""
        return dict(self.browser.get("/v1/session").get_json())


def open_door(settings: Settings, provider: Provider, issuer: str | None = None) -> Door:
    """The house lives in the present: so does the provider."""
    secret = settings.data_dir / "client-secret"
    secret.write_text(SECRET + "\n")
    world = make_world(
        replace(
            settings,
            oidc_issuer=issuer or provider.issuer,
            oidc_client_id=CLIENT_ID,
            oidc_client_secret_file=secret,
        )
    )
    world.clock.time = now()
    return Door(world, provider, browser(world))


@pytest.fixture
def door(settings: Settings, provider: Provider) -> Iterator[Door]:
    door = open_door(settings, provider)
    yield door
    door.world.house.database.close()


def assert_let_in(answer: TestResponse) -> None:
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")


def assert_refused(door: Door, path: str, client: Browser | None = None) -> None:
    """A page with a plain sentence, no session, and no change but that the flow is used up."""
    client = client or door.browser
    before = {**door.world.rows(), "sign_in_flow": []}

    answer = client.get(path)

    assert (answer.status_code, answer.mimetype) == (401, "text/html")
    assert "This did not work" in answer.text
    assert "koor_session" not in "".join(answer.headers.getlist("Set-Cookie"))
    assert {**door.world.rows(), "sign_in_flow": []} == before


def test_the_browser_is_sent_to_the_provider_with_fresh_secrets(door: Door) -> None:
    first, second = door.begin(), door.begin()

    asked, again = query(first.headers["Location"]), query(second.headers["Location"])

    assert first.status_code == 303
    assert first.headers["Location"].startswith(f"{door.provider.issuer}/oauth2/authorize?")
    fresh = ("state", "nonce", "code_challenge")
    assert {name: value for name, value in asked.items() if name not in fresh} == {
        "response_type": "code",
        "client_id": CLIENT_ID,
        "redirect_uri": "https://licenses.example.com/sign-in/sso/callback",
        "scope": "openid email",
        "code_challenge_method": "S256",
    }
    assert all(len(asked[name]) == 43 and asked[name] != again[name] for name in fresh)


def test_the_browser_keeps_the_state_where_no_script_sees_it(door: Door) -> None:
    answer = door.begin()

    cookie = answer.headers["Set-Cookie"]
    state = query(answer.headers["Location"])["state"]
    assert cookie.startswith(f"koor_sign_in={state};")
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/sign-in/sso", "Max-Age=600"} <= set(cookie.split("; "))
    assert state not in repr(door.world.rows())


def test_a_person_with_an_account_is_let_in_and_linked(door: Door) -> None:
    id = door.knows()

    answer = door.sign_in()

    assert_let_in(answer)
    assert (door.session()["id"], door.session()["email"]) == (f"staff:{id}", EMAIL)
    with door.world.house.database.read() as session:
        assert staff.by_subject(session, f"{door.provider.issuer} jane") is not None
        assert [event.action for event in events.of_subject(session, id)] == ["staff.linked"]


def test_the_session_is_kept_as_that_of_a_password_is(door: Door) -> None:
    door.knows()

    answer = door.sign_in()

    [cookie] = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith("koor_session=")]
    assert {"HttpOnly", "Secure", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_she_is_known_by_her_subject_from_then_on(door: Door) -> None:
    id = door.knows()
    door.sign_in()

    answer = door.sign_in(email="jane.married@koor.example", email_verified=False)

    assert_let_in(answer)
    assert door.session()["id"] == f"staff:{id}"


def test_an_address_is_hers_in_whatever_case(door: Door) -> None:
    door.knows()

    assert_let_in(door.sign_in(email="Jane@Koor.Example"))


@pytest.mark.parametrize("amr", [["mfa"], ["pwd", "otp"], ["hwk"]], ids=str)
def test_a_second_factor_shown_at_the_provider_counts(door: Door, amr: list[str]) -> None:
    door.knows(role=Role.SALES)

    door.sign_in(amr=amr)

    assert door.session()["owes"] == []


@pytest.mark.parametrize("amr", [None, [], ["pwd"], "mfa", {"mfa": True}, [["mfa"]]], ids=str)
def test_without_one_ours_is_still_owed(door: Door, amr: object) -> None:
    door.knows(role=Role.SALES)

    door.sign_in("jane", **({} if amr is None else {"amr": amr}))

    assert door.session()["owes"] == ["second_factor_enrolment"]


def test_nobody_is_created(door: Door) -> None:
    assert_refused(door, door.back())


@pytest.mark.parametrize("email_verified", [False, None, "true", 1], ids=repr)
def test_an_address_that_the_provider_has_not_verified_is_nobodys(door: Door, email_verified: object) -> None:
    door.knows()

    assert_refused(door, door.back(email_verified=email_verified))


@pytest.mark.parametrize("linked_before", [False, True])
def test_a_disabled_account_lets_nobody_in(door: Door, linked_before: bool) -> None:
    id = door.knows()
    if linked_before:
        door.sign_in()
        door.browser.delete_cookie("koor_session")
    with door.world.house.database.write() as session:
        staff.set_disabled(session, id, door.world.clock())

    assert_refused(door, door.back())


def test_an_account_that_is_anothers_is_not_taken_over(door: Door) -> None:
    door.knows()
    door.sign_in("jane")

    assert_refused(door, door.back("thief"))


def test_who_declines_is_not_let_in(door: Door) -> None:
    door.knows()
    back = door.back(None)
    # The provider's own answer has no state; RFC 6749 §4.1.2.1 wants it, and other providers send it.
    state = query(door.begin().headers["Location"])["state"]

    assert_refused(door, back)
    assert_refused(door, f"/sign-in/sso/callback?{urlencode({'error': 'access_denied', 'state': state})}")


@pytest.mark.parametrize("state", ["", "x" * 43, "ü\0"])
def test_another_state_is_refused_and_uses_nothing_up(door: Door, state: str) -> None:
    door.knows()
    back = door.back()
    forged = f"/sign-in/sso/callback?{urlencode({'code': query(back)['code'], 'state': state})}"

    assert_refused(door, forged)
    assert_let_in(door.browser.get(back))


def test_another_browser_can_not_finish_the_flow_nor_end_it(door: Door) -> None:
    door.knows()
    back = door.back()

    assert_refused(door, back, browser(door.world))
    assert_let_in(door.browser.get(back))


def test_a_flow_is_used_once(door: Door) -> None:
    door.knows()
    back = door.back()
    state = query(back)["state"]
    assert_let_in(door.browser.get(back))
    door.browser.set_cookie("koor_sign_in", state, path="/sign-in/sso")

    assert_refused(door, back)


def test_a_flow_waits_ten_minutes(door: Door) -> None:
    door.knows()
    in_time = door.back()
    door.world.clock.advance(seconds=599)
    assert_let_in(door.browser.get(in_time))

    too_late = door.back()
    door.world.clock.advance(seconds=600)
    assert_refused(door, too_late)


def test_flows_that_never_came_back_leave_the_table(door: Door) -> None:
    door.begin()
    door.world.clock.advance(seconds=600)

    door.begin()

    assert len(door.world.rows()["sign_in_flow"]) == 1


def test_an_answer_to_another_question_is_refused(door: Door) -> None:
    door.knows()
    back = door.back()
    with door.world.house.database.write() as session:
        session.execute(text("UPDATE sign_in_flow SET nonce = :other"), {"other": "x" * 43})

    assert_refused(door, back)


def test_a_code_given_to_another_client_is_refused(door: Door) -> None:
    door.knows()
    door.provider.has("jane", {"email": EMAIL, "email_verified": True})
    url = door.begin().headers["Location"].replace(f"client_id={CLIENT_ID}", "client_id=another")

    assert_refused(door, door.provider.come_back(url, "jane"))


def test_a_code_that_is_none_is_refused(door: Door) -> None:
    door.knows()
    state = query(door.begin().headers["Location"])["state"]

    assert_refused(door, f"/sign-in/sso/callback?code=nonsense&state={state}")


def test_nothing_secret_is_logged(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "licensing")
    door.knows()
    back = door.back()
    door.browser.get(back)
    door.browser.get(door.back("thief"))

    for secret in (*query(back).values(), EMAIL, "jane", "thief", SECRET, "eyJ"):
        assert secret not in caplog.text
    assert "linked to another subject" in caplog.text


def test_a_provider_that_is_down_is_a_passing_trouble(settings: Settings, tmp_path: Path) -> None:
    with running_provider(tmp_path / "provider.log") as provider:
        door = open_door(settings, provider)
        door.knows()
        back = door.back()
    stranger = open_door(settings, Provider(free_port()))

    answers = [door.browser.get(back), stranger.begin()]

    assert [(answer.status_code, answer.get_json()["code"]) for answer in answers] == [(503, "BUSY")] * 2
    assert all("Retry-After" in answer.headers for answer in answers)
    for each in (door, stranger):
        each.world.house.database.close()


def test_a_provider_that_calls_itself_otherwise_is_not_used(settings: Settings, provider: Provider) -> None:
    door = open_door(settings, provider, issuer=f"http://127.0.0.1:{provider.port}/")

    answer = door.begin()

    assert (answer.status_code, answer.get_json()["code"]) == (503, "BUSY")
    assert door.world.rows()["sign_in_flow"] == []
    door.world.house.database.close()


@pytest.mark.parametrize("path", ["/sign-in/sso", "/sign-in/sso/callback?code=x&state=x"])
def test_where_no_provider_is_set_up_there_is_no_such_page(world: World, path: str) -> None:
    answer = world.client.get(path)

    assert answer.status_code == 404
    assert "not set up" in answer.text
