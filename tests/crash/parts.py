"""The parts of the harness, each run against the package that is imported: `python -m tests.crash.parts PART`.

Exits 0 when it stays green, RED when it found something; whatever else went wrong has another code.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from threading import Barrier

from sqlalchemy import func, select

from licensing.bootstrap import build, set_up
from licensing.core.callers import OPERATOR
from licensing.core.errors import Busy
from licensing.core.sales import Term
from licensing.storage.clusters import ClusterRow
from licensing.system import System
from tests.crash.faults import SERVERS, run
from tests.crash.installations import POSTGRESQL, SQLITE, Installation, installation
from tests.crash.statements import failing_at
from tests.support.postgres import running_postmaster
from tests.support.worlds import Clock, World, make_settings, make_world
from tests.test_last_seat import race

RED = 3
FAULTS = 12
RACES, CLIENTS = 20, 12
REFUSAL_SECONDS = 20


def killed() -> str | None:
    """Servers on SQLite are killed."""
    with installation(SQLITE, SERVERS) as installed:
        return _judged(installed)


def database_killed(synchronous_commit: str = "on") -> str | None:
    """Servers and PostgreSQL are killed."""
    with installation(POSTGRESQL, SERVERS, synchronous_commit=synchronous_commit) as installed:
        return _judged(installed)


def forgetful_database_killed() -> str | None:
    """The same with a PostgreSQL that answers before what was committed is on disk."""
    return database_killed(synchronous_commit="off")


def forgetful_database_refused() -> str | None:
    """A server does not start on such a PostgreSQL."""
    with installation(POSTGRESQL, 1, synchronous_commit="off") as installed:
        server = installed.servers[0]
        server.start()
        assert server.process is not None
        try:
            code = server.process.wait(REFUSAL_SECONDS)
        except subprocess.TimeoutExpired:
            return "a server serves on a database that may forget"
    return None if code == 1 else f"the server ended with {code}"


def last_seat() -> str | None:
    """Twelve clusters want one seat, again and again."""
    with installation(POSTGRESQL, 1) as installed:
        house, server = installed.house, installed.servers[0]
        server.start()
        buyers = installed.customers(RACES)
        sold = [house.sales.sell(OPERATOR, buyer, Term(1, 12), None).standing for buyer in buyers]
        tokens = [str(house.licenses.file(OPERATOR, each.license_id)["license"]) for each in sold if each is not None]
        _wait(server.port)
        start = Barrier(CLIENTS)
        for client in range(CLIENTS):  # they are known before they race: new ones of a license take turns anyway
            race(HTTPConnection("127.0.0.1", server.port, timeout=30), client, tokens, Barrier(1), nodes=0)
        with ThreadPoolExecutor(CLIENTS) as pool:
            for client in range(CLIENTS):
                pool.submit(race, HTTPConnection("127.0.0.1", server.port, timeout=30), client, tokens, start)
        with house.database.read() as session:
            granted = select(func.sum(ClusterRow.granted)).group_by(ClusterRow.license_id)
            oversold = [int(seats) for seats in session.scalars(granted) if seats > 1]
    return f"{len(oversold)} of {RACES} seats were sold more than once" if oversold else None


def failing_statements() -> str | None:
    """A sale fails at each of its statements."""
    with tempfile.TemporaryDirectory() as folder, running_postmaster() as postmaster:
        settings = make_settings(Path(folder), postmaster.postgres.dsn)
        house = build(settings, System(Clock()))
        set_up(house)
        house.database.close()
        world = make_world(settings)
        problem = _fails_everywhere(world)
        world.house.database.close()
        return problem


def _fails_everywhere(world: World) -> str | None:
    house = world.house
    buyer = house.organizations.create(OPERATOR, "Acme", "DE", None, None)
    before = world.rows()
    for number in count(1):
        with failing_at(house.database.engine, number) as failed, suppress(Busy):
            house.sales.sell(OPERATOR, buyer.id, Term(25, 12), None)
        if not failed:
            return None
        if world.rows() != before:
            return f"statement {number} failed, and something stands"
    raise AssertionError("unreachable")


def _judged(installed: Installation) -> str | None:
    verdict = run(installed, FAULTS).verdict
    return None if verdict.is_clean else str(verdict)


def _wait(port: int) -> None:
    for _ in range(600):
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/healthz")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError("the server does not answer")


PARTS: dict[str, Callable[[], str | None]] = {
    each.__name__: each
    for each in (
        *(killed, database_killed, forgetful_database_killed, forgetful_database_refused),
        *(last_seat, failing_statements),
    )
}


def main() -> int:
    """0 or RED."""
    problem = PARTS[sys.argv[1]]()
    if problem is not None:
        print(f"red: {problem}")
        return RED
    print("green")
    return 0


if __name__ == "__main__":
    sys.exit(main())
