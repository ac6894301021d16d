"""Conversions over time: movements by month, quarter or year, and by tier (docs/reports.md)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import add
from typing import NamedTuple

from licensing.core.movements import What
from licensing.core.periods import Every, label, start_of

_ORDER = {what: number for number, what in enumerate(What)}


class MovementLine(NamedTuple):
    """The movements of one kind in a month, quarter or year: how many, their seats, and minor units of `currency`."""

    start: str
    tier: str
    what: What
    movements: int
    seats: int
    amount_minor: int
    currency: str


def movement_lines(
    every: Every, sums: Iterable[tuple[datetime, str, str, str, tuple[int, ...]]], tiers: Sequence[str]
) -> list[MovementLine]:
    """The lines, by time, tier in the order of `tiers`, and kind; `sums` are by month, kind, tier and currency."""
    found: dict[tuple[datetime, str, What, str], tuple[int, ...]] = {}
    kinds = {what.value: what for what in What}
    starts: dict[datetime, datetime] = {}
    for month, what, tier, currency, counts in sums:
        start = starts.get(month) or starts.setdefault(month, start_of(month, every))
        key = (start, tier, kinds[what], currency)
        found[key] = tuple(map(add, found[key], counts)) if key in found else counts
    rank = {tier: number for number, tier in enumerate(tiers)}
    ordered = sorted(found, key=lambda key: (key[0], rank.get(key[1], len(rank)), _ORDER[key[2]], key[3]))
    return [_line(every, key, found[key]) for key in ordered if any(found[key])]


def _line(every: Every, key: tuple[datetime, str, What, str], counts: tuple[int, ...]) -> MovementLine:
    start, tier, what, currency = key
    return MovementLine._make((label(start, every), tier, what, *counts, currency))
