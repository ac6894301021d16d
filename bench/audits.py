"""The audit against reading the same rows bare: `python -m bench.audits [LICENSES]`.

Signatures were found good by an audit before, as on every day but the first. PostgreSQL has a gigabyte to keep tables
in: its handbook says a quarter of the memory (Server Configuration, Resource Consumption, shared_buffers).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.batches import orders
from bench.checkins import bench_settings
from licensing.bootstrap import House, build, set_up
from licensing.core.callers import OPERATOR
from licensing.services.audit import CHUNK, PROCESSES
from licensing.storage import audit as rows
from tests.support.postgres import running_postgres

ROUNDS, LEAVES, GOAL_SECONDS = 5, 80_000, 1.0


@dataclass(frozen=True, slots=True)
class Audited:
    """Seconds of a first audit, of the next ones, of one that no other process helps, and of reading the rows."""

    database: str
    leaves: int
    first: float
    again: float
    alone: float
    bare: float

    @property
    def whole(self) -> float:
        """Seconds for LEAVES leaves."""
        return self.again / self.leaves * LEAVES

    @property
    def is_met(self) -> bool:
        return self.whole < GOAL_SECONDS

    def row(self) -> str:
        verdict = "yes" if self.is_met else "**no**"
        return (
            f"| audit, {self.database} | {self.again / self.leaves * 1e6:,.1f} µs a leaf |"
            f" {self.again / self.bare:.2f} × its rows read bare |"
            f" in one process {self.alone / self.again:.1f} ×;"
            f" the first, with signatures, {self.first / self.again:.1f} × |"
            f" {LEAVES:,} leaves in {self.whole:.2f} s, < {GOAL_SECONDS:g} | {verdict} |"
        )


def audits(licenses: int = LEAVES) -> Iterator[Audited]:
    """On each database."""
    with (
        tempfile.TemporaryDirectory(prefix="licensing-bench-") as name,
        running_postgres(shared_buffers="1GB") as postgres,
    ):
        folder = Path(name)
        for database, url in {"SQLite": f"sqlite:///{folder}/audit.sqlite3", "PostgreSQL": postgres.dsn}.items():
            yield _audited(database, folder / database, url, licenses)


def _audited(database: str, folder: Path, url: str, licenses: int) -> Audited:
    house = build(bench_settings(folder, url))
    set_up(house)
    house.batches.run(OPERATOR, orders(licenses))
    house.ledger.checkpoint()
    audit = partial(house.audit.run, processes=PROCESSES)
    first = _seconds(audit)
    rounds = [(_seconds(audit), _seconds(house.audit.run), _seconds(lambda: _read(house))) for _ in range(ROUNDS)]
    leaves = audit().leaves
    house.database.close()
    return Audited(database, leaves, first, *map(min, zip(*rounds, strict=True)))


def _read(house: House) -> None:
    """The rows that an audit reads."""
    with house.database.snapshot() as session:
        rows.read_in_parts(session)
        start = 0
        while chunk := rows.deeds(session, start, start + CHUNK):
            for level in range(CHUNK.bit_length()):
                rows.nodes(session, level, start >> level, (start + CHUNK) >> level)
            start += len(chunk)
        for first, last in rows.pages(session, CHUNK):
            rows.licenses(session, first, last)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    for audited in audits(int(sys.argv[1]) if len(sys.argv) > 1 else LEAVES):
        print(audited.row(), flush=True)
