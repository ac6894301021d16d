"""Tables as JSON and as CSV: the same columns, values and order."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from urllib.parse import urlencode

from flask import Response, request

from licensing.core import csv_files
from licensing.services.reports import Report
from licensing.web.api.presenting import answer, moment


class Format(StrEnum):
    """How a table is sent."""

    JSON = "json"
    CSV = "csv"


def presented(report: Report, format: Format) -> Response:
    """The table. In CSV, where a list goes on is a `Link` header (RFC 8288), and reasons stand in one cell."""
    lines = [[_value(cell) for cell in line] for line in report.lines]
    after = None if report.next is None else report.next.text()
    if format is Format.CSV:
        return _csv(report.columns, lines, after)
    rows = [dict(zip(report.columns, line, strict=True)) for line in lines]
    facts = {name: _value(value) for name, value in report.facts.items()}
    return answer({**facts, "rows": rows, "next": after})


def _csv(columns: tuple[str, ...], lines: list[list[object]], after: str | None) -> Response:
    cells = [["; ".join(cell) if isinstance(cell, list) else cell for cell in line] for line in lines]
    response = Response(csv_files.written(columns, cells), content_type="text/csv; charset=utf-8")
    name = request.path.rsplit("/", 1)[-1]
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    if after is not None:
        query = urlencode({**request.args.to_dict(), "after": after})
        response.headers["Link"] = f'<{request.path}?{query}>; rel="next"'
    return response


def _value(value: object) -> object:
    """As JSON has it: moments and days as text, tuples as lists."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
