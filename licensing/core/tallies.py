"""Tallies: the counts that reports add up, by day or month. A customer's share of them is a pure function of her rows.

So a change is her new share minus her old one, and everything can be recomputed from the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import add

from licensing.core.funnels import By, Step
from licensing.core.journeys import Journey
from licensing.core.movements import ADDING, Movement, seats_before
from licensing.core.periods import Unit, day_of, month_of
from licensing.core.sales import add_months

SPANS = (1, 3, 12)
"""Months over which retention is looked at: a month, a quarter of the year, and any twelve months."""


@dataclass(frozen=True, slots=True)
class FunnelCell:
    """Customers registered on `day`, or in the month that starts with it, whose `by` is `value`. Counts: each Step."""

    unit: Unit
    day: datetime
    by: str
    value: str


@dataclass(frozen=True, slots=True)
class MovementCell:
    """Movements on `day`, or in the month that starts with it. Counts: how many, seats, minor units of `currency`."""

    unit: Unit
    day: datetime
    what: str
    tier: str
    currency: str


@dataclass(frozen=True, slots=True)
class ConversionCell:
    """Customers registered in `month` who converted after `days` whole days. Counts: how many."""

    month: datetime
    days: int


@dataclass(frozen=True, slots=True)
class RetentionCell:
    """`span` months from `month` on. Counts: seats when it starts, of those kept (gross), and after it (net)."""

    month: datetime
    span: int


Cell = FunnelCell | MovementCell | ConversionCell | RetentionCell
Counts = tuple[int, ...]
Tallies = dict[Cell, Counts]


def share(journey: Journey | None, movements: Sequence[Movement]) -> Tallies:
    """What one customer adds to each cell."""
    tallies: Tallies = {}
    for cell, counts in (*_of_journey(journey), *_of_movements(movements), *_of_seats(movements)):
        merge(tallies, {cell: counts})
    return tallies


def merge(sums: Tallies, more: Mapping[Cell, Counts]) -> None:
    """Adds `more` to `sums`."""
    for cell, counts in more.items():
        known = sums.get(cell)
        sums[cell] = counts if known is None else tuple(map(add, known, counts))


def difference(new: Mapping[Cell, Counts], old: Mapping[Cell, Counts]) -> Tallies:
    """What must be added to `old` to make it `new`; cells that are equal are left out."""
    changes: Tallies = {}
    for cell in new.keys() | old.keys():
        counts = new.get(cell) or (0,) * len(old[cell])
        change = tuple(one - other for one, other in zip(counts, old.get(cell, (0,) * len(counts)), strict=True))
        if any(change):
            changes[cell] = change
    return changes


def _of_journey(journey: Journey | None) -> Iterator[tuple[Cell, Counts]]:
    if journey is None or journey.registered_at is None:
        return
    counts = tuple(int(getattr(journey, f"{step}_at") is not None) for step in Step)
    values = ("", journey.tier, journey.country, journey.salesperson_id, journey.source)
    for unit, start in _starts(journey.registered_at):
        for by, value in zip(By, values, strict=True):
            yield FunnelCell(unit, start, by, value), counts
    if journey.converted_at is not None:
        days = (journey.converted_at - journey.registered_at) // timedelta(days=1)
        yield ConversionCell(month_of(journey.registered_at), days), (1,)


def _of_movements(movements: Sequence[Movement]) -> Iterator[tuple[Cell, Counts]]:
    for each in movements:
        for unit, start in _starts(each.at):
            yield MovementCell(unit, start, each.what, each.tier, each.currency), (1, each.seats, each.amount_minor)


def _starts(moment: datetime) -> tuple[tuple[Unit, datetime], ...]:
    """By days, and by months, so that a report about years reads few rows."""
    return (Unit.DAY, day_of(moment)), (Unit.MONTH, month_of(moment))


def _of_seats(movements: Sequence[Movement]) -> Iterator[tuple[Cell, Counts]]:
    """Retention: for each month that starts with live seats, and each span from then on."""
    if not any(each.what in ADDING for each in movements):
        return
    first, last = month_of(movements[0].at), month_of(max(each.at for each in movements))
    months = [first]
    while months[-1] <= last:
        months.append(add_months(months[-1], 1))
    seats = list(seats_before(movements, months))
    for index, (month, start) in enumerate(zip(months, seats, strict=True)):
        for span in SPANS:
            if start and (span != 3 or month.month % 3 == 1):
                end = seats[min(index + span, len(seats) - 1)]
                yield RetentionCell(month, span), (start, min(start, end), end)
