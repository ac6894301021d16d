"""`python -m tests.recovery [LICENSES]`: how long a lost database takes, from the backup to a server that is ready.

Everything is done as an operator does it, with the command line: a backup, the loss of database and keys' statement, a
restore into an empty place that is proved against the checkpoint kept elsewhere, a start, and an audit.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pyrage.x25519 import Identity

from bench.batches import orders
from licensing.core.callers import OPERATOR
from tests.crash.installations import POSTGRESQL, SQLITE, Installation, installation
from tests.support.postgres import binaries_folder
from tests.support.servers import running_server

LICENSES = 100_000


@dataclass(frozen=True, slots=True)
class Recovered:
    """Bytes of the backup, and the seconds of each step."""

    database: str
    licenses: int
    size: int
    backup: float
    restore: float
    start: float

    def __str__(self) -> str:
        return (
            f"{self.database}: {self.licenses:,} licenses, backup {self.size / 1e6:,.0f} MB in {self.backup:.0f} s;"
            f" restored and proved in {self.restore:.0f} s, ready {self.start:.0f} s later, audited without findings"
        )


def run(database: str, licenses: int) -> Recovered:
    """Loses a database of so many licenses, and has it again."""
    identity = Identity.generate()
    with tempfile.TemporaryDirectory(prefix="licensing-recovery-") as name, installation(database, 0) as installed:
        place = Path(name)
        (place / "identity.txt").write_text(str(identity))
        settings = installed.house.settings
        installed.house.batches.run(OPERATOR, orders(licenses))
        (place / "checkpoint").write_text(installed.house.ledger.checkpoint().note)
        lost = {
            "LICENSING_DATA_DIR": str(settings.data_dir),
            "LICENSING_DATABASE_URL": settings.database_url,
            "LICENSING_PUBLIC_URL": settings.public_url,
            "LICENSING_KEYS_DIR": str(settings.keys_dir),
            "LICENSING_POSTGRES_BIN": str(binaries_folder()),
        }
        backup = _seconds(lost, "backup", str(place / "b.age"), "--recipient", str(identity.to_public()))
        empty = lost | {"LICENSING_DATA_DIR": str(place / "new"), "LICENSING_DATABASE_URL": _new(installed, place)}
        proofs = ("--identity", str(place / "identity.txt"), "--checkpoint", str(place / "checkpoint"))
        restore = _seconds(empty, "restore", str(place / "b.age"), *proofs)
        began = time.monotonic()
        set_by = {name.removeprefix("LICENSING_").lower(): value for name, value in empty.items()}
        with running_server(place / "new", **set_by):
            start = time.monotonic() - began
        _seconds(empty, "ledger", "audit", "--checkpoint", str(place / "checkpoint"))
        return Recovered(database, licenses, (place / "b.age").stat().st_size, backup, restore, start)


def _new(installed: Installation, place: Path) -> str:
    """An empty place for the database; the old one is gone."""
    installed.house.database.close()
    if installed.postmaster is None:
        for file in installed.house.settings.data_dir.glob("licensing.sqlite3*"):
            file.unlink()
        return f"sqlite:///{place / 'new' / 'licensing.sqlite3'}"
    postgres = installed.postmaster.postgres
    postgres.execute("CREATE DATABASE restored")
    return postgres.database("restored").dsn


def _seconds(environment: Mapping[str, str], *words: str) -> float:
    """What the command took; it succeeded."""
    began = time.monotonic()
    command = [sys.executable, "-m", "licensing", *words]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("LICENSING_")}
    done = subprocess.run(command, env=kept | dict(environment), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"licensing {words[0]} failed: {done.stdout}{done.stderr}")
    return time.monotonic() - began


def main() -> int:
    licenses = int(sys.argv[1]) if len(sys.argv) > 1 else LICENSES
    for database in (SQLITE, POSTGRESQL):
        print(run(database, licenses), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
