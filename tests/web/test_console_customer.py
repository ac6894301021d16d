"""A customer's page: short at first, whole when somebody wants it, and with people's names."""

from __future__ import annotations

import re

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.sales import Purchase, Term
from licensing.services.organizations import Person
from licensing.services.quotes import Wish
from tests.support.worlds import World
from tests.web.staff_routes import customer

MANY = 40


@pytest.fixture
def busy(world: World) -> str:
    """The page of a customer with many licenses, quotes and people."""
    buyer = customer(world)
    with world.house.database.joined():
        for number in range(MANY):
            world.clock.advance(minutes=1)
            bind = (f"8b3c1f5e-5f3a-4d0e-9a55-{number:012x}",)
            term = Term(5 + number, 12, bind=bind)
            world.house.sales.sell(OPERATOR, buyer, term, Purchase(f"PO-{number}", "EUR"))
            world.house.quotes.make(OPERATOR, Wish(buyer, None, False, Term(500 + number, 12), "EUR", 0))
            world.house.organizations.add_contact(
                OPERATOR, buyer, Person(f"p{number}@acme.example", f"Person {number}")
            )
    return f"/console/organizations/{buyer}"


def rows(page: str) -> int:
    return page.count('<tr><th scope="row"') + len(re.findall(r'<tr>\s+<th scope="row"', page))


def test_a_long_page_shows_the_newest_and_leads_to_all(world: World, busy: str) -> None:
    manager = world.sign_in("manager")
    short, whole = manager.get(busy).text, manager.get(f"{busy}?all=1").text

    assert "PO-39" in short
    assert ">Person 39<" not in short
    assert f'href="{busy}?all=1#licenses">All 40</a>' in short
    assert "?all=1#" not in whole
    assert rows(whole) - rows(short) == 2 * (MANY - 25)
    assert len(short) < 100_000


def test_what_happened_names_who_did_it(world: World) -> None:
    seller, buyer = world.sign_in("sales"), customer(world)
    wish = {"organization_id": buyer, "seats": 25, "months": 12, "currency": "EUR"}
    assert seller.post("/v1/quotes", wish).status_code == 201
    world.house.organizations.change(OPERATOR, buyer, name="Another name")

    page = seller.get(f"/console/organizations/{buyer}").text

    assert ", by Sales<" in page
    assert ", by the operator<" in page
    assert seller.id not in page


def test_a_picture_is_another_one_as_soon_as_the_data_is(world: World) -> None:
    manager, drawn = world.sign_in("manager"), re.compile(r"<svg.*?</svg>", re.DOTALL)
    world.trial("it@first.example")
    world.house.rollups.catch_up()
    first = drawn.findall(manager.get("/console/reports").text)

    world.trial("it@second.example")
    world.house.rollups.catch_up()
    second = drawn.findall(manager.get("/console/reports").text)

    assert first
    assert first != second
    assert drawn.findall(manager.get("/console/reports").text) == second
