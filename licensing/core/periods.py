"""Periods: the days that a report is about, UTC, and the months, quarters and years that they are told by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from licensing.core.errors import PeriodRefused
from licensing.core.sales import add_months

FIRST, LAST = datetime(2020, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
MAX_DAYS = 3_660
DEFAULT_MONTHS = 12


class Every(StrEnum):
    """What the rows of a report over time stand for."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


MONTHS = {Every.MONTH: 1, Every.QUARTER: 3, Every.YEAR: 12}


class Period(NamedTuple):
    """The moments from `first` on and before `end`; both are starts of days."""

    first: datetime
    end: datetime


def day_of(moment: datetime) -> datetime:
    """The start of its day (UTC)."""
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def month_of(moment: datetime) -> datetime:
    """The start of its month (UTC)."""
    return day_of(moment).replace(day=1)


def period(first: datetime | None, end: datetime | None, now: datetime) -> Period:
    """The asked period; where an end is missing, it is tomorrow, or twelve months with this one.

    Raises PeriodRefused for an end that is not after the start, for more than 3,660 days, and for days outside of
    2020 to 2100.
    """
    end = end or day_of(now) + timedelta(days=1)
    first = first or max(FIRST, add_months(month_of(end - timedelta(days=1)), 1 - DEFAULT_MONTHS))
    if not FIRST <= first <= LAST or not FIRST <= end <= LAST:
        raise PeriodRefused(f"A period lies between {FIRST.date()} and {LAST.date()}.")
    if end <= first:
        raise PeriodRefused(f"A period ends after it starts, and {end.date()} is not after {first.date()}.")
    if end - first > timedelta(days=MAX_DAYS):
        raise PeriodRefused(f"A period has at most {MAX_DAYS} days, not {(end - first).days}.")
    return Period(first, end)


class Unit(StrEnum):
    """What a count is kept by."""

    DAY = "day"
    MONTH = "month"


def units(period: Period) -> list[tuple[Unit, Period]]:
    """The period as whole months, and days where it has none."""
    first = month_of(period.first)
    first, last = first if first == period.first else add_months(first, 1), month_of(period.end)
    if first >= last:
        return [(Unit.DAY, period)]
    parts = (
        (Unit.DAY, Period(period.first, first)),
        (Unit.MONTH, Period(first, last)),
        (Unit.DAY, Period(last, period.end)),
    )
    return [(unit, part) for unit, part in parts if part.first < part.end]


def whole_months(period: Period) -> Period:
    """From the start of its first month to the end of its last."""
    return Period(month_of(period.first), add_months(month_of(period.end - timedelta(seconds=1)), 1))


def start_of(month: datetime, every: Every) -> datetime:
    """The month in which the month's quarter, or year, starts."""
    return month.replace(month=month.month - (month.month - 1) % MONTHS[every])


def label(month: datetime, every: Every) -> str:
    """`2026-01`, `2026-Q1` or `2026`."""
    if every is Every.MONTH:
        return f"{month.year}-{month.month:02}"
    return f"{month.year}-Q{(month.month + 2) // 3}" if every is Every.QUARTER else str(month.year)


def spans(period: Period, every: Every) -> list[tuple[str, Period]]:
    """The months, quarters or years of the period with their labels; of the first and the last, what lies in it."""
    found, start = [], start_of(month_of(period.first), every)
    while start < period.end:
        end = add_months(start, MONTHS[every])
        found.append((label(start, every), Period(max(start, period.first), min(end, period.end))))
        start = end
    return found


def share(part: int, whole: int) -> float | None:
    """`part` of `whole` to four digits; None of nothing."""
    return round(part / whole, 4) if whole else None
