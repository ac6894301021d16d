"""A batch file's lines as orders; each that can't be taken is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from licensing.core.addresses import Address
from licensing.core.csv_files import Line, rows
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


def lines_of(data: bytes) -> list[Line]:
    """The lines of a file; raises ImportRefused for what is no such file."""
    return rows(data, REQUIRED, OPTIONAL)


def require_orders(lines: Sequence[Line], terms: Callable[[int, int], object]) -> None:
    """Raises ImportRefused with every line that is no order; `terms` raises a Refusal for what is not sold."""
    with doing(partial(_problems, terms), lines, CHECKERS if len(lines) >= MANY else 1) as under_way:
        problems = [problem for some in under_way.results() for problem in some]
    if problems:
        raise ImportRefused(problems)


def order(line: Line) -> Order:
    """What the line orders; raises ImportRefused with its number and what is wrong."""
    try:
        return _order(line.values)
    except ValueError as error:
        raise ImportRefused([(line.number, str(error))]) from error


def _problems(terms: Callable[[int, int], object], lines: Sequence[Line]) -> list[tuple[int, str]]:
    """The number of each line that is no order, and what is wrong."""
    problems: list[tuple[int, str]] = []
    for line in lines:
        try:
            ordered = order(line)
            terms(ordered.seats, ordered.months)
        except ImportRefused as refusal:
            problems += refusal.problems
        except Refusal as refusal:
            problems.append((line.number, refusal.detail))
    return problems


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
