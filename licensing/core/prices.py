"""Prices: a dated list price a node and year, a dated volume schedule, and what a term costs.

Money is whole minor units of a currency (cents). Every step rounds half up to a minor unit, and there are only three:
the list amount, the volume discount and the salesperson's discount on what is left.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from licensing.core.errors import PriceUnknown, TermRefused

DAYS_A_YEAR = 365
MONTHS_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Price:
    """From `valid_from` on, one node costs `node_year_minor` a year in `currency` (ISO 4217)."""

    currency: str
    node_year_minor: int
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class VolumeDiscount:
    """From `valid_from` on, `min_seats` and more come with `percent` off the list price."""

    min_seats: int
    percent: int
    valid_from: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """What is paid for: whole months, or days of a year of 365. One of them is None."""

    months: int | None = None
    days: int | None = None

    def __str__(self) -> str:
        return f"{self.months} months" if self.months is not None else f"{self.days} days"


@dataclass(frozen=True, slots=True)
class Amount:
    """A price and how it came about: list − volume discount − discount = total, all in minor units of `currency`."""

    currency: str
    node_year_minor: int
    seats: int
    period: Period
    list_minor: int
    volume_percent: int
    volume_minor: int
    discount_percent: int
    discount_minor: int
    total_minor: int


def days_between(start: datetime, end: datetime) -> Period:
    """The days of [start, end), begun ones counted whole; raises TermRefused when there are none."""
    days = -((start - end) // timedelta(days=1))
    if days < 1:
        raise TermRefused("A term must end after it starts.")
    return Period(days=days)


def amount(
    seats: int,
    period: Period,
    currency: str,
    discount_percent: int,
    on: datetime,
    prices: Iterable[Price],
    schedule: Iterable[VolumeDiscount],
    *,
    total_seats: int | None = None,
) -> Amount:
    """What `seats` cost for `period` by the list of the day `on`. Raises PriceUnknown.

    The volume discount is that of `total_seats`, when these come on top of others.
    """
    if not 0 <= discount_percent <= 100:
        raise TermRefused(f"A discount is 0 to 100 percent, not {discount_percent}.")
    price = price_on(currency, on, prices)
    volume_percent = volume_percent_on(total_seats or seats, on, schedule)
    if period.months is not None:
        list_minor = _rounded(price.node_year_minor * seats * period.months, MONTHS_A_YEAR)
    else:
        list_minor = _rounded(price.node_year_minor * seats * (period.days or 0), DAYS_A_YEAR)
    volume_minor = _rounded(list_minor * volume_percent, 100)
    discount_minor = _rounded((list_minor - volume_minor) * discount_percent, 100)
    return Amount(
        currency=currency,
        node_year_minor=price.node_year_minor,
        seats=seats,
        period=period,
        list_minor=list_minor,
        volume_percent=volume_percent,
        volume_minor=volume_minor,
        discount_percent=discount_percent,
        discount_minor=discount_minor,
        total_minor=list_minor - volume_minor - discount_minor,
    )


def price_on(currency: str, on: datetime, prices: Iterable[Price]) -> Price:
    """The list price in force; raises PriceUnknown."""
    valid = [price for price in prices if price.currency == currency and price.valid_from <= on]
    if not valid:
        raise PriceUnknown(f"There is no price in {currency} on {on.date()}.")
    return max(valid, key=lambda price: price.valid_from)


def volume_percent_on(seats: int, on: datetime, schedule: Iterable[VolumeDiscount]) -> int:
    """The discount of the highest step reached; a later row of the same step replaces the earlier."""
    valid = sorted((row for row in schedule if row.valid_from <= on), key=lambda row: row.valid_from)
    steps = {row.min_seats: row.percent for row in valid}
    reached = [step for step in steps if step <= seats]
    return steps[max(reached)] if reached else 0


def _rounded(numerator: int, denominator: int) -> int:
    """The quotient, half up."""
    return (2 * numerator + denominator) // (2 * denominator)
