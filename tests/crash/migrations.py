"""`python -m tests.crash.migrations [ISSUANCES]`: the schema goes down and up with that many issuances, and is killed.

What an early schema has is the same, row by row, in the early one, in the newest, and after upgrades that were
killed with SIGKILL at any moment and run again.
"""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
import time
from dataclasses import dataclass

from sqlalchemy import inspect, text

from bench.report_customers import DEEDS_EACH
from bench.report_rows import fill
from licensing.storage import schema
from licensing.storage.database import Database
from tests.crash.installations import POSTGRESQL, SQLITE, Installation, installation

ISSUANCES, BASE, KILLS = 100_000, 500, 5
FIRST = "0003"
"""As far down as these rows fit: before it, staff without a password could not be."""
ADDED = {"lead_weight": "signal <> 'alike_trials'"}
"""By table, which rows are compared, where a later schema brings a row of its own."""
Columns = dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class Migrated:
    """Rows compared, seconds of each way, how many upgrades were killed, and what differs."""

    rows: int
    down_seconds: float
    up_seconds: float
    killed: int
    differing: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"{self.rows:,} rows, down {self.down_seconds:.1f} s, up {self.up_seconds:.1f} s, {self.killed} upgrades"
            f" killed, differing tables: {', '.join(self.differing) or 'none'}"
        )


def run(installed: Installation, issuances: int, kills: int, seed: int = 1) -> Migrated:
    """Fills the house, and takes its schema down and up."""
    database, chance = installed.house.database, random.Random(seed)
    fill(installed.house, BASE, max(1, issuances // (BASE * DEEDS_EACH)))
    start = time.monotonic()
    schema.downgrade(database, FIRST)
    down = time.monotonic() - start
    columns = _columns(database)
    first = _digests(database, columns)
    start = time.monotonic()
    schema.upgrade(database)
    up = time.monotonic() - start
    seen = [first, _digests(database, columns)]
    schema.downgrade(database, FIRST)
    killed = sum(_killed(installed, chance.uniform(1, up + 4)) for _ in range(kills))
    schema.upgrade(database)
    schema.assert_current(database)
    seen.append(_digests(database, columns))
    differing = {name for each in seen for name in columns if each[name] != first[name]}
    return Migrated(sum(count for count, _ in first.values()), down, up, killed, tuple(sorted(differing)))


def _killed(installed: Installation, seconds: float) -> bool:
    """Whether an upgrade that was killed after so many seconds had not ended before."""
    settings = installed.house.settings
    environment = {
        **os.environ,
        "LICENSING_DATA_DIR": str(settings.data_dir),
        "LICENSING_DATABASE_URL": settings.database_url,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "licensing", "db", "upgrade"], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
    schema.downgrade(installed.house.database, FIRST)
    return False


def _columns(database: Database) -> Columns:
    found = inspect(database.engine)
    return {
        name: sorted(str(column["name"]) for column in found.get_columns(name))
        for name in sorted(found.get_table_names())
        if name != "alembic_version"
    }


def _digests(database: Database, columns: Columns) -> dict[str, tuple[int, str]]:
    """How many rows each table has, and what they say in these columns."""
    digests = {}
    with database.read() as session:
        for table, names in columns.items():
            listed = ", ".join(f'"{name}"' for name in names)
            query = text(f'SELECT {listed} FROM "{table}" WHERE {ADDED.get(table, "true")}')
            rows = sorted(repr(tuple(row)) for row in session.execute(query))
            digests[table] = len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return digests


def main() -> int:
    """0 when no row differs."""
    issuances = int(sys.argv[1]) if len(sys.argv) > 1 else ISSUANCES
    same = True
    for database in (SQLITE, POSTGRESQL):
        with installation(database, 0) as installed:
            migrated = run(installed, issuances, KILLS)
        print(f"{database}: {migrated}")
        same = same and not migrated.differing
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
