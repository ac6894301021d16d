"""A batch file's lines as orders; each that can't be taken is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from licensing.core import csv_files
from licensing.core.addresses import Address
from licensing.core.errors import ImportRefused, Refusal
from licensing.services import cells
from licensing.services.aside import doing
from licensing.services.cells import MAX_NAME, MAX_ORDER_NUMBER, Cells

REQUIRED = ("organization", "country", "email", "seats", "months")
OPTIONAL = ("name", "order_number")
CHECKERS, MANY = 3, 1_000
"""Processes that check the lines of a file with many."""


@dataclass(frozen=True, slots=True)
class Order:
    """What one line orders: a license of `seats` for `months`, for a new customer."""

    company: str
    country: str
    address: Address
    contact: str
    seats: int
    months: int
    order_number: str | None


def orders(data: bytes, require_term: Callable[[int, int], object]) -> list[Order]:
    """The orders in a file; `require_term` raises a Refusal for seats and months that are not sold.

    Raises ImportRefused with every line that can't be taken.
    """
    lines = csv_files.rows(data, REQUIRED, OPTIONAL)
    with doing(partial(_checked, require_term), lines, CHECKERS if len(lines) >= MANY else 1) as under_way:
        checked = under_way.results()
    problems = [each for each in checked if isinstance(each, tuple)]
    if problems:
        raise ImportRefused(problems)
    return [each for each in checked if isinstance(each, Order)]


def _checked(
    require_term: Callable[[int, int], object], lines: Sequence[csv_files.Line]
) -> list[Order | tuple[int, str]]:
    """The order of each line, or its number and what is wrong."""
    checked: list[Order | tuple[int, str]] = []
    for line in lines:
        try:
            order = _order(line.values)
            require_term(order.seats, order.months)
            checked.append(order)
        except ValueError as error:
            checked.append((line.number, str(error)))
        except Refusal as refusal:
            checked.append((line.number, refusal.detail))
    return checked


def _order(line: Cells) -> Order:
    """Raises ValueError with the reason."""
    company = cells.text(line, "organization", MAX_NAME, shortest=1)
    seats, months = cells.number(line, "seats"), cells.number(line, "months")
    return Order(
        company,
        cells.country(line),
        cells.address(line),
        cells.text(line, "name", MAX_NAME) or company,
        seats,
        months,
        cells.text(line, "order_number", MAX_ORDER_NUMBER) or None,
    )
