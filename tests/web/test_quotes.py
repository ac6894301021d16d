"""Quotes over HTTP: a price on paper, approved by somebody else, and turned into one license."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from licensing.core.callers import OPERATOR
from licensing.services.organizations import Person
from tests.support.worlds import Staffer, World, sell

ABSENT = "0" * 32


@pytest.fixture
def seller(world: World) -> Staffer:
    """A salesperson who may give 10 percent, in a world with prices."""
    boss, today = world.sign_in("manager", email="prices@koor.example"), world.clock.time.date().isoformat()
    for currency, price in (("EUR", 120_000), ("USD", 99_999)):
        row = {"currency": currency, "node_year_minor": price, "valid_from": today}
        assert boss.post("/v1/prices", row).status_code == 200
    return world.sign_in("sales", discount_limit=10)


@pytest.fixture
def boss(world: World) -> Staffer:
    return world.sign_in("manager", discount_limit=30)


@pytest.fixture
def organization_id(world: World) -> str:
    person = Person("it@buyer.example", "IT")
    return world.house.organizations.create(OPERATOR, "Buyer <b>AG</b>", "DE", None, person).id


def wish(organization_id: str, **changes: Any) -> dict[str, Any]:
    return {"organization_id": organization_id, "seats": 25, "months": 12, "currency": "EUR", **changes}


def quoted(seller: Staffer, organization_id: str, **changes: Any) -> dict[str, Any]:
    answer = seller.post("/v1/quotes", wish(organization_id, **changes))
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def path_of(quote: dict[str, Any], deed: str = "") -> str:
    return f"/v1/quotes/{quote['quote_id']}{deed}"


def test_quotes_are_numbered_by_the_year(world: World, seller: Staffer, organization_id: str) -> None:
    numbers = [quoted(seller, organization_id)["number"] for _ in range(2)]
    world.clock.time = world.clock.time.replace(year=2027)
    seller = world.again(seller)
    numbers.append(quoted(seller, organization_id)["number"])

    assert numbers == ["Q-2026-00001", "Q-2026-00002", "Q-2027-00001"]


def test_a_quotes_price_holds_when_the_list_changes(
    world: World, seller: Staffer, boss: Staffer, organization_id: str
) -> None:
    quote = quoted(seller, organization_id)
    today = world.clock.time.date().isoformat()
    boss.post("/v1/prices", {"currency": "EUR", "node_year_minor": 200_000, "valid_from": today})

    done = seller.post(path_of(quote, "/acceptance"), {"order_number": "PO-1"}).get_json()

    assert done["charge"]["amount_minor"] == quote["total_minor"] == 3_000_000
    assert quoted(seller, organization_id, seats=1)["total_minor"] == 200_000


def test_a_quote_is_worth_something_through_its_last_day(world: World, seller: Staffer, organization_id: str) -> None:
    quote = quoted(seller, organization_id, valid_days=1)
    world.clock.time = world.clock.time.replace(day=17, hour=0)
    seller = world.again(seller)

    refused = seller.post(path_of(quote, "/acceptance"), {"order_number": "PO-1"})
    world.clock.advance(seconds=-1)
    accepted = seller.post(path_of(quote, "/acceptance"), {"order_number": "PO-1"})

    assert quote["valid_until"] == "2026-01-17T00:00:00Z"
    assert (refused.status_code, refused.get_json()["code"]) == (409, "QUOTE_STATE")
    assert accepted.status_code == 201


def test_nobody_approves_her_own_request(world: World, boss: Staffer, seller: Staffer, organization_id: str) -> None:
    quote = quoted(boss, organization_id, discount_percent=31)
    other = world.sign_in("manager", email="other@koor.example")

    own = boss.post(path_of(quote, "/approval"), {})
    foreign = other.post(path_of(quote, "/approval"), {})

    assert (own.status_code, own.get_json()["code"]) == (403, "OWN_REQUEST")
    assert (foreign.status_code, foreign.get_json()["state"]) == (200, "approved")


@pytest.mark.parametrize("deed", ["/refusal", "/withdrawal"])
def test_a_refused_or_withdrawn_quote_is_not_accepted(
    seller: Staffer, boss: Staffer, organization_id: str, deed: str
) -> None:
    quote = quoted(seller, organization_id, discount_percent=11)
    who = boss if deed == "/refusal" else seller

    assert who.post(path_of(quote, deed), {}).status_code == 200

    accepted = seller.post(path_of(quote, "/acceptance"), {"order_number": "PO-1"})
    assert (accepted.status_code, accepted.get_json()["code"]) == (409, "QUOTE_STATE")
    assert boss.post(path_of(quote, "/approval"), {}).get_json()["code"] == "QUOTE_STATE"


def at_once(*calls: Any) -> list[Any]:
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda call: call(), calls))


def test_of_two_approvals_at_once_one_counts_and_one_license_comes_of_it(
    world: World, seller: Staffer, organization_id: str
) -> None:
    quote = quoted(seller, organization_id, discount_percent=50)
    bosses = [world.sign_in("manager", email=f"boss{number}@koor.example") for number in range(4)]

    approvals = at_once(*(lambda boss=boss: boss.post(path_of(quote, "/approval"), {}) for boss in bosses))
    order = {"order_number": "PO-1"}
    sales = at_once(*(lambda boss=boss: boss.post(path_of(quote, "/acceptance"), order) for boss in bosses))

    assert sorted(answer.status_code for answer in approvals) == [200, 409, 409, 409]
    assert sorted(answer.status_code for answer in sales) == [201, 409, 409, 409]
    assert len(seller.get(f"/v1/licenses?organization={organization_id}").get_json()["licenses"]) == 1
    assert world.house.audit.run().findings == []


def test_quotes_made_at_once_have_numbers_of_their_own(world: World, seller: Staffer, organization_id: str) -> None:
    sellers = [world.sign_in("sales", email=f"seller{number}@koor.example") for number in range(4)]

    quotes = at_once(*(lambda each=each: quoted(each, organization_id) for each in sellers))

    assert sorted(quote["number"] for quote in quotes) == [f"Q-2026-0000{number}" for number in range(1, 5)]


def test_a_quote_for_more_seats_charges_the_days_that_are_left(
    world: World, seller: Staffer, organization_id: str
) -> None:
    first = quoted(seller, organization_id)
    sold = seller.post(path_of(first, "/acceptance"), {"order_number": "PO-1"}).get_json()["license"]
    world.clock.advance(days=300)
    seller = world.again(seller)

    more = quoted(seller, organization_id, license_id=sold["license_id"], seats=30, expand=True)
    done = seller.post(path_of(more, "/acceptance"), {"order_number": "PO-2"}).get_json()

    assert (more["charged_seats"], more["charged_days"], more["total_minor"]) == (5, 65, 106_849)
    assert (done["license"]["seats"], done["license"]["expires_at"]) == (30, sold["expires_at"])


def test_a_renewal_is_quoted_and_accepted(world: World, seller: Staffer, organization_id: str) -> None:
    first = quoted(seller, organization_id)
    sold = seller.post(path_of(first, "/acceptance"), {"order_number": "PO-1"}).get_json()["license"]
    world.clock.advance(days=300)
    seller = world.again(seller)

    again = quoted(seller, organization_id, license_id=sold["license_id"], seats=20)
    done = seller.post(path_of(again, "/acceptance"), {"order_number": "PO-2"}).get_json()

    assert (again["kind"], done["license"]["seats"], done["license"]["seq"]) == ("renewed", 20, 2)


def test_bad_wishes_are_refused_and_change_nothing(world: World, seller: Staffer, organization_id: str) -> None:
    trial, foreign = world.trial()["license_id"], sell(world).license_id
    before = world.rows()

    cases: list[tuple[dict[str, Any], int]] = [
        (wish(organization_id, license_id=trial), 404),
        (wish(organization_id, license_id=foreign), 404),
        (wish(ABSENT), 404),
        (wish(organization_id, expand=True), 409),
        (wish(organization_id, currency="XTS"), 422),
        (wish(organization_id, discount_percent=101), 422),
        (wish(organization_id, valid_days=0), 422),
        (wish(organization_id, valid_days=181), 422),
        (wish(organization_id, seats=0), 422),
        (wish(organization_id, support="community"), 422),
    ]
    answers = [seller.post("/v1/quotes", body) for body, _ in cases]

    assert [answer.status_code for answer in answers] == [status for _, status in cases]
    assert world.rows() == before


def test_quotes_are_listed_newest_first_and_page_by_page(seller: Staffer, organization_id: str) -> None:
    made = [quoted(seller, organization_id)["quote_id"] for _ in range(3)]

    first = seller.get(f"/v1/quotes?organization={organization_id}&limit=2").get_json()["quotes"]
    rest = seller.get(f"/v1/quotes?limit=2&before={first[-1]['quote_id']}").get_json()["quotes"]

    assert [quote["quote_id"] for quote in itertools.chain(first, rest)] == made[::-1]
    for limit in ("0", "1001", "x", "-1", "1e3", "9" * 5_000):
        assert seller.get(f"/v1/quotes?limit={limit}").status_code == 422
    assert seller.get("/v1/quotes?before=%00").status_code == 404


def test_the_page_prints_every_sum_and_markup_is_inert(
    world: World, seller: Staffer, boss: Staffer, organization_id: str
) -> None:
    quote = quoted(seller, organization_id, discount_percent=10)

    page = seller.get(f"/quotes/{quote['quote_id']}")

    assert page.status_code == 200
    for text in ("Q-2026-00001", "30,000.00 EUR", "-3,000.00 EUR", "27,000.00 EUR", "Buyer &lt;b&gt;AG&lt;/b&gt;"):
        assert text in page.text
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]


def test_the_page_sends_strangers_to_sign_in_and_finds_nothing_for_others(world: World, seller: Staffer) -> None:
    stranger = world.client.get(f"/quotes/{ABSENT}")
    support = world.sign_in("support").get(f"/quotes/{ABSENT}")

    assert (stranger.status_code, stranger.headers["Location"]) == (303, "/sign-in")
    assert support.status_code == 403
    assert seller.get(f"/quotes/{ABSENT}").status_code == 404
