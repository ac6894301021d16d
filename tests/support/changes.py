"""What a request changed in the database, found out without reading all of it each time."""

from __future__ import annotations

import sqlite3
from typing import Any
from weakref import finalize

import psycopg
from sqlalchemy import select

from licensing.storage.schema import METADATA
from tests.support.worlds import World

OF_REFUSALS = frozenset(
    {
        *("staff_session.last_seen_at", "portal_session.last_seen_at", "api_key.last_used_at"),
        *("registration.code_tries", "sign_in_failure", "alarm"),
    }
)
"""Columns and tables that keep when somebody was here, and what was tried in vain: a refusal is to change them."""
Rows = dict[str, list[tuple[object, ...]]]


class Changes:
    """Which tables differ from what they were when it looked last, but for OF_REFUSALS.

    It asks the database whether anybody has committed anything, and reads the rows only then.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._connection, self._question = _asked(world.house.settings.database_url)
        finalize(self, self._connection.close)
        self._marked, self._rows = self._mark(), self._read()

    def tables(self) -> frozenset[str]:
        """The tables that have changed since the last call."""
        marked = self._mark()
        if marked == self._marked:
            return frozenset()
        before, self._rows, self._marked = self._rows, self._read(), marked
        return frozenset(name for name, rows in self._rows.items() if rows != before[name])

    def _mark(self) -> object:
        return self._connection.execute(self._question).fetchone()

    def _read(self) -> Rows:
        with self._world.house.database.read() as session:
            return {
                table.name: sorted(map(tuple, session.execute(query)), key=repr) for table, query in _QUERIES.items()
            }


_QUERIES = {
    table: select(*(column for column in table.columns if str(column) not in OF_REFUSALS))
    for table in METADATA.sorted_tables
    if table.name not in OF_REFUSALS
}


def _asked(url: str) -> tuple[Any, str]:
    """A connection, and what differs after every transaction that wrote: PRAGMA data_version; the next xid."""
    if url.startswith("sqlite"):
        return sqlite3.connect(url.removeprefix("sqlite:///")), "PRAGMA data_version"
    elephant = psycopg.connect(url.replace("+psycopg", "", 1), autocommit=True)
    return elephant, "SELECT pg_snapshot_xmax(pg_current_snapshot())"
