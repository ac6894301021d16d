"""Rollups: counted deed by deed or all at once, the rows are the same; and whatever is wrong with them is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from licensing.core.callers import OPERATOR
from licensing.core.ledger import Kind
from licensing.core.prices import Price
from licensing.core.sales import Purchase, Term
from licensing.services.deeds import Done
from licensing.services.organizations import Person
from licensing.services.quotes import Wish
from licensing.storage import ledger
from tests.services.test_imports import OTHER, OVER, RUNNING, file
from tests.support.worlds import FSID, OTHER_FSID, OTHER_UID, START, World, nodes, standing, token_of

Story = Callable[[World], Iterator[object]]
"""What happens, one deed after the other; wherever it yields, the worker comes by and counts."""
ORDER = Purchase("PO-1", "EUR")
TABLES = ("journey", "movement", "funnel_tally", "movement_tally", "conversion_tally", "retention_tally")


def rows(world: World) -> dict[str, list[tuple[object, ...]]]:
    """What is counted; a tally that came back to nothing is none."""
    every, tallies = world.rows(), ("funnel_tally", "movement_tally", "conversion_tally", "retention_tally")
    keys = {"funnel_tally": 4, "movement_tally": 5, "conversion_tally": 2, "retention_tally": 2}
    return {name: [row for row in every[name] if name not in tallies or any(row[keys[name] :])] for name in TABLES}


def customer(world: World, name: str = "Buyer AG") -> str:
    return world.house.organizations.create(OPERATOR, name, "DE", None, Person("it@buyer.example", "IT")).id


def sold(world: World, buyer: str, seats: int = 5, fsid: str = FSID) -> Done:
    return world.house.sales.sell(OPERATOR, buyer, Term(seats, 12, bind=(fsid,)), ORDER)


def bought(world: World, buyer: str, seats: int = 5, fsid: str = FSID) -> str:
    """The id of the license that the customer bought."""
    return standing(sold(world, buyer, seats, fsid)).license_id


def renewed(world: World, license_id: str, seats: int, months: int = 12) -> Done:
    """Renewed from today on."""
    return world.house.sales.renew(OPERATOR, license_id, Term(seats, months, start=world.clock()), ORDER)


def holder(world: World, license_id: str) -> str:
    return world.house.licenses.show(OPERATOR, license_id).standing.organization_id


def first_sale(world: World, license_id: str) -> str:
    return next(each.serial for each in world.house.licenses.show(OPERATOR, license_id).issuances if each.amount_minor)


def a_trial_and_all_that_comes_after_it(world: World) -> Iterator[object]:
    yield world.register()
    yield world.register("joe@acme.example", country="FR")
    confirmed = world.confirm()
    license_id = confirmed.get_json()["license_id"]
    yield confirmed
    for number in (3, 4, 5, 2):
        world.clock.advance(days=11)
        yield world.check_in(token_of(world, license_id), nodes(number))
    buyer, house = holder(world, license_id), world.house
    yield house.quotes.make(OPERATOR, Wish(buyer, license_id, False, Term(9, 12), "EUR", 0))
    yield house.sales.convert(OPERATOR, license_id, buyer, Term(9, 12), ORDER)
    yield world.check_in(token_of(world, license_id), nodes(9))
    deeds: tuple[Callable[[], object], ...] = (
        lambda: house.sales.resize(OPERATOR, license_id, 40, None, ORDER),
        lambda: house.sales.resize(OPERATOR, license_id, 10, None, None),
        lambda: house.sales.resize(OPERATOR, license_id, None, 3, None),
        lambda: house.licenses.suspend(OPERATOR, license_id, "not paid"),
        lambda: house.licenses.reinstate(OPERATOR, license_id, "paid"),
        lambda: house.licenses.reissue(OPERATOR, license_id, "lost"),
        lambda: renewed(world, license_id, 12),
        lambda: house.sales.refund(OPERATOR, first_sale(world, license_id), 100, "late"),
        lambda: house.licenses.revoke(OPERATOR, license_id, "fraud"),
    )
    for deed in deeds:
        world.clock.advance(days=20)
        yield deed()


def a_late_renewal_and_one_too_late(world: World) -> Iterator[object]:
    sale = world.house.sales.sell(OPERATOR, customer(world), Term(5, 1), ORDER)
    license_id = standing(sale).license_id
    yield sale
    world.clock.advance(days=31 + 29)
    yield renewed(world, license_id, 5, months=1)
    world.clock.advance(days=31 + 31)
    yield renewed(world, license_id, 11)


def a_sale_that_is_undone_and_made_again(world: World) -> Iterator[object]:
    trial = world.trial()
    buyer, sales = holder(world, trial["license_id"]), world.house.sales
    first = sales.convert(OPERATOR, trial["license_id"], buyer, Term(9, 12), ORDER)
    yield sales.refund(OPERATOR, first.serial, 100, "late")
    yield sales.void(OPERATOR, first.serial, "wrong customer")
    yield sales.convert(OPERATOR, trial["license_id"], buyer, Term(12, 12), ORDER)


def a_license_that_goes_to_others_and_comes_back(world: World) -> Iterator[object]:
    one, other, third = (customer(world, name) for name in ("One", "Other", "Third"))
    license_id = bought(world, one)
    yield world.house.licenses.transfer(OPERATOR, license_id, other, "sold on")
    yield renewed(world, license_id, 12)
    yield world.house.licenses.transfer(OPERATOR, license_id, third, "sold on")
    yield world.house.licenses.transfer(OPERATOR, license_id, one, "sold back")
    yield world.house.organizations.merge(OPERATOR, other, third)
    yield world.house.organizations.merge(OPERATOR, third, one)


def two_customers_that_turn_out_to_be_one(world: World) -> Iterator[object]:
    one = world.trial()
    world.clock.advance(days=1)
    other = world.trial("eve@beta.example", organization="Beta", country="FR")
    world.clock.advance(days=1)
    yield world.check_in(str(other["license_file"]["license"]), nodes(5))
    buyer, duplicate = holder(world, one["license_id"]), holder(world, other["license_id"])
    bought(world, buyer, 6)
    world.clock.advance(days=1)
    yield bought(world, duplicate, 6, OTHER_FSID)
    yield world.house.organizations.merge(OPERATOR, buyer, duplicate)
    yield world.register("tom@acme.example")
    yield world.house.sales.convert(OPERATOR, one["license_id"], duplicate, Term(2, 12, bind=(OTHER_UID,)), ORDER)


def a_person_that_is_erased(world: World) -> Iterator[object]:
    license_id = world.trial("jane.doe@gmail.com", country="AT")["license_id"]
    id, serial = holder(world, license_id), world.house.licenses.show(OPERATOR, license_id).standing.jti
    yield world.house.sales.convert(OPERATOR, license_id, id, Term(9, 12), ORDER)
    contact = world.house.organizations.show(OPERATOR, id).contacts[0].id
    world.clock.advance(days=1)
    world.house.organizations.erase(OPERATOR, id, contact, [serial])
    yield contact


def sales_from_before_this_server(world: World) -> Iterator[object]:
    yield world.house.imports.apply(OPERATOR, file(OVER, RUNNING, OTHER))
    with world.house.database.read() as session:
        found = [issuance for _, issuance in ledger.page(session, None, Kind.IMPORTED, 9)]
    license_id = next(each.license_id for each in found if each.seats == 25 and each.license_id)
    yield renewed(world, license_id, 9)
    yield world.house.sales.void(OPERATOR, next(each.serial for each in found if each.license_id is None), "typing")


def a_customer_that_moves_to_another_country(world: World) -> Iterator[object]:
    id = holder(world, world.trial()["license_id"])
    yield world.house.organizations.change(OPERATOR, id, country="CH")


def a_trial_cluster_that_moves(world: World) -> Iterator[object]:
    license = str(world.trial()["license_file"]["license"])
    yield world.check_in(license, nodes(2))
    world.clock.advance(days=40)
    yield world.check_in(license, nodes(3), uid=OTHER_UID)


STORIES: tuple[Story, ...] = (
    a_trial_and_all_that_comes_after_it,
    a_late_renewal_and_one_too_late,
    a_sale_that_is_undone_and_made_again,
    a_license_that_goes_to_others_and_comes_back,
    two_customers_that_turn_out_to_be_one,
    a_person_that_is_erased,
    sales_from_before_this_server,
    a_customer_that_moves_to_another_country,
    a_trial_cluster_that_moves,
)


def tell(world: World, story: Story) -> None:
    """The story happens, and every deed of it is counted by itself."""
    world.house.prices.put(OPERATOR, Price("EUR", 120_000, START.replace(hour=0)))
    for _ in story(world):
        world.house.rollups.catch_up()
        assert world.house.rollups.reconcile() == []


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_deeds_counted_one_by_one_make_the_rows_of_a_rebuild(world: World, story: Story) -> None:
    tell(world, story)
    counted = rows(world)

    world.house.rollups.rebuild()

    assert rows(world) == counted
    assert any(counted.values())


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_deeds_counted_all_at_once_make_the_same_rows(world: World, story: Story) -> None:
    world.house.prices.put(OPERATOR, Price("EUR", 120_000, START.replace(hour=0)))
    for _ in story(world):
        pass

    assert world.house.rollups.catch_up() > 0
    counted = rows(world)

    assert world.house.rollups.reconcile() == []
    world.house.rollups.rebuild()
    assert rows(world) == counted


def a_cluster_that_is_released(world: World) -> Iterator[object]:
    license = str(world.trial()["license_file"]["license"])
    world.check_in(license, nodes(2))
    world.clock.advance(days=31)
    yield world.check_in(license, nodes(2))
    yield world.release(license)


def a_former_trial_whose_first_cluster_comes_after_a_transfer(world: World) -> Iterator[object]:
    license_id = world.trial()["license_id"]
    world.house.sales.convert(OPERATOR, license_id, holder(world, license_id), Term(9, 12), ORDER)
    yield world.house.licenses.transfer(OPERATOR, license_id, customer(world), "sold on")
    yield world.check_in(token_of(world, license_id), nodes(2))


UNTOLD: tuple[Story, ...] = (a_cluster_that_is_released, a_former_trial_whose_first_cluster_comes_after_a_transfer)


@pytest.mark.parametrize("story", UNTOLD, ids=lambda story: story.__name__)
def test_what_happens_to_clusters_is_counted_deed_by_deed_too(world: World, story: Story) -> None:
    tell(world, story)


def test_a_refund_after_a_transfer_counts_against_the_tier_of_the_sale(world: World) -> None:
    def story(world: World) -> Iterator[object]:
        sale = sold(world, customer(world))
        world.house.licenses.transfer(OPERATOR, standing(sale).license_id, customer(world, "Other"), "sold on")
        yield world.house.sales.refund(OPERATOR, sale.serial, 100, "late")

    tell(world, story)

    with world.house.database.read() as session:
        assert session.scalars(text("SELECT tier FROM movement WHERE what = 'refund'")).all() == ["entry"]


FAULTS = {
    "a movement is missing": "DELETE FROM movement WHERE what = 'conversion'",
    "a movement is doubled under another serial": "INSERT INTO movement (serial, what, at, subject, tier, seats,"
    " license_id, amount_minor, currency, salesperson_id) SELECT 'another', what, at, subject, tier, seats, license_id,"
    " amount_minor, currency, salesperson_id FROM movement WHERE what = 'conversion'",
    "a movement is of another tier": "UPDATE movement SET tier = 'large_enterprise' WHERE what = 'conversion'",
    "a movement is on another day": "UPDATE movement SET at = at + 86400 WHERE what = 'conversion'",
    "a movement is a second late": "UPDATE movement SET at = at + 1 WHERE what = 'conversion'",
    "a movement is of another kind": "UPDATE movement SET what = 'direct' WHERE what = 'conversion'",
    "a movement has more seats": "UPDATE movement SET seats = seats + 1 WHERE what = 'conversion'",
    "a movement has less money": "UPDATE movement SET amount_minor = amount_minor - 1 WHERE what = 'conversion'",
    "a movement has another currency": "UPDATE movement SET currency = 'USD' WHERE what = 'conversion'",
    "a movement is another salesperson's": "UPDATE movement SET salesperson_id = 'eve' WHERE what = 'conversion'",
    "a movement is another customer's": "UPDATE movement SET subject = (SELECT subject FROM journey WHERE converted_at"
    " IS NULL) WHERE what = 'conversion'",
    "a movement is nobody's": "UPDATE movement SET subject = 'nobody' WHERE what = 'conversion'",
    "a journey is missing": "DELETE FROM journey WHERE converted_at IS NOT NULL",
    "a journey is nobody's": "UPDATE journey SET subject = 'nobody' WHERE converted_at IS NOT NULL",
    "a journey has a step a second late": "UPDATE journey SET full_at = full_at + 1 WHERE full_at IS NOT NULL",
    "a journey has a step too many": "UPDATE journey SET quoted_at = 1 WHERE quoted_at IS NULL",
    "a journey is of another tier": "UPDATE journey SET tier = 'entry' WHERE tier = 'none'",
    "a customer too many is in the funnel": "UPDATE funnel_tally SET converted = converted + 1 WHERE \"by\" = 'tier'",
    "a row of the funnel is missing": "DELETE FROM funnel_tally WHERE \"by\" = 'source'",
    "a row of the funnel is of another day": "UPDATE funnel_tally SET day = day - 86400 WHERE \"by\" = 'all'",
    "movements add up to less money": "UPDATE movement_tally SET amount_minor = 0 WHERE what = 'conversion'",
    "movements of a day are missing": "DELETE FROM movement_tally WHERE what = 'churn'",
    "a conversion took a day more": "UPDATE conversion_tally SET days = days + 1",
    "conversions are missing": "DELETE FROM conversion_tally",
    "a month keeps a seat more": "UPDATE retention_tally SET kept = kept + 1 WHERE span = 1",
    "quarters are missing": "DELETE FROM retention_tally WHERE span = 3",
}
UNSEEN = {
    "a month's movements are another's": "UPDATE movement_tally SET day = day - 86400 WHERE unit = 'month'",
    "a customer is no lead": "UPDATE journey SET is_open = false WHERE is_open",
}


def two_customers(world: World) -> Iterator[object]:
    """One with everything, and one with a trial."""
    yield from a_trial_and_all_that_comes_after_it(world)
    yield world.trial("eve@beta.example", organization="Beta")


def execute(world: World, statement: str) -> int:
    """How many rows the statement changed."""
    with world.house.database.engine.begin() as connection:
        return int(connection.execute(text(statement)).rowcount)


def assert_found_and_mended(world: World, fault: str) -> None:
    right = rows(world)
    assert execute(world, fault) > 0

    assert world.house.rollups.reconcile() != [], fault
    world.house.rollups.rebuild()

    assert world.house.rollups.reconcile() == []
    assert rows(world) == right


def test_every_fault_is_found_and_a_rebuild_mends_it(world: World) -> None:
    tell(world, two_customers)

    for fault in FAULTS.values():
        assert_found_and_mended(world, fault)


def test_faults_together_are_found_customer_by_customer_and_cell_by_cell(world: World) -> None:
    tell(world, two_customers)
    for fault in list(FAULTS.values())[-9:]:
        execute(world, fault)

    found = world.house.rollups.reconcile()

    for cell in ("FunnelCell", "MovementCell", "ConversionCell", "RetentionCell"):
        assert any(line.startswith(cell) for line in found)
    world.house.rollups.rebuild()
    assert world.house.rollups.reconcile() == []


@pytest.mark.parametrize("fault", UNSEEN)
def test_a_fault_in_what_follows_from_other_columns_is_found(world: World, fault: str) -> None:
    tell(world, two_customers)

    assert_found_and_mended(world, UNSEEN[fault])
