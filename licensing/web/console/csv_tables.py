"""The tables of a page as files: `?format=csv` is its first table, `&table=<name>` another one of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from flask import Response, request

from licensing.core.errors import InvalidFields
from licensing.services.reports import Report
from licensing.web.api.tables import Format, presented


def asked_table(*tables: str) -> str | None:
    """Which of the page's tables is asked for as a file; None when it is the page. Raises InvalidFields."""
    if request.args.get("format") != Format.CSV:
        return None
    name = request.args.get("table") or tables[0]
    if name not in tables:
        raise InvalidFields({"table": [f"Must be one of {', '.join(tables)}."]})
    return name


def fields_csv(name: str, columns: Sequence[str], rows: Iterable[object]) -> Response:
    """The file `name` with the fields `columns` of each row."""
    return lines_csv(name, columns, [tuple(getattr(row, column) for column in columns) for row in rows])


def members_csv(name: str, rows: Sequence[Mapping[str, object]], id_column: str) -> Response:
    """The same of rows as the API has them, all with the same members; without rows it has `id_column` alone."""
    columns = tuple(rows[0]) if rows else (id_column,)
    return lines_csv(name, columns, [tuple(row.values()) for row in rows])


def lines_csv(name: str, columns: Sequence[str], lines: Sequence[tuple[object, ...]]) -> Response:
    """The same of lines."""
    response = presented(Report(tuple(columns), lines, {}), Format.CSV)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
