"""An import file's lines as sales of before; each that can't be taken is named."""

from __future__ import annotations

from datetime import datetime

from licensing.core import csv_files
from licensing.core.imports import KINDS, PastSale, charge, require_sound
from licensing.core.ledger import Kind
from licensing.services import cells
from licensing.services.cells import MAX_NAME, MAX_ORDER_NUMBER

REQUIRED = ("organization", "country", "email", "seats", "start", "end", "sold_on", "order_number")
"""The order's number is what tells a sale that is in the book already: without it a file applied twice would double."""
OPTIONAL = ("name", "amount", "currency", "support", "kind")


def past_sales(data: bytes, now: datetime) -> tuple[list[PastSale], list[tuple[int, str]]]:
    """The sales in a file, and the lines that are none. Raises ImportRefused for what is no such file."""
    problems: list[tuple[int, str]] = []
    taken: list[PastSale] = []
    for line in csv_files.rows(data, REQUIRED, OPTIONAL):
        try:
            sale = _sale(line)
            require_sound(sale, now)
            taken.append(sale)
        except ValueError as error:
            problems.append((line.number, str(error)))
    return taken, problems


def _sale(line: csv_files.Line) -> PastSale:
    values = line.values
    kind = values["kind"] or Kind.SOLD
    if kind not in KINDS:
        raise ValueError(f"kind must be {' or '.join(KINDS)}.")
    company = cells.text(values, "organization", MAX_NAME, shortest=1)
    return PastSale(
        line.number,
        company,
        cells.country(values),
        cells.address(values),
        cells.text(values, "name", MAX_NAME) or company,
        cells.number(values, "seats"),
        cells.day(values, "start"),
        cells.day(values, "end"),
        cells.day(values, "sold_on"),
        charge(cells.text(values, "order_number", MAX_ORDER_NUMBER, shortest=1), values["amount"], values["currency"]),
        values["support"] or None,
        Kind(kind),
    )
