"""The funnel: how many of those who registered came how far (docs/reports.md)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from licensing.core.periods import share


class By(StrEnum):
    """What the rows of a funnel are."""

    ALL = "all"
    TIER = "tier"
    COUNTRY = "country"
    SALESPERSON = "salesperson"
    SOURCE = "source"


class Step(StrEnum):
    """How far a customer may come; a purchase without a trial before it is beside the way, not on it."""

    REGISTERED = "registered"
    CONFIRMED = "confirmed"
    ACTIVATED = "activated"
    FULL = "full"
    OVER = "over"
    QUOTED = "quoted"
    CONVERTED = "converted"
    DIRECT = "direct"


OF_WHOLE = frozenset({By.TIER, By.SALESPERSON})
"""Rows that are only known once somebody buys: their shares are of all who registered, and add up."""


class FunnelLine(NamedTuple):
    """One row: how many reached each step, and which share that is of those who registered.

    `name` is what people call `value`.
    """

    value: str
    name: str
    registered: int
    confirmed: int
    activated: int
    full: int
    over: int
    quoted: int
    converted: int
    direct: int
    confirmed_share: float | None
    activated_share: float | None
    full_share: float | None
    over_share: float | None
    quoted_share: float | None
    converted_share: float | None


def funnel(
    by: By, counts: Iterable[tuple[str, tuple[int, ...]]], names: Mapping[str, str] = MappingProxyType({})
) -> list[FunnelLine]:
    """The rows, most registered first. `counts` are those of core.tallies.FunnelCell, by value."""
    rows = sorted(((value, row) for value, row in counts if any(row)), key=lambda each: (-each[1][0], each[0]))
    whole = sum(row[0] for _, row in rows)
    return [_line(value, names.get(value, value), row, whole if by in OF_WHOLE else row[0]) for value, row in rows]


def _line(value: str, name: str, row: tuple[int, ...], whole: int) -> FunnelLine:
    shares = (share(count, whole) for count in row[1:-1])
    return FunnelLine._make((value, name, *row, *shares))
