"""A session's secret is worth nothing to who planted it before, or took it and comes too late."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable

import pytest

from licensing.core.callers import OPERATOR, Role
from licensing.services.organizations import Person
from licensing.services.staff import Changes
from licensing.web.access import SESSION_COOKIE
from licensing.web.portal.access import PORTAL_COOKIE
from tests.support.portal import JANE, JOE, cluster, customer, secret_of, signed_in
from tests.support.staff import EVE, PASSWORD, add_account, code
from tests.support.worlds import FSID, Browser, World, browser

NEW, BOB = "a much better one", "bob@koor.example"
STAFF_PAGES = ("/console", "/account", "/console/organizations", "/console/licenses?format=csv", "/quotes/" + "0" * 32)


def secret(client: Browser) -> str:
    cookie = client.get_cookie(SESSION_COOKIE)
    assert cookie is not None
    return cookie.value


def portal_secret(client: Browser) -> str:
    cookie = client.get_cookie(PORTAL_COOKIE, path="/licenses")
    assert cookie is not None
    return cookie.value


def let_in(world: World, client: Browser | None = None, email: str = EVE) -> Browser:
    """A browser in which somebody signed in on the page."""
    client = client or browser(world)
    answer = client.post("/sign-in", data={"email": email, "password": PASSWORD})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    return client


def opens(world: World, held: str) -> bool:
    """Whether the secret is of any use to the staff's pages and API."""
    thief = browser(world, held)
    before = world.rows()
    pages = [thief.get(path) for path in STAFF_PAGES]
    pages.append(thief.post("/console/organizations", data={"once": "a" * 26, "name": "Evil", "country": "DE"}))
    answers = [thief.get("/v1/session").status_code, thief.post("/v1/organizations", json={}).status_code]
    refused = [(each.status_code, each.headers.get("Location")) == (303, "/sign-in") for each in pages]
    refused += [status == 401 for status in answers]
    assert len(set(refused)) == 1, (pages, answers)
    assert not refused[0] or world.rows() == before
    return not refused[0]


def opens_portal(world: World, held: str, license_id: str) -> bool:
    """Whether the secret is of any use in the portal."""
    thief = browser(world)
    thief.set_cookie(PORTAL_COOKIE, held, path="/licenses")
    before, here = world.rows(), f"/licenses/{license_id}"
    answers = [
        *(thief.get(f"{here}{more}") for more in ("", "/file", "/start", "/activation", f"/clusters/{FSID}")),
        *(thief.get(f"/licenses/privacy{more}") for more in ("", "/export")),
        *(
            thief.post(path, data={"once": "a" * 26, "seats": "40", "name": "Eve", "email": "eve@evil.example"})
            for path in (f"{here}/quote-requests", f"{here}/invitations", f"{here}/clusters/{FSID}/release")
        ),
    ]
    refused = [(each.status_code, each.headers.get("Location")) == (303, "/licenses") for each in answers]
    assert len(set(refused)) == 1, answers
    assert not refused[0] or world.rows() == before
    return not refused[0]


@pytest.mark.parametrize("planted", ["x" * 43, "", "x" * 4_000, "a session of the thief's own"])
def test_a_secret_that_was_planted_is_never_taken_over(world: World, planted: str) -> None:
    add_account(world)
    add_account(world, email=BOB)
    if planted.startswith("a session"):
        planted = secret(let_in(world, email=BOB))
    client = browser(world, planted)

    let_in(world, client)

    assert secret(client) != planted
    assert not opens(world, planted)
    assert client.get("/v1/session").get_json()["email"] == EVE


def test_signing_in_again_ends_the_session_that_the_browser_had(world: World) -> None:
    add_account(world)
    client, elsewhere = let_in(world), let_in(world)
    before = secret(client)

    let_in(world, client)

    assert [opens(world, each) for each in (before, secret(client), secret(elsewhere))] == [False, True, True]


def test_a_sign_in_that_is_refused_ends_nothing_and_gives_nothing(world: World) -> None:
    add_account(world)
    client = let_in(world)
    held = secret(client)

    answer = client.post("/sign-in", data={"email": EVE, "password": "wrong horse battery"})

    assert answer.status_code == 401
    assert (secret(client), opens(world, held)) == (held, True)


def test_another_password_gives_another_secret_and_ends_all_before(world: World) -> None:
    add_account(world)
    client, elsewhere = let_in(world), let_in(world)
    stolen = [secret(client), secret(elsewhere)]

    client.post("/account/password", data={"old_password": PASSWORD, "new_password": NEW})

    assert secret(client) not in stolen
    assert [opens(world, each) for each in (*stolen, secret(client))] == [False, False, True]


def test_a_second_factor_gives_another_secret(world: World) -> None:
    add_account(world, "sales")
    client = let_in(world)
    stolen = secret(client)
    shown = re.search(r"secret=([A-Z2-7]+)", client.post("/account/second-factor").text)
    assert shown is not None

    client.post("/account/second-factor", data={"code": code(world, secret=base64.b32decode(shown[1]))})

    assert secret(client) != stolen
    assert [opens(world, each) for each in (stolen, secret(client))] == [False, True]


def sign_out(_: World, __: str, client: Browser) -> None:
    client.post("/sign-out")


def take_role(world: World, id: str, _: Browser) -> None:
    world.house.staff.change(OPERATOR, id, Changes(role=Role.AUDITOR))


def reset(world: World, id: str, _: Browser) -> None:
    world.house.staff.reset(OPERATOR, id)


def disable(world: World, id: str, _: Browser) -> None:
    world.house.staff.disable(OPERATOR, id)


def disable_for_a_moment(world: World, id: str, _: Browser) -> None:
    world.house.staff.disable(OPERATOR, id)
    world.house.staff.enable(OPERATOR, id)


def wait_too_long(world: World, _: str, __: Browser) -> None:
    world.clock.advance(hours=12)


@pytest.mark.parametrize("end", [sign_out, take_role, reset, disable, disable_for_a_moment, wait_too_long])
def test_a_stolen_session_ends_with_its_owners(world: World, end: Callable[[World, str, Browser], None]) -> None:
    id = add_account(world)
    client = let_in(world)
    stolen = secret(client)
    assert opens(world, stolen)

    end(world, id, client)

    assert not opens(world, stolen)


def leave(_: World, client: Browser) -> None:
    client.post("/licenses/sign-out")


def erase_herself(world: World, client: Browser) -> None:
    client.post("/licenses/privacy/erasure", data={"once": world.house.system.new_id()})


def be_erased(world: World, _: Browser) -> None:
    [found] = [each for each in world.house.organizations.search(OPERATOR, JANE, 10) if each.name == "Acme GmbH"]
    shown = world.house.organizations.show(OPERATOR, found.id)
    [her] = [each.id for each in shown.contacts if each.email == JANE]
    world.house.organizations.erase(OPERATOR, found.id, her, ())


def stay_away(world: World, _: Browser) -> None:
    world.clock.advance(days=31)


@pytest.mark.parametrize("end", [leave, erase_herself, be_erased, stay_away])
def test_a_stolen_session_of_a_customer_ends_with_hers(world: World, end: Callable[[World, Browser], None]) -> None:
    held = customer(world)
    world.house.organizations.add_contact(OPERATOR, held.organization_id, Person("it@acme.example", "IT"))
    cluster(world, held.license_id)
    client = signed_in(world)
    stolen = portal_secret(client)
    assert opens_portal(world, stolen, held.license_id)

    end(world, client)

    assert not opens_portal(world, stolen, held.license_id)


def test_of_a_link_that_two_browsers_use_one_gets_in(world: World) -> None:
    customer(world)
    world.house.portal.ask(JANE)
    token, first, second = world.link_token(), browser(world), browser(world)

    answers = [each.post("/licenses/enter", data={"token": token}) for each in (first, second)]

    assert [answer.status_code for answer in answers] == [303, 410]
    assert second.get_cookie(PORTAL_COOKIE, path="/licenses") is None


@pytest.mark.parametrize("planted", ["x" * 43, "a session of the thief's own"])
def test_a_customers_secret_that_was_planted_is_never_taken_over(world: World, planted: str) -> None:
    held = customer(world)
    others = customer(world, JOE, "Other")
    if planted.startswith("a session"):
        planted = secret_of(world, JOE)
    client = browser(world)
    client.set_cookie(PORTAL_COOKIE, planted, path="/licenses")
    world.house.portal.ask(JANE)

    client.post("/licenses/enter", data={"token": world.link_token()})

    assert portal_secret(client) != planted
    for license_id in (held.license_id, others.license_id):
        assert not opens_portal(world, planted, license_id)
