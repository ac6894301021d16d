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

from bench.checkins import bench_settings
from licensing.bootstrap import build, set_up
from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from licensing.services.idempotency import Once, Rendered
from tests.support.postgres import running_postgres

SALES, COMMITS, WRITERS = 150, 500, 4
GOALS = {"SQLite": 0.5, "PostgreSQL": 0.35}


@dataclass(frozen=True, slots=True)
class Issuance:
    """Per second: sales of one writer and of four, and bare commits of one."""

    database: str
    one: float
    four: float
    commits: float

    @property
    def is_met(self) -> bool:
        return self.one >= GOALS[self.database] * self.commits and self.four >= self.one

    def row(self) -> str:
        verdict = "yes" if self.is_met else "**no**"
        return (
            f"| sales, {self.database} | {self.one:,.0f}/s | {self.one / self.commits:.2f} × bare commits"
            f" ({self.commits:,.0f}/s) | four writers {self.four / self.one:.2f} × one |"
            f" ≥ {GOALS[self.database]:g}, ≥ 1 | {verdict} |"
        )


def issuances() -> list[Issuance]:
    """On each database."""
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder, running_postgres() as postgres:
        path = Path(folder)
        sqlite = _measure(
            "SQLite", path / "sqlite", f"sqlite:///{folder}/sqlite.sqlite3", partial(_sqlite, path / "raw")
        )
        return [sqlite, _measure("PostgreSQL", path / "postgresql", postgres.dsn, partial(_postgres, postgres.dsn))]


def _measure(database: str, folder: Path, url: str, commit: Callable[[], float]) -> Issuance:
    house = build(bench_settings(folder, url))
    set_up(house)
    house.database.engine.dispose()
    rounds = [(_rate([_sell(folder, url, None)]), commit()) for _ in range(3)]
    with get_context("spawn").Manager() as manager, ProcessPoolExecutor(WRITERS, get_context("spawn")) as pool:
        ready = manager.Barrier(WRITERS)
        four = max(_rate(list(pool.map(partial(_sell, folder, url), [ready] * WRITERS))) for _ in range(3))
    return Issuance(database, max(one for one, _ in rounds), four, max(each for _, each in rounds))


def _rate(times: list[tuple[float, float]]) -> float:
    """Sales a second from the first start to the last end."""
    return SALES * len(times) / (max(end for _, end in times) - min(start for start, _ in times))


def _sell(folder: Path, url: str, ready: Barrier | None) -> tuple[float, float]:
    """Start and end of one writer's sales, each to another customer; writers wait for each other."""
    house = build(bench_settings(folder, url))
    buyers = [
        house.organizations.create(OPERATOR, f"Acme {uuid4().hex}", "DE", None, None).id for _ in range(SALES + 10)
    ]

    def sell(buyer: str) -> Rendered:
        house.sales.sell(OPERATOR, buyer, Term(25, 12), None)
        return Rendered(201, b"{}")

    def once(buyer: str) -> None:
        house.idempotency.once(Once("bench", buyer, "0" * 64), partial(sell, buyer))

    for buyer in buyers[:10]:
        once(buyer)
    if ready is not None:
        ready.wait(60)
    start = time.perf_counter()
    for buyer in buyers[10:]:
        once(buyer)
    end = time.perf_counter()
    house.database.engine.dispose()
    return start, end


def _sqlite(path: Path) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    for setting in ("journal_mode=WAL", "synchronous=FULL"):
        connection.execute(f"PRAGMA {setting}")
    connection.execute("CREATE TABLE IF NOT EXISTS bare (number INTEGER, text TEXT)")
    rate = _commits(lambda number: connection.execute("INSERT INTO bare VALUES (?, ?)", (number, "x" * 100)))
    connection.close()
    return rate


def _postgres(url: str) -> float:
    with psycopg.connect(url.replace("postgresql+psycopg:", "postgresql:"), autocommit=True) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS bare (number integer, text text)")
        return _commits(lambda number: connection.execute("INSERT INTO bare VALUES (%s, %s)", (number, "x" * 100)))


def _commits(commit: Callable[[int], object]) -> float:
    start = time.perf_counter()
    for number in range(COMMITS):
        commit(number)
    return COMMITS / (time.perf_counter() - start)


if __name__ == "__main__":
    for issuance in issuances():
        print(issuance.row())
