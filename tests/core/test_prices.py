"""What a term costs: dated lists, whole minor units, half up, three roundings and no more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from licensing.core import money
from licensing.core.errors import PriceUnknown, TermRefused
from licensing.core.prices import Amount, Period, Price, VolumeDiscount, amount, days_between

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
JULY = datetime(2026, 7, 1, tzinfo=UTC)
PRICES = [
    Price("EUR", 120_000, JANUARY),
    Price("EUR", 130_000, JULY),
    Price("USD", 99_999, JANUARY),
    Price("JPY", 150_001, JANUARY),
]
SCHEDULE = [
    VolumeDiscount(11, 10, JANUARY),
    VolumeDiscount(101, 20, JANUARY),
    VolumeDiscount(101, 25, JULY),
    VolumeDiscount(11, 0, datetime(2027, 1, 1, tzinfo=UTC)),
]


def cost(
    seats: int = 10,
    period: Period | None = None,
    currency: str = "EUR",
    discount: int = 0,
    on: datetime = JANUARY,
    total: int | None = None,
) -> Amount:
    return amount(seats, period or Period(months=12), currency, discount, on, PRICES, SCHEDULE, total_seats=total)


def test_a_year_costs_seats_times_the_list_price() -> None:
    price = cost(seats=10)

    assert (price.list_minor, price.volume_minor, price.discount_minor) == (1_200_000, 0, 0)
    assert price.total_minor == 1_200_000


@pytest.mark.parametrize(("seats", "percent"), [(1, 0), (10, 0), (11, 10), (100, 10), (101, 20), (100_000, 20)])
def test_the_volume_discount_is_that_of_the_highest_step_reached(seats: int, percent: int) -> None:
    assert cost(seats=seats).volume_percent == percent


def test_the_discount_is_taken_off_what_the_volume_discount_leaves() -> None:
    price = cost(seats=20, discount=50)

    assert (price.list_minor, price.volume_minor, price.discount_minor) == (2_400_000, 240_000, 1_080_000)
    assert price.total_minor == 1_080_000


def test_seats_on_top_of_others_get_the_volume_discount_of_all() -> None:
    assert cost(seats=5, total=105).volume_percent == 20


@pytest.mark.parametrize(
    ("on", "unit", "percent"),
    [
        (datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC), 120_000, 20),
        (JULY, 130_000, 25),
        (datetime(2030, 1, 1, tzinfo=UTC), 130_000, 25),
    ],
)
def test_prices_and_steps_are_those_of_the_day(on: datetime, unit: int, percent: int) -> None:
    price = cost(seats=101, on=on)

    assert (price.node_year_minor, price.volume_percent) == (unit, percent)


def test_a_step_of_nothing_ends_a_discount() -> None:
    assert cost(seats=11, on=datetime(2027, 1, 1, tzinfo=UTC)).volume_percent == 0


@pytest.mark.parametrize(
    ("period", "list_minor"),
    [
        (Period(months=1), 8_333),  # 8,333.25
        (Period(months=6), 50_000),  # 49,999.5 is rounded up
        (Period(months=13), 108_332),  # 108,332.25
        (Period(days=1), 274),  # 273.97
        (Period(days=365), 99_999),
        (Period(days=182), 49_863),  # 49,862.5 and a bit
    ],
)
def test_parts_of_a_year_are_rounded_half_up(period: Period, list_minor: int) -> None:
    assert cost(seats=1, period=period, currency="USD").list_minor == list_minor


def test_the_sums_add_up_for_every_discount() -> None:
    for percent in range(101):
        price = cost(seats=13, period=Period(months=7), currency="JPY", discount=percent)

        assert price.list_minor - price.volume_minor - price.discount_minor == price.total_minor >= 0
    assert price.total_minor == 0


@pytest.mark.parametrize(("currency", "on"), [("XXX", JANUARY), ("EUR", datetime(2025, 12, 31, tzinfo=UTC))])
def test_a_currency_without_a_price_is_refused(currency: str, on: datetime) -> None:
    with pytest.raises(PriceUnknown):
        cost(currency=currency, on=on)


@pytest.mark.parametrize("percent", [-1, 101])
def test_a_discount_is_a_part_of_the_price(percent: int) -> None:
    with pytest.raises(TermRefused):
        cost(discount=percent)


def test_a_begun_day_is_a_day() -> None:
    assert days_between(JANUARY, datetime(2026, 1, 2, tzinfo=UTC)).days == 1
    assert days_between(JANUARY, datetime(2026, 1, 2, 0, 0, 1, tzinfo=UTC)).days == 2
    with pytest.raises(TermRefused):
        days_between(JANUARY, JANUARY)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (3_000_000, "EUR", "30,000.00 EUR"),
        (5, "EUR", "0.05 EUR"),
        (-123_456, "USD", "-1,234.56 USD"),
        (150_001, "JPY", "150,001 JPY"),
        (1_500, "KWD", "1.500 KWD"),
    ],
)
def test_money_is_spelled_with_its_currencys_digits(minor: int, currency: str, text: str) -> None:
    assert money.spelled(minor, currency) == text
