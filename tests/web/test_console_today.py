"""The console's start page: what waits for somebody, as far as she may know of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from licensing.core.alarms import AlarmKind
from licensing.core.callers import OPERATOR, Role
from licensing.core.sales import Purchase, Term
from licensing.storage import alarms, outbox, quote_requests
from licensing.storage.quote_requests import QuoteRequest
from tests.support.statements import heard
from tests.support.worlds import Staffer, World, nodes, token_of
from tests.web.staff_routes import ABSENT, SOMEBODY, customer, paid, quote, trial

EVIL = '"><script>alert(1)</script>'
KINDLY = "Nothing waits for anybody"


def send(world: World, staffer: Staffer, path: str, **form: str) -> TestResponse:
    return staffer.client.post(path, data={"once": world.house.system.new_id(), **form})


def ask_for_quote(world: World, note: str = "") -> str:
    """A customer's request for a quote, by its id."""
    buyer, license_id, _ = paid(world)
    contact = world.house.organizations.show(OPERATOR, buyer).contacts[0]
    wish = QuoteRequest(world.house.system.new_id(), buyer, license_id, contact.id, 40, note, world.clock())
    with world.house.database.write() as session:
        quote_requests.add(session, wish)
    return wish.id


def today(world: World, role: str) -> str:
    return world.sign_in(role).get("/console").text


@pytest.mark.parametrize("role", Role)
def test_an_empty_day_says_so_kindly(world: World, role: Role) -> None:
    assert KINDLY in today(world, role)


def test_quotes_that_wait_for_approval_are_listed_until_their_last_day(world: World) -> None:
    _, waiting = quote(world, SOMEBODY, 20)
    quote(world)  # open: nobody has to approve it

    shown = today(world, "manager")
    assert "Quotes that wait for approval" in shown
    assert f"/console/quotes/{waiting}" in shown
    assert '<p class="figure">1</p>' in shown

    world.clock.advance(days=40)
    assert "Quotes that wait for approval" not in today(world, "manager")


def test_paid_licenses_are_listed_in_their_last_90_days_and_30_days_after(world: World) -> None:
    _, license_id, _ = paid(world)
    end = world.house.licenses.standing(OPERATOR, license_id).ends_at
    assert end is not None
    soon, over = "end within 90 days", "Ended in the last 30 days"

    for at, expected in (
        (end - timedelta(days=90, seconds=1), (False, False)),
        (end - timedelta(days=90), (True, False)),
        (end - timedelta(seconds=1), (True, False)),
        (end, (False, True)),
        (end + timedelta(days=30) - timedelta(seconds=1), (False, True)),
        (end + timedelta(days=30), (False, False)),
    ):
        world.clock.time = at
        shown = today(world, "support")
        assert (soon in shown, over in shown) == expected, at


def test_a_renewed_or_revoked_license_is_not_about_to_end(world: World) -> None:
    _, renewed, _ = paid(world)
    _, revoked, _ = paid(world)
    world.clock.advance(days=300)
    world.house.sales.renew(OPERATOR, renewed, Term(25, 12), Purchase("PO-2", "EUR"))
    world.house.licenses.revoke(OPERATOR, revoked, "not paid")

    assert "end within 90 days" not in today(world, "sales")


def test_open_trials_with_all_nodes_in_use_are_listed_and_leads_with_them(world: World) -> None:
    made = world.trial()
    world.check_in(token_of(world, str(made["license_id"])), nodes(4))
    world.house.rollups.catch_up()

    shown = today(world, "sales")

    assert "Trials that have used all their nodes" in shown
    assert "used all seats of the trial" in shown
    assert f"/console/licenses/{made['license_id']}" in shown


def test_requests_for_a_quote_wait_until_somebody_has_dealt_with_them(world: World) -> None:
    wish, seller = ask_for_quote(world), world.sign_in("sales")
    assert "Customers who asked for a quote" in seller.get("/console").text
    assert f"{wish}/settlement" in seller.get("/console/quotes/requests").text
    assert wish in seller.get("/console/quotes/requests?format=csv").text

    answer = send(world, seller, f"/console/quotes/requests/{wish}/settlement")

    assert answer.status_code == 303
    after = seller.get(answer.headers["Location"]).text
    assert "The request is dealt with." in after
    assert "Nobody waits for a quote." in after
    assert send(world, seller, f"/console/quotes/requests/{wish}/settlement").status_code == 404
    assert send(world, seller, f"/console/quotes/requests/{ABSENT}/settlement").status_code == 404


def test_who_may_not_see_customers_does_not_learn_who_asked(world: World) -> None:
    ask_for_quote(world, "call our buyer")

    for path in ("/console", "/console/quotes/requests", "/console/quotes/requests?format=csv"):
        shown = world.sign_in("auditor").get(path).text
        assert "@customer.example" not in shown
        assert "call our buyer" not in shown


def test_alarms_and_mails_that_were_given_up_are_for_those_who_can_do_something(world: World) -> None:
    trial(world)
    with world.house.database.write() as session:
        alarms.ring(session, AlarmKind.NO_LEAF, "f" * 32, world.clock())
        outbox.failed(session, outbox.page(session, None, "", 1)[0].id, "no such host", None, world.clock())

    seen = {role: today(world, role) for role in Role}

    assert {role for role, text in seen.items() if "the ledger does not know" in text} == {Role.ADMIN, Role.AUDITOR}
    assert {role for role, text in seen.items() if "no such host" in text} == {Role.ADMIN}


def test_names_that_would_be_scripts_are_text(world: World) -> None:
    customer(world)  # prices
    buyer = world.house.organizations.create(OPERATOR, EVIL, "DE", None, None).id
    world.house.sales.sell(OPERATOR, buyer, Term(25, 2), Purchase("PO-1", "EUR"))
    ask_for_quote(world, EVIL)
    staffer = world.sign_in("manager")

    for path in ("/console", "/console/quotes/requests"):
        assert "<script>alert" not in staffer.get(path).text


def test_the_page_asks_few_questions_however_many_customers_there_are(world: World) -> None:
    manager = world.sign_in("manager")
    for number in range(3):
        paid(world)
        world.trial(f"it@trial-{number}.example")
        ask_for_quote(world)
        quote(world, SOMEBODY, 20)
    world.house.rollups.catch_up()

    with heard(world.house.database.engine) as asked:
        manager.get("/console")

    assert len([each for each in asked if each.startswith("SELECT")]) <= 20, asked
