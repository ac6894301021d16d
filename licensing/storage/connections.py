"""Connections that a thread keeps: a question outside of a transaction is one round trip, a transaction needs no pool.

They are in autocommit, and BEGIN is said by ourselves. That is also what finds out that a connection was lost, before
anything was done on it.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakSet

from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.pool import PoolProxiedConnection

from licensing.core.errors import Busy
from licensing.storage.prepared import ALL_ITS_LIFE, CURSOR, UNDER, Prepared, Row, translated


class Connections:
    """One a thread, and one more while that is in a transaction (docs/adr/0018).

    SQLite's transactions of a process share one instead: what a connection has cached is void once another has written.
    """

    def __init__(self, engine: Engine, patience_seconds: float) -> None:
        self._engine, self._dialect = engine, engine.dialect
        self._error = engine.dialect.loaded_dbapi.Error
        self._of_thread = _OfThread()
        self._all: WeakSet[_Held] = WeakSet()
        self._left: deque[_Held] = deque()
        is_sqlite = engine.dialect.name == "sqlite"
        self._writing: _Place = _Place() if is_sqlite else self._of_thread
        self._begin: tuple[str, Any] = ("BEGIN IMMEDIATE", {}) if is_sqlite else ("BEGIN", {"prepare": False})
        self._turn = _Turn(patience_seconds) if is_sqlite else None
        event.listen(engine, "engine_disposed", self._close_all)

    def first(self, question: Prepared, values: Mapping[str, object]) -> Row | None:
        """The first row; raises SQLAlchemy's DBAPIError. A connection lost since the last question is made anew."""
        compiled, held = question.on(self._dialect), self._of_thread.held
        if held is not None:
            try:
                return compiled.first(held.cursor, values)
            except self._error:
                self._of_thread.held = None
        try:
            held = self._new()
            row = compiled.first(held.cursor, values)
        except self._error as error:
            raise translated(compiled.sql, error, self._dialect) from error
        self._of_thread.held = held
        return row

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose transaction has begun; it commits when the block ends and rolls back when it raises.

        SQLite's writers of this process take turns here: who waits is woken, and need not look again and again.
        """
        if self._turn is None:
            with self._transaction() as session:
                yield session
        else:
            with self._turn, self._transaction() as session:
                yield session

    @contextmanager
    def _transaction(self) -> Iterator[Session]:
        held = self._begun()
        session = _Transaction(self._engine, held)
        try:
            yield session
            session.end()
        except BaseException as error:
            with suppress(DBAPIError, self._error):
                session.rollback()
                held.driver.rollback()
                self._writing.held = held
            if self._writing.held is not held:
                held.driver.close()  # who can't go back is of no more use
            if isinstance(error, self._error):
                raise translated("COMMIT", error, self._dialect) from error
            raise
        finally:
            session.close()
        self._writing.held = held

    def _begun(self) -> _Held:
        """A connection in a transaction, which is nobody else's while it lasts."""
        held, self._writing.held = self._writing.held, None
        statement, options = self._begin
        try:
            if held is not None:
                try:
                    held.driver.execute(statement, **options)
                    return held
                except self._error as error:
                    if not self._dialect.is_disconnect(error, held.driver, None):
                        self._writing.held = held
                        raise
            held = self._new()
            held.driver.execute(statement, **options)
            return held
        except self._error as error:
            raise translated(statement, error, self._dialect) from error

    def _new(self) -> _Held:
        """A connection as the pool prepares it, that the pool forgets. Those whose threads have ended are closed."""
        with suppress(IndexError):
            while True:
                self._left.popleft().close()
        pooled = self._engine.raw_connection()
        held = _Held(pooled, self._left)
        pooled.detach()
        if self._dialect.name == "postgresql":
            held.driver.autocommit = True
        self._all.add(held)
        return held

    def _close_all(self, _: Engine) -> None:
        for held in list(self._all):
            held.driver.close()
        self._left.clear()


class _Transaction(Session):
    """Prepared statements go to the driver by themselves; all else starts SQLAlchemy's own on the same connection."""

    def __init__(self, engine: Engine, held: _Held) -> None:
        super().__init__(expire_on_commit=False)
        self._engine, self._held = engine, held
        self._connection: Connection | None = None
        self.info[UNDER] = ALL_ITS_LIFE, engine.dialect, held.driver
        self.info[CURSOR] = held.cursor

    def get_bind(self, *_: Any, **__: Any) -> Connection:
        if self._connection is None:
            self._connection = Connection(self._engine, self._held.pooled)
        return self._connection

    def end(self) -> None:
        """What was done stays."""
        if self.in_transaction():
            self.commit()
        else:
            self._held.driver.commit()


class _Turn:
    """Who comes first goes first; raises Busy for who waits too long."""

    def __init__(self, patience_seconds: float) -> None:
        self._lock = threading.Lock()
        self._patience = patience_seconds

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=self._patience):
            raise Busy("Others are writing; try again.")

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class _Held:
    """One thread's connection. Nobody's any more, it is left to whoever makes the next one, to be closed.

    It is not closed where its thread ends: closing SQLite calls PyGILState_Ensure, and while the state of a thread that
    Python did not start is being cleared, as those of the HTTP server, that destroys the state a second time (CPython
    issue 119585, mended in 3.12.4): a segmentation fault.
    """

    def __init__(self, pooled: PoolProxiedConnection, left: deque[_Held]) -> None:
        driver: Any = pooled.driver_connection
        self.pooled, self.driver = pooled, driver
        self._left, self._process = left, os.getpid()
        self.cursor = driver.cursor()

    def __del__(self) -> None:
        self._left.append(self)

    def close(self) -> None:
        """Closed, unless another process opened it: there it goes on."""
        if self._process == os.getpid():
            self.driver.close()


class _Place:
    """Where a connection waits to be used."""

    held: _Held | None = None


class _OfThread(threading.local, _Place):
    """One in each thread."""
