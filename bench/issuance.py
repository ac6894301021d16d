"""Sales one by one against the database's own commits: `python -m bench.issuance`.

A sale is a transaction with its license, ledger leaf, record, token, mail and kept answer, signed and verified; a bare
commit is one row. With four writers there are four processes.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier
from uuid import uuid4

import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.checkins import bench_settings
from licensing.bootstrap import House, build, set_up
from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from licensing.services.idempotency import Once, Rendered
from licensing.services.organizations import Person
from tests.support.postgres import running_postgres
from tests.support.statements import heard

SALES, COMMITS, STATEMENTS, WRITERS = 150, 500, 1_000, 4
GOALS = {"SQLite": 0.5, "PostgreSQL": 0.35}


@dataclass(frozen=True, slots=True)
class Issuance:
    """Per second: sales of one writer and of four, and bare commits of one; and what a sale is made of.

    `statements` is how many there are, `statement` and `signature` the seconds of a bare one: the driver asked for a
    number in a transaction; signed once and verified once.
    """

    database: str
    one: float
    four: float
    commits: float
    statements: int
    statement: float
    signature: float

    @property
    def bound(self) -> float:
        """The share of bare commits that a program without any work of its own would reach."""
        return 1 / (1 + self.commits * (self.statements * self.statement + self.signature))

    @property
    def is_met(self) -> bool:
        return self.one >= GOALS[self.database] * self.commits and self.four >= self.one

    def row(self) -> str:
        verdict = "yes" if self.is_met else "**no**"
        return (
            f"| sales, {self.database} | {self.one:,.0f}/s | {self.one / self.commits:.2f} × bare commits"
            f" ({self.commits:,.0f}/s); its {self.statements} statements of {self.statement * 1e6:,.0f} µs and"
            f" {self.signature * 1e6:,.0f} µs of signing let nobody reach more than {self.bound:.2f} |"
            f" four writers {self.four / self.one:.2f} × one |"
            f" ≥ {GOALS[self.database]:g}, ≥ 1 | {verdict} |"
        )


def issuances() -> list[Issuance]:
    """On each database."""
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder, running_postgres() as postgres:
        path = Path(folder)
        sqlite = _measure(
            "SQLite", path / "sqlite", f"sqlite:///{folder}/sqlite.sqlite3", partial(_on_sqlite, path / "raw")
        )
        return [sqlite, _measure("PostgreSQL", path / "postgresql", postgres.dsn, partial(_on_postgres, postgres.dsn))]


def _measure(database: str, folder: Path, url: str, bare: Callable[[], tuple[float, float]]) -> Issuance:
    house = build(bench_settings(folder, url))
    set_up(house)
    statements, signature = _statements(house), _signature()
    house.database.close()
    rounds = [(_rate([_sell(folder, url, None)]), *bare()) for _ in range(3)]
    with get_context("spawn").Manager() as manager, ProcessPoolExecutor(WRITERS, get_context("spawn")) as pool:
        ready = manager.Barrier(WRITERS)
        four = max(_rate(list(pool.map(partial(_sell, folder, url), [ready] * WRITERS))) for _ in range(3))
    one, commits, statement = (column for column in zip(*rounds, strict=True))
    return Issuance(database, max(one), four, max(commits), statements, min(statement), signature)


def _statements(house: House) -> int:
    """How many a sale has, once everything is known that is remembered."""
    for buyer in [_buyer(house) for _ in range(3)]:
        with heard(house.database.engine) as asked:
            _once(house, buyer)
    return len(asked)


def _signature() -> float:
    """Seconds to sign a license's worth of bytes, and to verify that."""
    key, data = Ed25519PrivateKey.generate(), bytes(700)
    return min(_seconds(lambda: key.public_key().verify(key.sign(data), data), 100) for _ in range(5))


def _seconds(work: Callable[[], object], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - start) / times


def _rate(times: list[tuple[float, float]]) -> float:
    """Sales a second from the first start to the last end."""
    return SALES * len(times) / (max(end for _, end in times) - min(start for start, _ in times))


def _sell(folder: Path, url: str, ready: Barrier | None) -> tuple[float, float]:
    """Start and end of one writer's sales, each to another customer; writers wait for each other."""
    house = build(bench_settings(folder, url))
    buyers = [_buyer(house) for _ in range(SALES + 10)]
    for buyer in buyers[:10]:
        _once(house, buyer)
    if ready is not None:
        ready.wait(60)
    start = time.perf_counter()
    for buyer in buyers[10:]:
        _once(house, buyer)
    end = time.perf_counter()
    house.database.close()
    return start, end


def _once(house: House, buyer: str) -> None:
    """A sale, once an Idempotency-Key."""

    def sell() -> Rendered:
        house.sales.sell(OPERATOR, buyer, Term(25, 12), None)
        return Rendered(201, b"{}")

    house.idempotency.once(Once("bench", buyer, "0" * 64), sell)


def _buyer(house: House) -> str:
    """A new customer with somebody to write to."""
    name = f"acme-{uuid4().hex}"
    return house.organizations.create(OPERATOR, name, "DE", None, Person(f"jane@{name}.example", "Jane")).id


def _on_sqlite(path: Path) -> tuple[float, float]:
    """Commits a second, and the seconds of a statement."""
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (number INTEGER, text TEXT)")
    rate = _commits(lambda number: connection.execute("INSERT INTO bare VALUES (?, ?)", (number, "x" * 100)))
    connection.execute("BEGIN")
    statement = _seconds(lambda: connection.execute("SELECT ?", (1,)).fetchone(), STATEMENTS)
    connection.close()
    return rate, statement


def _on_postgres(url: str) -> tuple[float, float]:
    """The same."""
    with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:"), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare (number integer, text text)")
        rate = _commits(lambda number: connection.execute("INSERT INTO bare VALUES (%s, %s)", (number, "x" * 100)))
        connection.execute("BEGIN")
        question = partial(connection.execute, "SELECT %s::int", (1,), prepare=True)
        return rate, _seconds(lambda: question().fetchone(), STATEMENTS)


def _commits(commit: Callable[[int], object]) -> float:
    start = time.perf_counter()
    for number in range(COMMITS):
        commit(number)
    return COMMITS / (time.perf_counter() - start)


if __name__ == "__main__":
    for issuance in issuances():
        print(issuance.row())
