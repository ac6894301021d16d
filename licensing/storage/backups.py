"""A database as a file, and back: SQLite by its own backup interface, PostgreSQL by pg_dump and pg_restore."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

from flask import Flask
from sqlalchemy import MetaData, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from licensing.core.backups import Snapshot
from licensing.core.errors import BackupRefused, SetupRefused
from licensing.storage import ledger
from licensing.storage.database import Database, open_database
from licensing.storage.postgres_tools import PostgresTools

REVISION = "alembic_version"


def engine_of(url: str) -> str:
    """`sqlite` or `postgresql`."""
    return make_url(url).get_backend_name()


def dump(database: Database, url: str, tools: PostgresTools, out: Path) -> Snapshot:
    """The database as it is at one moment is in the file `out`; what it holds. Nobody has to wait for it.

    `url` is for pg_dump: that of a role that may read everything.
    """
    with database.snapshot() as session:
        found = snapshot_of(session)
        if database.is_sqlite:
            source = session.connection().connection.driver_connection
            with closing(sqlite3.connect(out)) as target:
                cast(sqlite3.Connection, source).backup(target)
        else:
            tools.dump(url, str(session.scalar(text("SELECT pg_export_snapshot()"))), out)
    return found


def snapshot_of(session: Session) -> Snapshot:
    """What the database holds."""
    connection = session.connection()
    quoted = connection.dialect.identifier_preparer.quote
    tables = sorted(inspect(connection).get_table_names())
    rows = {table: int(session.scalar(text(f"SELECT count(*) FROM {quoted(table)}")) or 0) for table in tables}  # noqa: S608 - names that the database told
    revision = session.scalar(text(f"SELECT version_num FROM {REVISION}")) or ""  # noqa: S608 - our own name
    size = ledger.size(session)
    return Snapshot(str(revision), size, ledger.root(session, size).hex(), rows)


@contextmanager
def loaded(url: str, tools: PostgresTools, dump: Path) -> Iterator[Database]:
    """The restored database, whose revision must be stamped: until then no server serves from it.

    SQLite's is the file `dump` itself. What was loaded into PostgreSQL is dropped again when the block raises.
    """
    sqlite = engine_of(url) == "sqlite"
    if not sqlite:
        tools.load(url, dump)
    database = open_database(Flask("licensing.restore"), f"sqlite:///{dump}" if sqlite else url)
    try:
        yield database
    except BaseException:
        if not sqlite:
            _clear(database)
        raise
    finally:
        database.close()


@contextmanager
def scratch_database(url: str, folder: Path) -> Iterator[str]:
    """The address of an empty database: on PostgreSQL a new one of the same server, dropped when the block ends."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        yield f"sqlite:///{folder / 'verified'}"
        return
    name = f"licensing_verify_{os.getpid()}"
    around = open_database(Flask("licensing.verify"), url)
    try:
        _administer(around, f"CREATE DATABASE {name}")
        try:
            yield parsed.set(database=name).render_as_string(hide_password=False)
        finally:
            _administer(around, f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        around.close()


def _administer(database: Database, statement: str) -> None:
    try:
        with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text(statement))
    except DBAPIError as error:
        raise SetupRefused(
            "A backup is verified in a database of its own, and this role can't make or drop one;"
            " as an administrator run: ALTER ROLE licensing_owner CREATEDB"
        ) from error


def stamp(session: Session, revision: str) -> None:
    """The database is one of ours, at this revision of the schema."""
    session.execute(text(f"DELETE FROM {REVISION}"))  # noqa: S608 - our own name
    session.execute(text(f"INSERT INTO {REVISION} (version_num) VALUES (:revision)"), {"revision": revision})  # noqa: S608


def require_empty(url: str) -> None:
    """Raises BackupRefused unless nothing is in the database; what a restore left that was killed is cleared away."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and Path(parsed.database).exists():
            raise BackupRefused(f"There is a database already: {parsed.database}. Move it away first.")
        return
    database = open_database(Flask("licensing.restore"), url)
    try:
        with database.read() as session:
            tables = inspect(session.connection()).get_table_names()
            unproved = REVISION in tables and session.scalar(text(f"SELECT count(*) FROM {REVISION}")) == 0  # noqa: S608
        if unproved:
            _clear(database)
        elif tables:
            raise BackupRefused("The database holds tables already; restore into an empty one.")
    finally:
        database.close()


def put_in_place(file: Path, url: str) -> None:
    """The proved SQLite database is where the server looks for it. PostgreSQL's is there already."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database:
        return
    place = Path(parsed.database)
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.restored")
    fresh.unlink(missing_ok=True)
    fresh.touch(0o600)
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(fresh)) as target:
        source.backup(target)
    with fresh.open("rb") as written:
        os.fsync(written.fileno())
    fresh.rename(place)


def _clear(database: Database) -> None:
    """Nothing of ours is in the database."""
    functions = text(
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace"
        " AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
    )
    found = MetaData()
    with database.engine.begin() as connection:
        found.reflect(connection)
        found.drop_all(connection)
        for name in connection.scalars(functions).all():
            connection.execute(text(f"DROP FUNCTION {name} CASCADE"))
