"""Past sales: each line by itself, and beside the others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from licensing.core.addresses import fold
from licensing.core.imports import FIRST_DAY, PastSale, charge, contradictions, customer_key, minor_units, require_sound
from licensing.core.ledger import Kind
from licensing.core.licenses import MAX_SEATS, MAX_TERM_DAYS
from licensing.core.sales import Charge

NOW = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
START = datetime(2025, 6, 1, tzinfo=UTC)
SALE = PastSale(
    2,
    "Acme GmbH",
    "DE",
    fold("it@acme.example"),
    "Jane",
    25,
    START,
    START + timedelta(days=365),
    START,
    Charge("A-0", None, None, None),
    None,
    Kind.SOLD,
)


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("1200.00", "EUR", 120_000),
        ("1200", "EUR", 120_000),
        ("0.5", "EUR", 50),
        ("0", "EUR", 0),
        ("999999999999.99", "USD", 99_999_999_999_999),
        ("1200", "JPY", 1_200),
        ("1.234", "KWD", 1_234),
    ],
)
def test_an_amount_is_read_by_its_digits(amount: str, currency: str, minor: int) -> None:
    assert minor_units(amount, currency) == minor


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("-1", "EUR"),
        ("1.234", "EUR"),
        ("1.0", "JPY"),
        ("1,200.00", "EUR"),
        ("1e3", "EUR"),
        ("1.", "EUR"),
        (".5", "EUR"),
        ("١", "EUR"),
        ("1000000000000", "EUR"),
        ("1", "eur"),
        ("1", "EURO"),
    ],
)
def test_an_amount_that_could_mean_something_else_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"amount|currency"):
        minor_units(amount, currency)


@pytest.mark.parametrize(("amount", "currency"), [("1.00", ""), ("", "EUR")])
def test_amount_and_currency_go_together(amount: str, currency: str) -> None:
    with pytest.raises(ValueError, match="together"):
        charge("A-1", amount, currency)


def test_an_order_without_an_amount_is_kept() -> None:
    assert charge("A-1", "", "") == Charge("A-1", None, None, None)


@pytest.mark.parametrize(
    "sale",
    [
        replace(SALE, seats=1),
        replace(SALE, seats=MAX_SEATS),
        replace(SALE, ends_at=START + timedelta(days=1)),
        replace(SALE, ends_at=START + timedelta(days=MAX_TERM_DAYS)),
        replace(SALE, sold_at=FIRST_DAY),
        replace(SALE, sold_at=NOW),
    ],
)
def test_what_can_have_been_is_taken(sale: PastSale) -> None:
    require_sound(sale, NOW)


@pytest.mark.parametrize(
    "sale",
    [
        replace(SALE, seats=0),
        replace(SALE, seats=MAX_SEATS + 1),
        replace(SALE, ends_at=START),
        replace(SALE, ends_at=START + timedelta(days=MAX_TERM_DAYS + 1)),
        replace(SALE, sold_at=FIRST_DAY - timedelta(days=1)),
        replace(SALE, sold_at=NOW + timedelta(seconds=1)),
    ],
)
def test_what_can_not_have_been_is_refused(sale: PastSale) -> None:
    with pytest.raises(ValueError, match=r"."):
        require_sound(sale, NOW)


def test_case_and_blanks_do_not_make_another_customer_but_the_country_does() -> None:
    assert customer_key("ACME  GmbH", "DE") == customer_key("Acme gmbh", "DE")
    assert customer_key("Acme GmbH", "AT") != customer_key("Acme GmbH", "DE")


def test_each_line_of_an_order_number_that_stands_twice_is_named() -> None:
    paid = replace(SALE, charge=Charge("A-1", None, None, None), company="Other")
    lines = [SALE, replace(paid, number=3), replace(paid, number=4, company="Third")]

    assert [number for number, _ in contradictions(lines, {}, NOW)] == [3, 4]


def test_running_terms_of_one_customer_may_meet_and_not_overlap() -> None:
    meeting = replace(
        SALE, charge=charge("A-3", "", ""), number=3, starts_at=SALE.ends_at, ends_at=SALE.ends_at + timedelta(days=30)
    )
    overlapping = replace(meeting, starts_at=SALE.ends_at - timedelta(days=1))

    assert list(contradictions([SALE, meeting], {}, NOW)) == []
    assert [number for number, _ in contradictions([SALE, overlapping], {}, NOW)] == [3]
    assert list(contradictions([SALE, replace(overlapping, country="AT")], {}, NOW)) == []


def test_a_term_is_over_at_its_end() -> None:
    assert SALE.is_running(SALE.ends_at - timedelta(seconds=1))
    assert not SALE.is_running(SALE.ends_at)
