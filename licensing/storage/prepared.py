"""Statements of the hot path, compiled once and given to the driver itself.

To build, cache and compile a statement for each request costs ten times what the driver needs for it. What is prepared
is an ordinary statement of SQLAlchemy with `bindparam`s; types are converted as SQLAlchemy would.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakSet

from sqlalchemy import ColumnElement, Dialect, Engine, Executable, Integer, bindparam, event, insert, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session

Row = tuple[Any, ...]
Convert = Callable[[Any], Any]


class Prepared:
    """A statement, and its words for each database. An INSERT or UPDATE takes a value for each of `columns` by name."""

    def __init__(self, statement: Executable, columns: Sequence[str] = ()) -> None:
        self._statement = statement
        self._columns = list(columns) or None
        self._compiled: dict[str, Compiled] = {}

    def first(self, session: Session, **values: object) -> Row | None:
        """The first row, as the session's transaction sees it."""
        return next(iter(self.all(session, **values)), None)

    def all(self, session: Session, **values: object) -> list[Row]:
        """All rows."""
        compiled, cursor = self._run(session, values)
        return [compiled.read(row) for row in cursor.fetchall()]

    def run(self, session: Session, **values: object) -> int:
        """How many rows were written."""
        _, cursor = self._run(session, values)
        return int(cursor.rowcount)

    def on(self, dialect: Dialect) -> Compiled:
        """The statement in the words of the dialect."""
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = Compiled(self._statement, self._columns, dialect)
        return compiled

    def _run(self, session: Session, values: Mapping[str, object]) -> tuple[Compiled, Any]:
        session.flush()
        connection = session.connection()
        compiled = self.on(connection.dialect)
        driver = connection.connection.driver_connection
        try:
            return compiled, compiled.execute(driver, values)
        except connection.dialect.loaded_dbapi.Error as error:
            raise _translated(compiled, error, connection.dialect) from error


def rewriting(row: type[DeclarativeBase]) -> Prepared:
    """The UPDATE of one row, all its columns by name; `own` is its id, which stays.

    To write an id, even the same, makes SQLite look for rows that refer to it.
    """
    table = row.__table__
    columns = [column.name for column in table.columns if not column.primary_key]
    return Prepared(update(row).where(table.c.id == bindparam("own")), columns)


def inserting(row: type[DeclarativeBase]) -> Prepared:
    """The INSERT of one row, all its columns by name but an `id` that the database counts."""
    columns = [column for column in row.__table__.columns if not (column.primary_key and _is_counted(column))]
    return Prepared(insert(row).inline(), [column.name for column in columns])


def _is_counted(column: ColumnElement[Any]) -> bool:
    return column.name == "id" and isinstance(column.type, Integer)  # BigInteger is one, too


class Reader:
    """Asks outside of a transaction, in one round trip, on a connection of the thread's own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._of_thread = _OfThread()
        self._held: WeakSet[_Held] = WeakSet()
        event.listen(engine, "engine_disposed", self._close_all)

    def first(self, question: Prepared, values: Mapping[str, object]) -> Row | None:
        """The first row; raises SQLAlchemy's DBAPIError. A connection lost since the last question is made anew."""
        dialect = self._engine.dialect
        compiled, error_of_driver = question.on(dialect), dialect.loaded_dbapi.Error
        held = self._of_thread.held
        if held is not None:
            try:
                return compiled.first(held.connection, values)
            except error_of_driver:
                self._of_thread.held = None
        try:
            held = _Held(self._connect())
            row = compiled.first(held.connection, values)
        except error_of_driver as error:
            raise _translated(compiled, error, dialect) from error
        self._of_thread.held = held
        self._held.add(held)
        return row

    def _connect(self) -> Any:
        """A connection as the pool prepares it, that the pool forgets; each statement is a transaction of its own."""
        pooled = self._engine.raw_connection()
        connection: Any = pooled.driver_connection
        pooled.detach()
        if self._engine.dialect.name == "postgresql":
            connection.autocommit = True
        return connection

    def _close_all(self, _: Engine) -> None:
        for held in list(self._held):
            held.connection.close()


class _Held:
    """One thread's connection, closed with the thread."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection

    def __del__(self) -> None:
        self.connection.close()


class _OfThread(threading.local):
    held: _Held | None = None


class Compiled:
    """A statement in the driver's own words, its values and rows in the driver's own types."""

    def __init__(self, statement: Any, columns: list[str] | None, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self.sql = str(compiled)
        self._names = None if compiled.positiontup is None else tuple(compiled.positiontup)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        bound = {name: parameter.type.dialect_impl(dialect) for parameter, name in compiled.bind_names.items()}
        self._writers = _converters((name, type.bind_processor(dialect)) for name, type in bound.items())
        read = getattr(statement, "selected_columns", ())
        self._readers = _converters(
            (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for place, column in enumerate(read)
        )

    def execute(self, connection: Any, values: Mapping[str, object]) -> Any:
        """The driver's cursor."""
        named = {**self._fixed, **values}
        for name, write in self._writers:
            named[name] = write(named[name])
        return connection.execute(self.sql, named if self._names is None else [named[name] for name in self._names])

    def first(self, connection: Any, values: Mapping[str, object]) -> Row | None:
        row = self.execute(connection, values).fetchone()
        return None if row is None else self.read(row)

    def read(self, row: Sequence[Any]) -> Row:
        converted = list(row)
        for place, read in self._readers:
            converted[place] = read(converted[place])
        return tuple(converted)


def _converters(all: Any) -> list[tuple[Any, Convert]]:
    return [(key, convert) for key, convert in all if convert is not None]


def _translated(compiled: Compiled, error: Exception, dialect: Dialect) -> Exception:
    """The driver's error as SQLAlchemy's own."""
    return DBAPIError.instance(compiled.sql, None, error, dialect.loaded_dbapi.Error, dialect=dialect)
