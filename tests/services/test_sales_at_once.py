"""Two sales to one customer at the same moment: the second is measured by what the first one sold."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from licensing.core.callers import OPERATOR, PERMISSIONS, Caller, Role
from licensing.core.errors import ApprovalRequired, LicenseOverlap, Refusal
from licensing.core.prices import Price
from licensing.core.sales import Purchase, Term
from licensing.core.standings import Standing
from tests.support.worlds import FSID, OTHER_FSID, World, standing

SELLER = Caller("staff:somebody", PERMISSIONS[Role.SALES], seat_limit=30)
ORDER = Purchase("PO-1", "EUR")


@pytest.fixture
def buyer(world: World) -> str:
    world.house.prices.put(OPERATOR, Price("EUR", 120_000, world.clock().replace(hour=0)))
    return world.house.organizations.create(OPERATOR, "Buyer AG", "DE", None, None).id


def sell(world: World, buyer: str, cluster: str, seats: int) -> Standing:
    return standing(world.house.sales.sell(SELLER, buyer, Term(seats, 12, bind=(cluster,)), ORDER))


def assert_second_refused(
    world: World, first: Callable[[], object], second: Callable[[], object], refusal: type[Refusal]
) -> None:
    """The second begins when the first is done but not yet committed, and waits."""
    with ThreadPoolExecutor(1) as elsewhere:
        with world.house.database.joined():
            first()
            waiting = elsewhere.submit(second)
            with pytest.raises(TimeoutError):
                waiting.result(0.5)
        before = world.rows()
        with pytest.raises(refusal):
            waiting.result(10)
    assert world.rows() == before


@pytest.mark.parametrize(("cluster", "refusal"), [(FSID, LicenseOverlap), (OTHER_FSID, ApprovalRequired)])
def test_of_two_sales_at_once_one_is_refused(world: World, buyer: str, cluster: str, refusal: type[Refusal]) -> None:
    assert_second_refused(world, lambda: sell(world, buyer, FSID, 20), lambda: sell(world, buyer, cluster, 20), refusal)


def test_of_two_that_make_licenses_larger_one_is_refused(world: World, buyer: str) -> None:
    ids = [sell(world, buyer, cluster, 10).license_id for cluster in (FSID, OTHER_FSID)]

    def enlarge(license_id: str) -> None:
        world.house.sales.resize(SELLER, license_id, 20, None, ORDER)

    assert_second_refused(world, lambda: enlarge(ids[0]), lambda: enlarge(ids[1]), ApprovalRequired)
