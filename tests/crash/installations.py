"""An installation whose servers, and whose PostgreSQL, can be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from licensing.bootstrap import House, build, set_up
from licensing.core.callers import OPERATOR, Permission
from licensing.core.prices import Price
from tests.support.postgres import Postmaster, running_postmaster
from tests.support.servers import free_port
from tests.support.worlds import make_settings

SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(slots=True)
class Server:
    """One `licensing serve` with one worker, and a port that stays the same."""

    environment: dict[str, str]
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it, and does not wait."""
        with Path(self.environment["LICENSING_DATA_DIR"], f"serve-{self.port}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "licensing", "serve"],
                env={**self.environment, "LICENSING_BIND": f"127.0.0.1:{self.port}"},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def supervise(self) -> None:
        """Starts it again when it has ended by itself, as a supervisor would."""
        if self.process is not None and self.process.poll() is not None:
            self.start()

    def end(self, number: int = signal.SIGKILL) -> None:
        """All its processes get the signal at once."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)
            self.process.wait()


@dataclass(frozen=True, slots=True)
class Installation:
    """A house on a database, the key that its clients sell with, and its servers."""

    house: House
    api_key: str
    servers: list[Server]
    postmaster: Postmaster | None

    def customers(self, count: int) -> list[str]:
        """The ids of new customers."""
        house = self.house
        with house.database.joined():
            made = [house.organizations.create(OPERATOR, f"Customer {n}", "DE", None, None) for n in range(count)]
        return [each.id for each in made]


@contextmanager
def installation(database: str, servers: int, package: Path | None = None, **postgres: str) -> Iterator[Installation]:
    """An installation with that many servers, not started yet; they run the `package`'s code, this tree's unless told.

    `postgres` are settings of PostgreSQL.
    """
    with tempfile.TemporaryDirectory(prefix="licensing-crash-") as name:
        folder = Path(name)
        if database == SQLITE:
            yield from _installed(folder, f"sqlite:///{folder / 'licensing.sqlite3'}", servers, package, None)
            return
        with running_postmaster(**postgres) as postmaster:
            yield from _installed(folder, postmaster.postgres.dsn, servers, package, postmaster)


def _installed(
    folder: Path, url: str, servers: int, package: Path | None, postmaster: Postmaster | None
) -> Iterator[Installation]:
    house = build(make_settings(folder, url))
    set_up(house)
    today = house.system.now().replace(hour=0, minute=0, second=0)
    house.prices.put(OPERATOR, Price("EUR", 120_000, today))
    key = house.api_keys.create(OPERATOR, "shop", [Permission.LICENSES_WRITE], 30, None).key
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LICENSING_")} | {
        "LICENSING_DATA_DIR": str(folder),
        "LICENSING_DATABASE_URL": url,
        "LICENSING_WORKERS": "1",
        "LICENSING_PUBLIC_URL": house.settings.public_url,
        "PYTHONPATH": str(package or Path(__file__).parents[2]),
    }
    made = Installation(house, key, [Server(environment) for _ in range(servers)], postmaster)
    try:
        yield made
    finally:
        for server in made.servers:
            server.end()
        house.database.close()
