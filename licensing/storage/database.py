"""The database: one engine, a transaction a use case, and the settings without which we refuse to run.

SQLite and PostgreSQL answer alike: write transactions take their lock at the start on SQLite (`BEGIN IMMEDIATE`, one
writer) and on the rows they read on PostgreSQL (`SELECT … FOR UPDATE`); see docs/adr/0003.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Dialect,
    Engine,
    MetaData,
    String,
    bindparam,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, Session, registry
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.types import TypeDecorator

from licensing.core.errors import Busy, SetupRefused
from licensing.storage.connections import Connections
from licensing.storage.prepared import Prepared, Row

BUSY_TIMEOUT_SECONDS = 5
POSTGRES_MUST_BE_ON = ("fsync", "synchronous_commit", "full_page_writes")
_SQLITE_FULL = 2
_PASSING_STATES = ("08", "25006", "40", "53", "55", "57", "58")
"""PostgreSQL error classes that pass: connection, read-only (a standby), rollback, no resources, lock not available,
operator, system (its disk).
"""


class UnixTime(TypeDecorator[datetime]):
    """An aware UTC datetime in whole seconds, kept as Unix seconds: equal on both databases, and it sorts."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else int(value.timestamp())

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return _moment(value)

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _moment  # rows of the hot path have nine of them: without SQLAlchemy's wrapper around each


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


class Base(DeclarativeBase):
    """The tables of all nouns."""

    registry = registry(
        metadata=MetaData(
            naming_convention={
                "ix": "ix_%(table_name)s_%(column_0_N_name)s",
                "uq": "uq_%(table_name)s_%(column_0_N_name)s",
                "ck": "ck_%(table_name)s_%(constraint_name)s",
                "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
                "pk": "pk_%(table_name)s",
            }
        ),
        type_annotation_map={datetime: UnixTime},
    )


class Database:
    """Transactions on one engine. What the database can't do right now is raised as Busy."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reading = engine.execution_options(reading=True)
        self._own = Connections(engine, BUSY_TIMEOUT_SECONDS)
        self._joined: ContextVar[Session | None] = ContextVar("joined", default=None)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits when the block ends and rolls back when it raises."""
        if (joined := self._joined.get()) is not None:
            yield joined
            return
        with _busy_when_it_passes(), self._own.transaction() as session:
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that changes nothing and waits for no writer."""
        if (joined := self._joined.get()) is not None:
            yield joined
            return
        with _busy_when_it_passes(), Session(self._reading) as session:
            yield session

    def first(self, question: Prepared, **values: object) -> Row | None:
        """The first row of a question that needs no transaction: the cheapest way to ask, for the hot path."""
        if (joined := self._joined.get()) is not None:
            return question.first(joined, **values)
        with _busy_when_it_passes():
            return self._own.first(question, values)

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A transaction that reads, all of it, what was committed when it began."""
        engine = self._reading if self.is_sqlite else self._reading.execution_options(isolation_level="REPEATABLE READ")
        with _busy_when_it_passes(), Session(engine) as session:
            yield session

    @contextmanager
    def joined(self) -> Iterator[Session]:
        """A transaction that every `write` and `read` of this thread within the block is part of.

        So that two use cases become one deed, or a deed and the answer kept of it.
        """
        with self.write() as session:
            token = self._joined.set(session)
            try:
                yield session
            finally:
                self._joined.reset(token)

    def close(self) -> None:
        """Closes all connections; whatever is asked afterwards opens new ones."""
        self.engine.dispose()

    def assert_durable(self) -> None:
        """Raises SetupRefused unless what is committed survives a crash of the machine."""
        with self.read() as session:
            if self.is_sqlite:
                wrong = _sqlite_weaknesses(session)
            else:
                wrong = [f"{name}=off" for name in POSTGRES_MUST_BE_ON if session.scalar(text(f"SHOW {name}")) == "off"]
        if wrong:
            raise SetupRefused(f"The database could lose committed issuances ({', '.join(wrong)}); turn that on again.")

    def assert_not_owner(self) -> None:
        """Raises SetupRefused when this role could change the ledger: only an owner migrates, a service role serves."""
        if self.is_sqlite:
            return
        question = text(
            "SELECT r.rolsuper OR pg_has_role(c.relowner, 'MEMBER')"
            " OR has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE') FROM pg_class c, pg_roles r"
            " WHERE c.oid = 'ledger_leaf'::regclass AND r.rolname = current_user"
        )
        with self.read() as session:
            if session.scalar(question):
                raise SetupRefused(
                    "The server must not run as the owner of the ledger: give it its own role in LICENSING_DATABASE_URL"
                    " and migrate with LICENSING_DATABASE_OWNER_URL."
                )


def insert_into(session: Session, table: type[Base]) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say ON CONFLICT: both databases can, SQLAlchemy spells it for each apart."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def take_turns(session: Session, subject: str) -> None:
    """Whoever else takes turns at `subject` waits until this transaction ends. SQLite has one writer anyway."""
    if session.get_bind().dialect.name == "postgresql":
        _TAKE_TURNS.first(session, subject=subject)


def _turn(lock: Callable[..., ColumnElement[Any]]) -> Prepared:
    return Prepared(select(lock(func.hashtextextended(bindparam("subject", type_=String), 0))))


_TAKE_TURNS, _TRY_TURN = _turn(func.pg_advisory_xact_lock), _turn(func.pg_try_advisory_xact_lock)


def without_time_limit(session: Session) -> None:
    """A statement of this transaction may take as long as it takes."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL statement_timeout = 0"))


def is_our_turn(session: Session, subject: str) -> bool:
    """The same without waiting: False when somebody else is at it."""
    if session.get_bind().dialect.name != "postgresql":
        return True
    row = _TRY_TURN.first(session, subject=subject)
    return row is not None and bool(row[0])


def open_database(app: Flask, url: str) -> Database:
    """The database at `url`, opened through Flask-SQLAlchemy so that Flask tools find it too."""
    options: dict[str, Any] = {
        "hide_parameters": True,  # they are people's data: no error says them
        "pool_pre_ping": not url.startswith("sqlite"),
        "pool_timeout": BUSY_TIMEOUT_SECONDS,
    }
    if url.startswith("sqlite"):
        options["connect_args"] = {"timeout": BUSY_TIMEOUT_SECONDS}
    else:
        options["connect_args"] = {
            "connect_timeout": BUSY_TIMEOUT_SECONDS,
            "options": f"-c lock_timeout={BUSY_TIMEOUT_SECONDS}s -c statement_timeout={6 * BUSY_TIMEOUT_SECONDS}s",
        }
    app.config["SQLALCHEMY_DATABASE_URI"] = url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    extension = SQLAlchemy(model_class=Base)
    extension.init_app(app)
    with app.app_context():
        engine = extension.engine
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return Database(engine)


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_TIMEOUT_SECONDS * 1000}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that becomes a writer fails at once if another wrote meanwhile; IMMEDIATE waits its turn.
    reading = connection.get_execution_options().get("reading", False)
    driver: Any = connection.connection.dbapi_connection
    if driver.in_transaction:
        return  # begun by a connection of a thread's own
    try:
        driver.execute("BEGIN" if reading else "BEGIN IMMEDIATE")
    except connection.dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance("BEGIN", None, error, connection.dialect.loaded_dbapi.Error) from error


def _sqlite_weaknesses(session: Session) -> list[str]:
    wrong = []
    if session.scalar(text("PRAGMA journal_mode")) != "wal":
        wrong.append("journal_mode is not WAL")
    if (session.scalar(text("PRAGMA synchronous")) or 0) < _SQLITE_FULL:
        wrong.append("synchronous is below FULL")
    if not session.scalar(text("PRAGMA foreign_keys")):
        wrong.append("foreign_keys=off")
    return wrong


@contextmanager
def _busy_when_it_passes() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise Busy("All database connections are in use; try again.") from error
    except DBAPIError as error:
        if not _passes(error):
            raise
        raise Busy("The database can't answer right now; try again.") from error


def _passes(error: SQLAlchemyError) -> bool:
    original = getattr(error, "orig", None)
    state = getattr(original, "sqlstate", None)
    return isinstance(error, OperationalError | InterfaceError) if state is None else state.startswith(_PASSING_STATES)
