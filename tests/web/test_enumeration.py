"""Whoever asks us about an address learns nothing: the same answer, with the same headers, after the same work."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR
from licensing.core.encoding import b64url
from licensing.core.throttle import PER_MAILBOX
from tests.support.portal import customer
from tests.support.staff import PASSWORD, add_account, code
from tests.support.statements import heard
from tests.support.worlds import World, browser, registration

STAFF, CAREFUL, GONE, NOBODY = "amy@koor.example", "bea@koor.example", "cat@koor.example", "eve@koor.example"
HOLDER, COLLEAGUE, WAITING = "jo@trial.example", "al@trial.example", "jo@await.example"
CUSTOMER, STRANGER = "jo@buyer.example", "jo@other.example"
# Addresses of one kind are of one length: some of the pages show what was typed.
WRONG = "wrong horse battery"

Ask = Callable[[World, str], TestResponse]


def inhabited(world: World) -> World:
    """The world with a customer, a trial, a registration that waits, and staff."""
    customer(world, CUSTOMER)
    world.trial(HOLDER)
    world.register(WAITING)
    for email in (STAFF, GONE):
        add_account(world, email=email)
    world.house.staff.disable(OPERATOR, world.house.staff.find(GONE).id)
    add_account(world, email=CAREFUL, second_factor=True)
    return world


def asked(world: World, ask: Ask, email: str) -> tuple[object, int]:
    """All that is told of the address, and how often the database was asked for it."""
    with heard(world.house.database.engine) as statements:
        answer = ask(world, email)
    headers = sorted((name, value) for name, value in answer.headers if name not in ("X-Request-Id", "Set-Cookie"))
    told = answer.text.replace(answer.headers["X-Request-Id"], "").replace(email, "")
    cookies = [value.partition("=")[0] for value in answer.headers.getlist("Set-Cookie")]
    return (answer.status_code, headers, cookies, told), len(statements)


def register(world: World, email: str) -> TestResponse:
    return world.post("/v1/trials", registration(email=email))


def register_by_page(world: World, email: str) -> TestResponse:
    form = {name: str(value) for name, value in registration(email=email).items()}
    return browser(world).post("/trial", data=form)


def ask_again(world: World, email: str) -> TestResponse:
    client = browser(world)
    client.set_cookie("koor_trial", b64url(email.encode()), path="/trial")
    return client.post("/trial/again")


def guess_code(world: World, email: str) -> TestResponse:
    return world.confirm(email=email, code="BBBB-BBBB")


def ask_for_link(world: World, email: str) -> TestResponse:
    return browser(world).post("/licenses", data={"email": email})


@pytest.mark.parametrize("ask", [register, register_by_page, ask_again, guess_code, ask_for_link])
def test_nobody_learns_who_is_a_customer(world: World, ask: Ask) -> None:
    inhabited(world)

    answers = [asked(world, ask, email) for email in (HOLDER, COLLEAGUE, WAITING, CUSTOMER, STRANGER)]

    assert [each for each in answers if each != answers[-1]] == []


@pytest.mark.parametrize("ask", [register, register_by_page, ask_again, ask_for_link])
def test_nor_by_asking_until_it_is_too_much(world: World, ask: Ask) -> None:
    inhabited(world)
    world.clock.advance(minutes=20)  # the registration that waits still does

    told = [
        [asked(world, ask, email) for _ in range(PER_MAILBOX + 2)] for email in (HOLDER, WAITING, CUSTOMER, STRANGER)
    ]

    assert [each for each in told if each != told[-1]] == []


def sign_in_by_page(password: str, shown: str | None) -> Ask:
    form = {"password": password} | ({} if shown is None else {"code": shown})
    return lambda world, email: browser(world).post("/sign-in", data={"email": email, **form})


def sign_in_by_api(password: str, shown: str | None) -> Ask:
    body = {"password": password} | ({} if shown is None else {"code": shown})
    return lambda world, email: browser(world).post("/v1/sessions", json={"email": email, **body})


def wrong_tries(ask: Callable[[str, str | None], Ask], right_code: str) -> Iterable[tuple[Ask, str]]:
    """Each way to be wrong, and whose address it is tried with."""
    for email in (STAFF, CAREFUL, GONE):
        yield ask(WRONG, None), email
    for password, shown in ((WRONG, right_code), (PASSWORD, "000000"), (PASSWORD, None)):
        yield ask(password, shown), CAREFUL
    yield ask(PASSWORD, None), GONE
    yield ask(WRONG, None), NOBODY


@pytest.mark.parametrize("ask", [sign_in_by_page, sign_in_by_api])
def test_nobody_learns_who_works_here_nor_what_of_a_sign_in_was_right(
    world: World, ask: Callable[[str, str | None], Ask]
) -> None:
    inhabited(world)

    answers = [asked(world, each, email) for each, email in wrong_tries(ask, code(world))]

    assert [each for each in answers if each != answers[-1]] == []
