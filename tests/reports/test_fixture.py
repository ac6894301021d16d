"""The reports count what was worked out by hand, row by row and sum by sum, on both databases."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest

from licensing.core.funnels import By, Step
from licensing.core.journeys import Journey, Signal
from licensing.core.movements import Movement
from licensing.core.periods import Unit
from licensing.core.tallies import ConversionCell, FunnelCell, MovementCell, RetentionCell, Tallies
from licensing.storage import journeys, tallies
from tests.reports import expected
from tests.reports.expected import Way, way
from tests.reports.fixture import CUSTOMERS, load, moment
from tests.support.worlds import World

Key = tuple[str, ...] | tuple[str, int]
Sums = dict[Key, tuple[int, ...]]
SUBJECTS = {each.subject: each.name for each in CUSTOMERS}
TIERS = {"E": expected.E, "M": expected.M, "L": expected.L}
COUNT: dict[str, Callable[[World], int]] = {
    "as it comes": lambda world: world.house.rollups.catch_up(),
    "anew": lambda world: world.house.rollups.rebuild(),
}


@pytest.fixture(params=COUNT)
def reports(world: World, request: pytest.FixtureRequest) -> World:
    """A world with the customers, counted in both ways there are."""
    with world.house.database.write() as session:
        load(session)
    COUNT[request.param](world)
    return world


def kept(world: World) -> dict[str, tuple[Journey | None, list[Movement]]]:
    """Journey and movements, by the customer's name."""
    with world.house.database.read() as session:
        return {SUBJECTS[subject]: told for subject, told in journeys.of_subjects(session, list(SUBJECTS)).items()}


def every(world: World) -> Tallies:
    """The cells; of those that are kept by day and by month, those of days."""
    with world.house.database.read() as session:
        found = tallies.every(session)
    return {cell: counts for cell, counts in found.items() if getattr(cell, "unit", Unit.DAY) == Unit.DAY}


def summed(sums: Iterator[tuple[Key, tuple[int, ...]]]) -> Sums:
    found: defaultdict[Key, Counter[int]] = defaultdict(Counter)
    for key, counts in sums:
        found[key].update(dict(enumerate(counts)))
    return {key: tuple(counts[index] for index in sorted(counts)) for key, counts in found.items()}


def month(day: datetime) -> str:
    return f"{day:%Y-%m}"


def gone(journey: Journey) -> Way:
    """The journey as it is spelled by hand."""
    moments = (getattr(journey, f"{step}_at") for step in Step)
    return way(
        *(None if at is None else spelled(at) for at in moments),
        journey.country,
        journey.source,
        journey.salesperson_id,
        journey.tier,
        journey.purchase,
    )


def spelled(at: datetime) -> str:
    return f"{at:%Y-%m-%d}" if at == moment(f"{at:%Y-%m-%d}") else f"{at:%Y-%m-%d %H:%M:%S}"


def line(movement: Movement) -> str:
    tier = next((short for short, name in TIERS.items() if name == movement.tier), movement.tier)
    paid = f" {movement.amount_minor} {movement.currency}" if movement.currency or movement.amount_minor else ""
    return f"{spelled(movement.at)} {movement.what} {tier} {movement.seats}{paid}"


def test_every_customer_went_the_way_that_was_worked_out(reports: World) -> None:
    found = {name: gone(journey) for name, (journey, _) in kept(reports).items() if journey is not None}

    assert found == expected.WAYS


def test_every_movement_is_one_that_was_worked_out(reports: World) -> None:
    found = {name: sorted(map(line, moved)) for name, (_, moved) in kept(reports).items() if moved}

    assert found == {name: sorted(lines) for name, lines in expected.MOVEMENTS.items()}


def test_open_trials_show_their_signals(reports: World) -> None:
    open_trials = [(name, journey) for name, (journey, _) in kept(reports).items() if journey and journey.is_open]

    found = {name: {each.name for each in Signal if each in Signal(journey.signals)} for name, journey in open_trials}

    assert found == expected.SIGNALS


def test_the_funnel_of_all_time_is_the_sum_by_hand(reports: World) -> None:
    cells = ((cell, counts) for cell, counts in every(reports).items() if isinstance(cell, FunnelCell))

    assert summed(((cell.by, cell.value), counts) for cell, counts in cells) == expected.FUNNEL


def test_the_funnel_of_each_month_is_the_sum_by_hand(reports: World) -> None:
    cells = ((cell, counts) for cell, counts in every(reports).items() if isinstance(cell, FunnelCell))

    found = summed(((month(cell.day),), counts) for cell, counts in cells if cell.by == By.ALL)

    assert found == {(name,): counts for name, counts in expected.FUNNEL_OF_MONTHS.items()}


def test_the_movements_of_each_month_are_the_sums_by_hand(reports: World) -> None:
    cells = ((cell, counts) for cell, counts in every(reports).items() if isinstance(cell, MovementCell))

    found = summed(((month(cell.day), cell.tier, cell.what, cell.currency), counts) for cell, counts in cells)

    assert found == expected.MONTHS


def test_the_days_to_convert_are_those_by_hand(reports: World) -> None:
    cells = ((cell, counts) for cell, counts in every(reports).items() if isinstance(cell, ConversionCell))

    found = {(month(cell.month), cell.days): count for cell, (count,) in cells}

    assert found == expected.CONVERSIONS


def test_the_seats_that_were_kept_are_those_by_hand(reports: World) -> None:
    cells = {cell: counts for cell, counts in every(reports).items() if isinstance(cell, RetentionCell)}

    found = {
        (start, span): cells.get(RetentionCell(moment(f"{start}-01 00:00:00"), span))
        for start, span in expected.RETENTION
    }

    assert found == expected.RETENTION


def test_nothing_differs_from_the_ledger(reports: World) -> None:
    assert reports.house.rollups.reconcile() == []


def test_the_sums_by_hand_agree_with_the_customers_by_hand() -> None:
    """So that a slip in one of the two is not taken for a fault of the program."""
    lines = [each.replace(" 00:00:00", "").split() for lines in expected.MOVEMENTS.values() for each in lines]
    rows = [[each for each in words if ":" not in each] for words in lines]

    found = summed(
        ((day[:7], TIERS[tier], what, "".join(paid[1:])), (1, int(seats), int(paid[0]) if paid else 0))
        for day, what, tier, seats, *paid in rows
    )

    assert found == expected.MONTHS


def test_the_funnel_by_hand_agrees_with_the_customers_by_hand() -> None:
    registered = [each for each in expected.WAYS.values() if each.registered is not None]

    found = summed(
        ((by, value), tuple(int(getattr(each, step) is not None) for step in Step))
        for each in registered
        for by, value in zip(By, ("", each.tier, each.country, each.salesperson, each.source), strict=True)
    )

    assert found == expected.FUNNEL
