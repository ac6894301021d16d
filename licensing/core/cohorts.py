"""Cohorts: how many of a month's registrations convert, and how long it takes (docs/reports.md)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from licensing.core.periods import Every, day_of, label, month_of, share
from licensing.core.sales import add_months

WITHIN = (30, 60, 90, 180, 365)
_DAY = timedelta(days=1)


class Registrations(NamedTuple):
    """Customers registered on `day`: how many, and how many of them converted or bought directly until now."""

    day: datetime
    registered: int
    converted: int
    direct: int


class Conversions(NamedTuple):
    """`customers` registered in `month` and converted after `days` whole days."""

    month: datetime
    days: int
    customers: int


class CohortLine(NamedTuple):
    """Customers who registered in `month`; what is not old enough to be told is None.

    `within_30` is how many converted within 30 days, `share_30` which share that is.
    """

    month: str
    registered: int
    converted: int
    direct: int
    within_30: int | None
    within_60: int | None
    within_90: int | None
    within_180: int | None
    within_365: int | None
    share_30: float | None
    share_60: float | None
    share_90: float | None
    share_180: float | None
    share_365: float | None
    median_days: int | None


class CurvePoint(NamedTuple):
    """`converted` is the share that has converted when `days` whole days have passed since the registration."""

    days: int
    converted: float


def cohorts(
    registrations: Iterable[Registrations], conversions: Iterable[Conversions], now: datetime
) -> list[CohortLine]:
    """A line a month, the first one first."""
    days: dict[datetime, list[Registrations]] = {}
    for each in registrations:
        days.setdefault(month_of(each.day), []).append(each)
    converted: defaultdict[datetime, Counter[int]] = defaultdict(Counter)
    for month, after, count in conversions:
        converted[month][after] += count
    return [_line(month, days[month], converted[month], now) for month in sorted(days)]


def median_days(
    registrations: Iterable[Registrations], conversions: Iterable[Conversions], now: datetime
) -> int | None:
    """The first day by which half have converted; None while that has not come."""
    return _median(_by_days(conversions), watched(registrations, now))


def curve(
    registrations: Iterable[Registrations], conversions: Iterable[Conversions], now: datetime
) -> list[CurvePoint]:
    """How the share of those who converted grows: from the day of the registration to the last that was watched."""
    censored = watched(registrations, now)
    steps = {day: 1 - still_open for day, still_open in open_after(_by_days(conversions), censored)}
    if not steps:
        return []
    ends = {0: 0.0, max([*steps, *censored]): steps[max(steps)]}
    return [CurvePoint(day, round(converted, 4)) for day, converted in sorted({**ends, **steps}.items())]


def watched(registrations: Iterable[Registrations], now: datetime) -> Counter[int]:
    """How many have not bought, by the whole days they were watched until today."""
    today, found = day_of(now), Counter[int]()
    for day, registered, converted, direct in registrations:
        found[max((today - day) // _DAY - 1, 0)] += registered - converted - direct
    return found


def open_after(converted: Mapping[int, int], censored: Mapping[int, int]) -> Iterator[tuple[int, float]]:
    """Each day somebody converted on, and the share that is still open after it: Kaplan and Meier (1958), eq. 2b.

    `converted` and `censored` are how many did, or were lost from sight, by the whole days since they registered; on
    the same day, the conversions come first.
    """
    at_risk, still_open = sum(converted.values()) + sum(censored.values()), 1.0
    for day in sorted({*converted, *censored}):
        events = converted.get(day, 0)
        if events:
            still_open *= 1 - events / at_risk
            yield day, still_open
        at_risk -= events + censored.get(day, 0)


def _by_days(conversions: Iterable[Conversions]) -> Counter[int]:
    converted: Counter[int] = Counter()
    for _, after, count in conversions:
        converted[after] += count
    return converted


def _median(converted: Mapping[int, int], censored: Mapping[int, int]) -> int | None:
    return next((day for day, still_open in open_after(converted, censored) if still_open <= _HALF), None)


_HALF = 0.5 + 1e-12
"""Half, for a product of fractions."""


def _line(month: datetime, days: list[Registrations], converted: Counter[int], now: datetime) -> CohortLine:
    registered = sum(each.registered for each in days)
    end = add_months(month, 1)
    soon = [(after, count) for after, count in converted.items() if after < WITHIN[-1]]
    within = [
        sum(count for after, count in soon if after < limit) if end + limit * _DAY <= now else None for limit in WITHIN
    ]
    bought = (sum(each.converted for each in days), sum(each.direct for each in days))
    shares = [None if count is None else share(count, registered) for count in within]
    median = _median(converted, watched(days, now))
    return CohortLine._make((label(month, Every.MONTH), registered, *bought, *within, *shares, median))
