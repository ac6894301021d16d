"""A batch against what it can't be faster than: one core's signatures, and the database's own inserts of its rows.

The three take turns: after each chunk of the batch as many tokens are signed and verified bare, and the chunk's rows
are copied into an empty database in one transaction, as fast as the driver can. Run as a module with a number of
licenses, and databases, for a longer batch: `python -m bench.batches 100000 SQLite`.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Table, text

from bench.checkins import bench_settings
from licensing.bootstrap import House, build, set_up
from licensing.core.callers import OPERATOR
from licensing.core.keys import Purpose, load_public_key
from licensing.storage import bulk
from licensing.storage.database import Base
from licensing.storage.events import EventRow
from licensing.storage.ledger import IssuanceRow, LeafRow, NodeRow, RecordRow
from licensing.storage.licenses import LicenseRow, TokenRow
from licensing.storage.organizations import ContactRow, GramRow, OrganizationRow
from licensing.storage.outbox import OutboxRow
from tests.support.postgres import running_postgres

LICENSES, GOAL = 10_000, 0.6
DATABASES = ("SQLite", "PostgreSQL")
NEW = "SELECT {} FROM issuance WHERE leaf_idx >= :start AND leaf_idx < :end"
ROWS: dict[type[Base], str] = {
    LeafRow: "idx >= :start AND idx < :end",
    IssuanceRow: "leaf_idx >= :start AND leaf_idx < :end",
    RecordRow: f"serial IN ({NEW.format('serial')})",
    OrganizationRow: f"id IN ({NEW.format('organization_id')})",
    ContactRow: f"organization_id IN ({NEW.format('organization_id')})",
    GramRow: f"organization_id IN ({NEW.format('organization_id')}) ORDER BY gram, organization_id",
    EventRow: f"subject IN ({NEW.format('organization_id')})",
    OutboxRow: f"license_id IN ({NEW.format('license_id')})",
    LicenseRow: f"id IN ({NEW.format('license_id')})",
    TokenRow: f"jti IN ({NEW.format('serial')})",
}
"""The tables a batch writes, and how its rows between two leaves are found."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Licenses a second of a batch, of bare signatures and of bare inserts."""

    name: str
    batch: float
    signatures: float
    inserts: float

    @property
    def is_met(self) -> bool:
        return self.value >= GOAL

    @property
    def value(self) -> float:
        """The batch's share of the slower of the two that bound it."""
        return self.batch / min(self.signatures, self.inserts)

    def row(self) -> str:
        bounds = f"one core signs and verifies {self.signatures:,.0f}/s, bare inserts {self.inserts:,.0f}/s"
        verdict = "yes" if self.is_met else "**no**"
        return (
            f"| {self.name} | {self.batch:,.0f} licenses/s | {self.value:.2f} × the slower of: {bounds} | – |"
            f" ≥ {GOAL:g} | {verdict} |"
        )


@dataclass(slots=True)
class _Turns:
    """Seconds that each of the three took so far."""

    house: House
    empty: House
    done: int = 0
    batch: float = 0.0
    signing: float = 0.0
    inserting: float = 0.0
    since: float = field(default_factory=time.perf_counter)

    def chunk(self, done: int, _: int) -> None:
        """The others' turn, after a chunk of the batch."""
        self.batch += time.perf_counter() - self.since
        first = _leaves(self.house) - (done - self.done)
        tables = _rows_since(self.house, first)
        tokens = next(rows for table, columns, rows in tables if table is TokenRow)
        self.signing += _timed(lambda: _sign(self.house, [str(row[-1]) for row in tokens]))
        self.inserting += _timed(lambda: _insert(self.empty, tables))
        self.done, self.since = done, time.perf_counter()


def ratios(licenses: int = LICENSES, databases: Sequence[str] = DATABASES) -> list[Rate]:
    """On each database."""
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as name, running_postgres() as postgres:
        folder = Path(name)
        postgres.execute("CREATE DATABASE batch", "CREATE DATABASE empty")
        urls = {
            "SQLite": (f"sqlite:///{folder}/batch.sqlite3", f"sqlite:///{folder}/empty.sqlite3"),
            "PostgreSQL": (postgres.database("batch").dsn, postgres.database("empty").dsn),
        }
        return [_rate(name, folder / name, licenses, *urls[name]) for name in databases]


def orders(licenses: int) -> bytes:
    """A batch file of `licenses` lines; the same at each call."""
    dice = random.Random(1)  # a bench wants the same names each time
    words = ["".join(dice.choices("etaoinshrdlucm", k=dice.randint(4, 9))) for _ in range(5_000)]
    lines = ["organization,country,email,name,seats,months,order_number"]
    for number in range(licenses):
        one, two, three, four = dice.choices(words, k=4)
        company, mail = f"{one.title()} {two.title()} GmbH", f"{three}.{four}@{one}-{two}.example"
        lines.append(f"{company},DE,{mail},{three.title()} {four.title()},{dice.randint(1, 400)},12,PO-{number}")
    return ("\n".join(lines) + "\n").encode()


def _rate(name: str, folder: Path, licenses: int, url: str, empty_url: str) -> Rate:
    house, empty = _house(folder / "batch", url), _house(folder / "empty", empty_url)
    data = orders(licenses)
    turns = _Turns(house, empty)
    house.batches.run(OPERATOR, data, progress=turns.chunk)
    for each in (house, empty):
        each.database.close()
    rates = (licenses / seconds for seconds in (turns.batch, turns.signing, turns.inserting))
    return Rate(f"batch of {licenses:,} licenses, {name}", *rates)


def _house(folder: Path, url: str) -> House:
    house = build(bench_settings(folder, url))
    set_up(house)
    return house


def _sign(house: House, tokens: Sequence[str]) -> None:
    """Bare Ed25519 over what the tokens sign."""
    key = house.keys.current().key(Purpose.LICENSE)
    public = load_public_key(key.x)
    for token in tokens:
        data = token.rpartition(".")[0].encode("ascii")
        public.verify(key.signer.sign(data), data)


def _leaves(house: House) -> int:
    with house.database.read() as session:
        return session.scalar(text("SELECT max(idx) + 1 FROM ledger_leaf")) or 0


Tables = list[tuple[type[Base], list[str], list[tuple[Any, ...]]]]


def _rows_since(house: House, start: int) -> Tables:
    """The rows that belong to the leaves from `start` on, as the driver takes them."""
    between = {"start": start, "end": _leaves(house)}
    tables: Tables = []
    with house.database.read() as session:

        def read(row: type[Base], where: str, values: dict[str, int]) -> list[tuple[Any, ...]]:
            found = session.execute(
                text(f"SELECT {', '.join(_columns(row))} FROM {row.__tablename__} WHERE {where}"), values
            )
            return [tuple(map(_plain, each)) for each in found]

        for row, where in ROWS.items():
            tables.append((row, _columns(row), read(row, where, between)))
        nodes = []
        for level in range(between["end"].bit_length()):
            completed = {"level": level, "start": start >> level, "end": between["end"] >> level}
            nodes += read(NodeRow, "level = :level AND idx >= :start AND idx < :end", completed)
        return [*tables, (NodeRow, _columns(NodeRow), nodes)]


def _columns(row: type[Base]) -> list[str]:
    table = row.__table__
    assert isinstance(table, Table)
    return [column.name for column in table.columns if not (row is EventRow and column.name == "id")]


def _plain(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, list | dict) else value


def _insert(house: House, tables: Tables) -> None:
    with house.database.write() as session:
        for table, columns, rows in tables:
            bulk.insert(session, table, columns, rows)


def _timed(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    for rate in ratios(int(sys.argv[1]) if len(sys.argv) > 1 else LICENSES, sys.argv[2:] or DATABASES):
        print(rate.row())
