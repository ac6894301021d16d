"""Statements of the hot path, compiled once and given to the driver itself.

To build, cache and compile a statement for each request costs ten times what the driver needs for it. What is prepared
is an ordinary statement of SQLAlchemy with `bindparam`s; types are converted as SQLAlchemy would.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Dialect, Executable, Integer, bindparam, insert, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction

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
        return list(map(compiled.read, cursor.fetchall())) if compiled.readers else cursor.fetchall()

    def run(self, session: Session, **values: object) -> int:
        """How many rows were written."""
        _, cursor = self._run(session, values)
        return int(cursor.rowcount)

    def run_each(self, session: Session, rows: Sequence[Mapping[str, object]]) -> None:
        """Writes with the values of each row, as one statement."""
        dialect, driver = _under(session)
        compiled = self.on(dialect)
        session.flush()
        try:
            compiled.execute_each(driver, rows)
        except dialect.loaded_dbapi.Error as error:
            raise translated(compiled.sql, error, dialect) from error

    def on(self, dialect: Dialect) -> Compiled:
        """The statement in the words of the dialect."""
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = Compiled(self._statement, self._columns, dialect)
        return compiled

    def _run(self, session: Session, values: Mapping[str, object]) -> tuple[Compiled, Any]:
        session.flush()
        dialect, driver = _under(session)
        compiled = self.on(dialect)
        try:
            return compiled, compiled.execute(session.info.get(CURSOR, driver), values)
        except dialect.loaded_dbapi.Error as error:
            raise translated(compiled.sql, error, dialect) from error


@contextmanager
def queued(session: Session) -> Iterator[None]:
    """Statements that are `run` in the block go to the server together, where the database is one.

    PostgreSQL answers them when rows are asked for, or at the end of the block (libpq's pipeline mode): until then an
    error is not known, nor how many rows were written.
    """
    dialect, driver = _under(session)
    if dialect.name != "postgresql":
        yield
        return
    cursor = session.info.pop(CURSOR, None)  # answers that are still to come need one each
    try:
        with driver.pipeline():
            yield
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance("(queued)", None, error, dialect.loaded_dbapi.Error, dialect=dialect) from error
    finally:
        if cursor is not None:
            session.info[CURSOR] = cursor


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


class Compiled:
    """A statement in the driver's own words, its values and rows in the driver's own types."""

    def __init__(self, statement: Any, columns: list[str] | None, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=columns)
        self.sql = str(compiled)
        # Answers in PostgreSQL's own bytes: as text a hash is twice as long, and read digit by digit.
        self._options = {"binary": True} if dialect.name == "postgresql" else {}
        self._names = None if compiled.positiontup is None else tuple(compiled.positiontup)
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        bound = {name: parameter.type.dialect_impl(dialect) for parameter, name in compiled.bind_names.items()}
        self._writers = _converters((name, type.bind_processor(dialect)) for name, type in bound.items())
        read = getattr(statement, "selected_columns", ())
        self.readers = _converters(
            (place, column.type.dialect_impl(dialect).result_processor(dialect, None))
            for place, column in enumerate(read)
        )

    def execute(self, asked: Any, values: Mapping[str, object]) -> Any:
        """The driver's cursor: `asked` itself, or a new one of the connection `asked`."""
        return asked.execute(self.sql, self._given(values), **self._options)

    def execute_each(self, connection: Any, rows: Sequence[Mapping[str, object]]) -> None:
        connection.cursor().executemany(self.sql, [self._given(values) for values in rows])

    def _given(self, values: Mapping[str, object]) -> Any:
        """The values as the driver takes them: by name, or in order."""
        named = {**self._fixed, **values}
        for name, write in self._writers:
            named[name] = write(named[name])
        return named if self._names is None else [named[name] for name in self._names]

    def first(self, asked: Any, values: Mapping[str, object]) -> Row | None:
        row = self.execute(asked, values).fetchone()
        return None if row is None else self.read(row)

    def read(self, row: Sequence[Any]) -> Row:
        if not self.readers:
            return tuple(row)
        converted = list(row)
        for place, read in self.readers:
            converted[place] = read(converted[place])
        return tuple(converted)


def _under(session: Session) -> tuple[Dialect, Any]:
    """The session's dialect and the driver's connection, looked up once a transaction: that is what begins it."""
    begun, dialect, driver = session.info.get(UNDER, (None, None, None))
    if begun is ALL_ITS_LIFE:
        if session.get_nested_transaction() is not None:
            session.connection()  # that is what makes the savepoint
    elif begun is None or begun is not _innermost(session):
        connection = session.connection()
        dialect, driver = connection.dialect, connection.connection.dbapi_connection
        session.info[UNDER] = _innermost(session), dialect, driver
    return dialect, driver


def _innermost(session: Session) -> SessionTransaction | None:
    return session.get_nested_transaction() or session.get_transaction()


UNDER, ALL_ITS_LIFE = "licensing.prepared", object()
"""Where a session's `info` has the transaction it was in, or ALL_ITS_LIFE, with its dialect and driver connection."""
CURSOR = "licensing.prepared.cursor"
"""Where it may have a cursor for all its statements: to make one for each costs a third of a question."""


def _converters(all: Any) -> list[tuple[Any, Convert]]:
    return [(key, convert) for key, convert in all if convert is not None]


def translated(sql: str, error: Exception, dialect: Dialect) -> Exception:
    """The driver's error as SQLAlchemy's own."""
    return DBAPIError.instance(sql, None, error, dialect.loaded_dbapi.Error, dialect=dialect)
