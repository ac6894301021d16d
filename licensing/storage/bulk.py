"""Many rows at once, past the ORM: COPY on PostgreSQL, `executemany` on SQLite. Nothing is converted on the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import IntFlag, StrEnum
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from licensing.storage.database import Base

Row = tuple[Any, ...]


class Rows(NamedTuple):
    """What `insert` writes: rows that may have been made in another process."""

    table: type[Base]
    columns: Sequence[str]
    rows: Sequence[Row]


def stored(value: object) -> object:
    """A value as both databases keep it."""
    if isinstance(value, datetime):
        return int(value.timestamp())
    if isinstance(value, IntFlag):
        return int(value)
    return str(value) if isinstance(value, StrEnum) else value


def insert(session: Session, table: type[Base], columns: Sequence[str], rows: Sequence[Row]) -> None:
    """Writes `rows`, each with its values in the order of `columns`, as the database keeps them.

    Times are Unix seconds, JSON is its text; a column that is not named gets the database's default.
    """
    if not rows:
        return
    name = _quoted(session, table, columns)
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        _copy(connection.connection.dbapi_connection, f"COPY {name} FROM STDIN", rows)
        return
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO {name} VALUES ({marks})"  # noqa: S608 - names of our own tables
    connection.exec_driver_sql(statement, list(rows))


def _copy(connection: Any, command: str, rows: Iterable[Row]) -> None:
    with connection.cursor() as cursor, cursor.copy(command) as copy:
        for row in rows:
            copy.write_row(row)


def _quoted(session: Session, table: type[Base], columns: Sequence[str]) -> str:
    """`table (column, …)`, in names that the schema knows."""
    quote = session.get_bind().dialect.identifier_preparer.quote
    known = (table.__table__.columns[column].name for column in columns)
    return f"{quote(table.__tablename__)} ({', '.join(map(quote, known))})"
