"""The console's quotes: made, decided by somebody else, and turned into a license."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from licensing.core import money
from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from licensing.services.organizations import Person
from licensing.services.quotes import Wish
from tests.support.worlds import Staffer, World
from tests.web.staff_routes import ABSENT, SOMEBODY, customer, paid, quote, trial

EVIL = '"><script>alert(1)</script>'


@pytest.fixture
def seller(world: World) -> Staffer:
    return world.sign_in("sales", discount_limit=10)


@pytest.fixture
def manager(world: World) -> Staffer:
    return world.sign_in("manager", discount_limit=50)


def send(world: World, staffer: Staffer, path: str, **form: str) -> TestResponse:
    return staffer.client.post(path, data={"once": world.house.system.new_id(), **form})


def wish(organization_id: str, **changes: str) -> dict[str, str]:
    return {"organization_id": organization_id, "seats": "25", "currency": "EUR", **changes}


def state(world: World, quote_id: str) -> str:
    return world.house.quotes.show(OPERATOR, quote_id).state.value


def test_a_foreign_page_decides_nothing(world: World, manager: Staffer) -> None:
    _, pending = quote(world, SOMEBODY, 20)

    answer = manager.client.post(
        f"/console/quotes/{pending}/approval", data={"once": "1"}, headers={"Origin": "https://evil.example"}
    )

    assert answer.status_code == 403
    assert state(world, pending) == "pending"


def test_what_does_not_exist_is_not_found(world: World, manager: Staffer) -> None:
    assert manager.get(f"/console/quotes/{ABSENT}").status_code == 404
    assert manager.get(f"/console/quotes/new?organization={ABSENT}").status_code == 404
    assert manager.get("/console/quotes/new?organization=1").status_code == 404
    assert manager.get("/console/quotes?before=1").status_code == 404
    assert send(world, manager, f"/console/quotes/{ABSENT}/approval").status_code == 404


def test_a_name_that_would_be_a_script_is_text(world: World, seller: Staffer) -> None:
    customer(world)  # prices
    buyer = world.house.organizations.create(OPERATOR, EVIL, "DE", None, Person("a@b.example", EVIL)).id
    made = world.house.quotes.make(OPERATOR, Wish(buyer, None, False, Term(25, 12), "EUR", 0)).quote.id

    pages = [
        seller.get(path).text
        for path in ("/console/quotes", f"/console/quotes/{made}", f"/console/quotes/new?organization={buyer}")
    ]
    pages.append(send(world, seller, "/console/quotes/new", **wish(buyer, seats=EVIL)).text)

    for each in pages:
        assert "<script>alert" not in each


def test_a_quote_is_made_and_shown_with_its_sums(world: World, seller: Staffer) -> None:
    buyer = customer(world)
    assert "New quote for Customer" in seller.get(f"/console/quotes/new?organization={buyer}").text

    answer = send(world, seller, "/console/quotes/new", **wish(buyer, discount_percent="10", np_seats="3"))

    assert answer.status_code == 303
    shown = seller.get(answer.headers["Location"]).text
    assert "The quote is made." in shown
    assert "27,000.00 EUR" in shown
    assert "3 for non-production" in shown
    assert "by Sales" in shown


def test_a_quote_that_can_not_be_made_keeps_what_was_typed(world: World, seller: Staffer) -> None:
    buyer = customer(world)

    answer = send(world, seller, f"/console/quotes/new?organization={buyer}", **wish(buyer, seats="0", valid_days="17"))

    assert answer.status_code == 422
    assert 'value="17"' in answer.text
    assert "Must be 1 to" in answer.text


def test_a_term_is_told_one_way_only(world: World, seller: Staffer) -> None:
    buyer = customer(world)

    answer = send(
        world,
        seller,
        f"/console/quotes/new?organization={buyer}",
        **wish(buyer, months="12", ends_on="2026-12-31"),
    )

    assert answer.status_code == 422
    assert "Say one of" in answer.text


def test_a_quote_without_a_customer_asks_for_one(seller: Staffer) -> None:
    assert "Find or add her" in seller.get("/console/quotes/new").text


def test_a_quote_can_be_about_each_license_that_stands(world: World, seller: Staffer) -> None:
    buyer, revoked, _ = paid(world)
    world.house.licenses.revoke(OPERATOR, revoked, "x")
    _, license_id, _ = paid(world, buyer)

    page = seller.get(f"/console/quotes/new?license={license_id}").text

    assert f'value="{license_id}" selected' in page
    assert revoked not in page


def test_a_trial_is_quoted_accepted_and_converted(world: World, seller: Staffer) -> None:
    customer(world)  # prices
    buyer, license_id = trial(world)
    made = send(world, seller, "/console/quotes/new", **wish(buyer, license_id=license_id))
    path = made.headers["Location"].partition("?")[0]

    answer = send(world, seller, f"{path}/acceptance", order_number="PO-7", deed="accept")

    assert answer.headers["Location"] == f"/console/licenses/{license_id}?done=converted"
    assert "accepted" in seller.get(path).text


def test_more_seats_are_quoted_within_the_term(world: World, seller: Staffer) -> None:
    buyer, license_id, _ = paid(world)

    made = send(world, seller, "/console/quotes/new", **wish(buyer, license_id=license_id, seats="40", expand="on"))

    shown = seller.get(made.headers["Location"]).text
    assert "More storage nodes" in shown
    assert "15 storage nodes for 365 days" in shown


def test_a_great_discount_waits_for_somebody_else(world: World, seller: Staffer, manager: Staffer) -> None:
    made = send(world, seller, "/console/quotes/new", **wish(customer(world), discount_percent="20"))
    path = made.headers["Location"].partition("?")[0]
    own = seller.get(path).text
    assert "waits for somebody" in own
    assert "Somebody else must decide" in own
    assert "/approval" not in own

    answer = send(world, manager, f"{path}/approval", deed="approve")

    assert answer.status_code == 303
    shown = seller.get(path).text
    assert "by Manager" in shown
    assert f"{path}/acceptance" in shown


def test_nobody_approves_her_own_request(world: World) -> None:
    both = world.sign_in("manager", discount_limit=5)
    made = send(world, both, "/console/quotes/new", **wish(customer(world), discount_percent="20"))
    path = made.headers["Location"].partition("?")[0]

    answer = send(world, both, f"{path}/approval", deed="approve")

    assert answer.status_code == 403
    assert "Somebody else must decide on your request." in answer.text
    assert state(world, path.rpartition("/")[2]) == "pending"


def test_a_refused_and_a_withdrawn_quote_can_not_be_accepted(world: World, manager: Staffer) -> None:
    _, refused = quote(world, SOMEBODY, 20)
    _, withdrawn = quote(world)
    send(world, manager, f"/console/quotes/{refused}/refusal")
    send(world, manager, f"/console/quotes/{withdrawn}/withdrawal")

    for each in (refused, withdrawn):
        answer = send(world, manager, f"/console/quotes/{each}/acceptance", order_number="PO-1", deed="accept")
        assert answer.status_code == 409
        assert "/acceptance" not in manager.get(f"/console/quotes/{each}").text
    assert (state(world, refused), state(world, withdrawn)) == ("refused", "withdrawn")


def test_an_order_without_a_number_is_no_order(world: World, manager: Staffer) -> None:
    _, id = quote(world)

    answer = send(world, manager, f"/console/quotes/{id}/acceptance", order_number=" ", deed="accept")

    assert answer.status_code == 422
    assert "Please fill this in." in answer.text
    assert state(world, id) == "open"


def test_the_list_shows_the_quotes_of_a_state(world: World, manager: Staffer) -> None:
    _, opened = quote(world)
    _, pending = quote(world, SOMEBODY, 20)
    _, accepted = quote(world)
    world.house.quotes.accept(OPERATOR, accepted, "PO-1")

    def listed(state: str) -> set[str]:
        page = manager.get(f"/console/quotes?state={state}").text
        return {id for id in (opened, pending, accepted) if id in page}

    assert listed("") == {opened, pending, accepted}
    assert [listed(state) for state in ("open", "pending", "accepted", "expired")] == [
        {opened},
        {pending},
        {accepted},
        set(),
    ]


def test_a_quote_is_expired_from_its_last_second_on(world: World, manager: Staffer) -> None:
    _, id = quote(world)
    until = world.house.quotes.show(OPERATOR, id).quote.valid_until

    world.clock.time = until - timedelta(seconds=1)
    manager = world.again(manager)
    assert [id in manager.get(f"/console/quotes?state={state}").text for state in ("open", "expired")] == [True, False]

    world.clock.time = until
    assert [id in manager.get(f"/console/quotes?state={state}").text for state in ("open", "expired")] == [False, True]


def test_a_state_that_there_is_not_is_told_beside_the_field(manager: Staffer) -> None:
    answer = manager.get("/console/quotes?state=%3Cscript%3E")

    assert answer.status_code == 422
    assert "Must be one of" in answer.text
    assert "<script>" not in answer.text


def test_the_list_goes_on_where_the_page_ends(world: World, manager: Staffer, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [quote(world)[1] for _ in range(3)]
    monkeypatch.setattr("licensing.web.console.quotes.ROWS", 2)

    first = manager.get("/console/quotes").text
    second = manager.get(f"/console/quotes?before={ids[1]}").text

    assert [id in first for id in ids] == [False, True, True]
    assert f"before={ids[1]}" in first
    assert [f"/console/quotes/{id}" in second for id in ids] == [True, False, False]


def test_the_list_is_a_file_without_formulas(world: World, manager: Staffer) -> None:
    customer(world)  # prices
    buyer = world.house.organizations.create(OPERATOR, "=1+1", "DE", None, None).id
    world.house.quotes.make(OPERATOR, Wish(buyer, None, False, Term(25, 12), "EUR", 0))

    answer = manager.get("/console/quotes?format=csv")

    assert answer.content_type == "text/csv; charset=utf-8"
    [row] = csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff")))
    assert row["total_minor"] == "3000000"
    assert not row["organization"].startswith("=")


def test_an_auditor_reads_quotes_and_decides_nothing(world: World) -> None:
    buyer, id = quote(world)
    auditor = world.sign_in("auditor")

    page = auditor.get(f"/console/quotes/{id}").text

    assert 'method="post" action="/console' not in page
    assert f"/console/organizations/{buyer}" not in page


@pytest.mark.parametrize(("percent", "waits"), [("10", False), ("11", True)])
def test_a_quote_is_previewed_with_who_must_approve(world: World, seller: Staffer, percent: str, waits: bool) -> None:
    form = wish(customer(world), discount_percent=percent)
    query = urlencode(form | {"organization": form["organization_id"]})

    shown = send(world, seller, "/console/quotes/new/preview", **form)
    unscripted = seller.get(f"/console/quotes/new?{query}")
    previewed = len(world.rows()["quote"])
    assert send(world, seller, "/console/quotes/new", **form).status_code == 303

    [printed] = world.house.quotes.page(OPERATOR, form["organization_id"], "", 1)
    for page in (shown, unscripted):
        assert page.status_code == 200
        assert "medium enterprise" in page.text
        assert ("A manager must approve" in page.text) is waits
        assert money.spelled(printed.quote.amount.total_minor, "EUR") in page.text
    assert previewed == 0


@pytest.mark.parametrize(
    "changes", [{"seats": "0"}, {"seats": "many"}, {"currency": "XXX"}, {"months": "99"}, {"ends_on": "2020-01-31"}]
)
def test_what_can_not_be_quoted_is_told_and_nothing_is_made(
    world: World, seller: Staffer, changes: dict[str, str]
) -> None:
    shown = send(world, seller, "/console/quotes/new/preview", **wish(customer(world), **changes))

    assert shown.status_code == 200
    assert "notice warn" in shown.text
    assert world.rows()["quote"] == []
