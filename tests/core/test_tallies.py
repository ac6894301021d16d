"""Tallies: what one customer adds to the counts, and that changes of shares keep the sums right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.journeys import told
from licensing.core.ledger import Kind
from licensing.core.movements import Deal, Movement, change
from licensing.core.periods import Unit, month_of
from licensing.core.sales import add_months
from licensing.core.tallies import (
    ConversionCell,
    FunnelCell,
    MovementCell,
    RetentionCell,
    Tallies,
    difference,
    merge,
    share,
)
from tests.core.test_journeys import CONVERTED, history, page, quote
from tests.core.test_movements import MEMBERS, SECOND, SOLD, TIERS, TRIAL, deal, histories, on

CellKind = type[FunnelCell] | type[MovementCell] | type[ConversionCell] | type[RetentionCell]


def month(year: int, number: int) -> datetime:
    return datetime(year, number, 1, tzinfo=UTC)


def shared(*deals: Deal, **changes: object) -> Tallies:
    return share(*told(history(*deals, **changes), TIERS))


def of(kind: CellKind, *deals: Deal, **changes: object) -> Tallies:
    """The share in the cells of one kind; of those that are kept by day and by month, those of days."""
    found = {cell: counts for cell, counts in shared(*deals, **changes).items() if isinstance(cell, kind)}
    return {cell: counts for cell, counts in found.items() if getattr(cell, "unit", Unit.DAY) is Unit.DAY}


def test_what_is_kept_by_month_is_the_sum_of_its_days() -> None:
    more = [deal(number, Kind.EXPANDED, 12 * number, 5 + number, ends=365) for number in (2, 3, 4)]
    cells = shared(SOLD, *more, registrations=[page(3)])

    by_month: Tallies = {}
    for cell, counts in cells.items():
        if isinstance(cell, FunnelCell | MovementCell) and cell.unit is Unit.DAY:
            merge(by_month, {replace(cell, unit=Unit.MONTH, day=month_of(cell.day)): counts})

    kept = {cell: counts for cell, counts in cells.items() if getattr(cell, "unit", Unit.DAY) is Unit.MONTH}
    assert kept == by_month


def test_a_journey_counts_once_in_each_way_to_look_at_the_funnel() -> None:
    sold = deal(1, Kind.CONVERTED, 0, 20, salesperson_id="bob")

    found = of(FunnelCell, TRIAL, sold, registrations=[page(-12.5)], quotes=[quote(-1)])

    counts = (1, 1, 0, 0, 0, 1, 1, 0)
    assert found == {
        FunnelCell(Unit.DAY, on(-13), "all", ""): counts,
        FunnelCell(Unit.DAY, on(-13), "tier", "medium"): counts,
        FunnelCell(Unit.DAY, on(-13), "country", "DE"): counts,
        FunnelCell(Unit.DAY, on(-13), "salesperson", "bob"): counts,
        FunnelCell(Unit.DAY, on(-13), "source", "page"): counts,
    }


def test_who_never_registered_is_in_no_funnel() -> None:
    assert of(FunnelCell, SOLD) == {}


def test_a_direct_purchase_is_counted_apart() -> None:
    found = of(FunnelCell, SOLD, registrations=[page(3)])

    assert found[FunnelCell(Unit.DAY, on(3), "all", "")] == (1, 0, 0, 0, 0, 0, 0, 1)


@pytest.mark.parametrize(("registered", "days"), [(-30, 30), (-30 + SECOND, 29), (-30 - SECOND, 30), (-10, 10)])
def test_whole_days_from_the_registration_to_the_conversion(registered: float, days: int) -> None:
    found = of(ConversionCell, TRIAL, CONVERTED, registrations=[page(registered)])

    assert found == {ConversionCell(month(2023, 12), days): (1,)}


def test_a_direct_purchase_is_no_conversion() -> None:
    assert of(ConversionCell, SOLD, registrations=[page(-10)]) == {}


def test_movements_add_up_by_day_kind_tier_and_currency() -> None:
    one = deal(1, Kind.SOLD, 0, 3, amount_minor=300, currency="EUR")
    two = deal(2, Kind.SOLD, 1.1, 4, license_id="M", amount_minor=400, currency="EUR")
    three = deal(3, Kind.EXPANDED, 1.9, 6, amount_minor=200, currency="USD", ends=365)
    four = deal(4, Kind.EXPANDED, 1.95, 5, license_id="M", amount_minor=50, currency="EUR", ends=366.1)

    assert of(MovementCell, one, two, three, four) == {
        MovementCell(Unit.DAY, on(0), "direct", "entry", "EUR"): (1, 3, 300),
        MovementCell(Unit.DAY, on(1), "expansion", "entry", "EUR"): (1, 4, 400),
        MovementCell(Unit.DAY, on(1), "expansion", "entry", "USD"): (1, 3, 200),
        MovementCell(Unit.DAY, on(1), "expansion", "medium", "EUR"): (1, 1, 50),
        MovementCell(Unit.DAY, on(1), "enterprise", "medium", ""): (1, 11, 0),
        MovementCell(Unit.DAY, on(395), "contraction", "medium", ""): (1, 6, 0),
        MovementCell(Unit.DAY, on(396), "churn", "entry", ""): (1, 5, 0),
    }


def test_movements_of_one_cell_are_one_count() -> None:
    more = [deal(number, Kind.EXPANDED, 0.1 * number, 5 + number, ends=365) for number in (2, 3)]

    assert of(MovementCell, SOLD, *more)[MovementCell(Unit.DAY, on(0), "expansion", "entry", "")] == (2, 3, 0)


def test_retention_compares_the_first_moment_of_a_span_with_its_end() -> None:
    # 2024-01-10: 5 seats; 02-01 00:00:00: 8; 02-20: 6; the last end and its grace: 2024-03-11 and 04-10.
    sold = deal(1, Kind.SOLD, 9, 5, ends=70)
    more, fewer = deal(2, Kind.EXPANDED, 31, 8, ends=70), deal(3, Kind.REDUCED, 50, 6, ends=70)

    assert of(RetentionCell, sold, more, fewer) == {
        RetentionCell(month(2024, 2), 1): (5, 5, 6),
        RetentionCell(month(2024, 3), 1): (6, 6, 6),
        RetentionCell(month(2024, 4), 1): (6, 0, 0),
        RetentionCell(month(2024, 4), 3): (6, 0, 0),
        RetentionCell(month(2024, 2), 12): (5, 0, 0),
        RetentionCell(month(2024, 3), 12): (6, 0, 0),
        RetentionCell(month(2024, 4), 12): (6, 0, 0),
    }


def test_a_new_customer_of_a_span_is_not_in_it() -> None:
    assert RetentionCell(month(2024, 1), 1) not in of(RetentionCell, deal(1, Kind.SOLD, SECOND))
    assert RetentionCell(month(2024, 1), 1) not in of(RetentionCell, deal(1, Kind.SOLD, 0))
    assert RetentionCell(month(2024, 1), 1) in of(RetentionCell, deal(1, Kind.SOLD, -SECOND))


def seats_at(movements: Sequence[Movement], moment: datetime) -> int:
    return sum(change(each) for each in movements if each.at < moment)


@given(histories())
def test_each_span_has_the_seats_at_its_start_and_its_end(deals: list[Deal]) -> None:
    _, moved = told(history(*deals, members=MEMBERS), TIERS)
    expected: Tallies = {}
    for number in range(48):
        start = add_months(month(2024, 1), number)
        for span in (1, 12, *([3] if start.month in (1, 4, 7, 10) else [])):
            first, after = seats_at(moved, start), seats_at(moved, add_months(start, span))
            if first:
                expected[RetentionCell(start, span)] = first, min(first, after), after

    found = {cell: counts for cell, counts in share(None, moved).items() if isinstance(cell, RetentionCell)}

    assert found == expected


@given(histories(), histories())
def test_a_new_share_is_the_old_one_and_the_difference(before: list[Deal], after: list[Deal]) -> None:
    old, new = shared(*before, members=MEMBERS), shared(*after, members=MEMBERS)

    sums = dict(old)
    merge(sums, difference(new, old))

    assert {cell: counts for cell, counts in sums.items() if any(counts)} == new
    assert difference(new, new) == {}


@given(st.lists(histories(), max_size=4))
def test_the_sums_do_not_depend_on_who_is_counted_first(customers: list[list[Deal]]) -> None:
    one: Tallies = {}
    other: Tallies = {}
    for deals in customers:
        merge(one, shared(*deals, members=MEMBERS))
    for deals in customers[::-1]:
        merge(other, shared(*deals, members=MEMBERS))

    assert one == other


@given(histories())
def test_every_movement_of_a_customer_is_in_her_share(deals: list[Deal]) -> None:
    _, moved = told(history(*deals, members=MEMBERS), TIERS)

    cells = {cell: counts for cell, counts in share(None, moved).items() if isinstance(cell, MovementCell)}

    expected = len(moved), sum(each.seats for each in moved), sum(each.amount_minor for each in moved)
    for unit in Unit:
        counts = [counts for cell, counts in cells.items() if cell.unit is unit]
        assert (*map(sum, zip(*counts, strict=True)),) == (expected if moved else ())
