"""Retention: of the seats that were live when a span started, how many were when it was over (docs/reports.md)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from licensing.core.periods import MONTHS, Every, label, share
from licensing.core.sales import add_months


class RetentionLine(NamedTuple):
    """A month, a quarter of the year, or twelve months from any on.

    `kept` never counts what somebody added, `after` does; both are None while the span is not over.
    """

    start: str
    seats: int
    kept: int | None
    after: int | None
    gross: float | None
    net: float | None


def retention(every: Every, sums: Iterable[tuple[datetime, int, int, int]], now: datetime) -> list[RetentionLine]:
    """The lines; `sums` are the first month of each span, and the counts of core.tallies.RetentionCell."""
    return [_line(every, *each, now) for each in sorted(sums) if each[0] <= now and any(each[1:])]


def _line(every: Every, month: datetime, seats: int, kept: int, after: int, now: datetime) -> RetentionLine:
    name = label(month, Every.MONTH if every is Every.YEAR else every)
    if add_months(month, MONTHS[every]) > now:
        return RetentionLine(name, seats, None, None, None, None)
    return RetentionLine(name, seats, kept, after, share(kept, seats), share(after, seats))
