"""A house with as many customers as wanted, in minutes: some are made up, counted, and copied as somebody else's.

A copy has other identifiers and lives some days later; what it adds to the tallies is that of the same shares. Every
table says the same as if each customer had been counted herself: `reconcile` finds nothing.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Column, String, Table, text
from sqlalchemy.orm import Session

from bench.report_customers import DAY, MARK, SALESPEOPLE, TABLES, Customers
from licensing.bootstrap import House
from licensing.core.journeys import Journey
from licensing.core.tallies import Tallies, merge, share
from licensing.storage import bulk, histories, journeys, ledger, tallies
from licensing.storage.database import Base, UnixTime, without_time_limit
from licensing.storage.journeys import JourneyRow, MovementRow, Told
from licensing.storage.ledger import IssuanceRow, LeafRow
from licensing.storage.staff import StaffRow

LATER_DAYS, STRIDE = 28, 11
"""Copies live 0 to 27 days later; the next one 11 days after this one, in turns."""
CHUNK = 500
COPIED: tuple[type[Base], ...] = (*TABLES, JourneyRow, MovementRow)


@dataclass(frozen=True, slots=True)
class Filled:
    """What there is now. `rebuild_seconds` is how long the `base` customers that are not copies were counted."""

    issuances: int
    organizations: int
    base: int
    rebuild_seconds: float


def fill(house: House, organizations: int, copies: int) -> Filled:
    """The house has `copies` times that many organisations, with five issuances each, and all are counted."""
    made = Customers(house.system.now())
    made.make(organizations)
    with house.database.write() as session:
        first = ledger.size(session)
        _staff(session, made.now)
        for rows in made.tables(first):
            bulk.insert(session, *rows)
        deeds = len(made.rows[IssuanceRow])
        last = first + copies * deeds - 1  # says how many leaves there are
        bulk.insert(session, LeafRow, ["idx", "body"], [(last, b"")])
    start = time.perf_counter()
    customers = house.rollups.rebuild()
    seconds = time.perf_counter() - start
    if copies > 1:
        _copy(house, copies, deeds)
    tidy(house)
    return Filled(deeds * copies, organizations * copies, customers, seconds)


def _staff(session: Session, now: datetime) -> None:
    columns = ("id", "email", "role", "must_change_password", "created_at", "name")
    rows = [(id, f"{id}@koor.example", "sales", False, bulk.stored(now), f"Seller {id[-2:]}") for id in SALESPEOPLE]
    bulk.insert(session, StaffRow, columns, rows)


def _copy(house: House, copies: int, deeds: int) -> None:
    with house.database.read() as session:
        told, parts = list(_told(session)), max(1, (os.cpu_count() or 2) - 1)
    for table in COPIED:
        with house.database.write() as session:
            without_time_limit(session)
            _copy_table(session, table, copies, deeds)
    days, total = Counter(map(_days_later, range(1, copies))), Tallies()
    with ProcessPoolExecutor(parts) as pool:
        for sums in pool.map(partial(_sums, days), (told[part::parts] for part in range(parts))):
            merge(total, sums)
    with house.database.write() as session:
        without_time_limit(session)
        tallies.add(session, total)


def _copy_table(session: Session, row: type[Base], copies: int, deeds: int) -> None:
    """The copies of a table's rows, from a table beside it; its indexes are built afterwards."""
    table = row.__table__
    assert isinstance(table, Table)
    connection, name = session.connection(), table.name
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    for index in indexes:
        index.drop(connection)
    columns = [column for column in table.columns if not _is_counter(column)]
    names, values = ", ".join(column.name for column in columns), ", ".join(map(_value, columns))
    connection.execute(text(f"CREATE TEMPORARY TABLE made AS SELECT {names} FROM {name}"))
    statement = text(f"INSERT INTO {name} ({names}) SELECT {values} FROM made WHERE {_made(columns)}")
    for copy in range(1, copies):
        mark = f"{int(MARK, 16) + copy:08x}"
        seconds = _days_later(copy) * int(DAY.total_seconds())
        connection.execute(statement, {"copy": mark, "seconds": seconds, "leaves": copy * deeds})
    connection.execute(text("DROP TABLE made"))
    for index in indexes:
        index.create(connection)


def _is_counter(column: Column[object]) -> bool:
    return column.primary_key and column.name == "id" and not isinstance(column.type, String)


def _value(column: Column[object]) -> str:
    """What a copy has in a column."""
    if isinstance(column.type, UnixTime):
        return f"{column.name} + :seconds"
    if column.name == "leaf_idx":
        return "leaf_idx + :leaves"
    return f"replace({column.name}, '{MARK}', :copy)" if isinstance(column.type, String) else column.name


def _made(columns: Sequence[Column[object]]) -> str:
    """Leaves out what was there before: every identifier that was made up has MARK in it."""
    identifier = next(each for each in columns if isinstance(each.type, String))
    return f"{identifier.name} LIKE '%{MARK}%'"


def _days_later(copy: int) -> int:
    return copy * STRIDE % LATER_DAYS


def _told(session: Session) -> Iterator[Told]:
    """Of all that were made up."""
    for subjects in histories.subjects(session, CHUNK):
        yield from journeys.of_subjects(session, subjects).values()


def _sums(days: Counter[int], told: Sequence[Told]) -> Tallies:
    """What all customers add who live some days later, so many times."""
    total: Tallies = {}
    for later, times in days.items():
        sums: Tallies = {}
        for each in told:
            merge(sums, share(*_later(each, timedelta(days=later))))
        merge(total, {cell: tuple(times * each for each in counts) for cell, counts in sums.items()})
    return total


def _later(told: Told, later: timedelta) -> Told:
    journey, movements = told
    if journey is not None:
        values = {name: getattr(journey, name) for name in journey.__slots__}
        journey = Journey(**{name: _moved(value, later) for name, value in values.items()})
    return journey, [replace(each, at=each.at + later) for each in movements]


def _moved(value: Any, later: timedelta) -> Any:
    return value + later if isinstance(value, datetime) else value


def tidy(house: House) -> None:
    """What a server's autovacuum does by itself, some minutes later; SQLite has none."""
    if not house.database.is_sqlite:
        with house.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM (ANALYZE)"))
            connection.execute(text("RESET statement_timeout"))
