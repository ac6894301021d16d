"""What is done to an installation under load."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import cycle

import psycopg

from tests.crash.clients import Crowd
from tests.crash.installations import Installation
from tests.crash.verdicts import Verdict, judge
from tests.support.postgres import Postmaster

SERVERS, CLIENTS = 3, 6
START_SECONDS = 60
WORK_SECONDS = (0.2, 0.8)
"""Between two faults, so that they hit every moment of a sale."""
SALES_A_FAULT = 150
"""Customers for each: more than a fast machine serves until the next."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many faults there were, the slowest return to work after the database was back, and the verdict."""

    faults: int
    recovery_seconds: float
    verdict: Verdict


def run(installed: Installation, faults: int, seed: int = 1) -> Outcome:
    """Sells under faults, then waits until all servers answer, and judges."""
    chance = random.Random(seed)
    customers = installed.customers(300 + SALES_A_FAULT * faults)
    for server in installed.servers:
        server.start()
    crowd = Crowd([server.port for server in installed.servers], installed.api_key, customers, CLIENTS)
    slowest = 0.0
    try:
        _wait_for_a_sale(installed, crowd, time.monotonic())
        for _, fault in zip(range(faults), cycle(_faults(installed)), strict=False):
            time.sleep(chance.uniform(*WORK_SECONDS))
            back = fault(installed, chance)
            took = _wait_for_a_sale(installed, crowd, time.monotonic() if back is None else back)
            slowest = slowest if back is None else max(slowest, took)
    finally:
        crowd.end()
    return Outcome(faults, slowest, judge(installed, crowd.journal))


def _faults(installed: Installation) -> list[Callable[[Installation, random.Random], float | None]]:
    if installed.postmaster is None:
        return [_kill_server]
    return [_kill_server, _kill_backend, _kill_server, _kill_postmaster, _kill_backend, _stop_at_once]


def _kill_server(installed: Installation, chance: random.Random) -> None:
    """One server and its worker are gone, and come back; the others go on."""
    server = chance.choice(installed.servers)
    server.end()
    server.start()


def _kill_backend(installed: Installation, chance: random.Random) -> None:
    """One backend is killed: PostgreSQL ends all others and recovers by itself."""
    postmaster = _postmaster(installed)
    with suppress(psycopg.OperationalError), psycopg.connect(_plain(postmaster.postgres.dsn)) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        ).fetchall()
        with suppress(ProcessLookupError):  # it may have ended just now
            if found:
                os.kill(chance.choice(found)[0], signal.SIGKILL)


def _kill_postmaster(installed: Installation, _: random.Random) -> float:
    """PostgreSQL's first process is killed, and started anew. When it answered again."""
    return _stopped(installed, signal.SIGKILL)


def _stop_at_once(installed: Installation, _: random.Random) -> float:
    """PostgreSQL stops without a checkpoint, and is started anew. When it answered again."""
    return _stopped(installed, signal.SIGQUIT)


def _stopped(installed: Installation, number: int) -> float:
    postmaster = _postmaster(installed)
    postmaster.stop(number)
    postmaster.restart()
    return time.monotonic()


def _wait_for_a_sale(installed: Installation, crowd: Crowd, moment: float) -> float:
    """Seconds from the moment to the next acknowledged sale. Who found no database at its start is started again."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if (seconds := crowd.journal.first_after(moment)) is not None:
            return seconds
        for server in installed.servers:
            server.supervise()
        time.sleep(0.02)
    why = "every customer is served" if crowd.is_served else f"odd answers: {crowd.journal.odd[:3]}"
    raise RuntimeError(f"no sale within {START_SECONDS} s; {why}")


def _postmaster(installed: Installation) -> Postmaster:
    assert installed.postmaster is not None
    return installed.postmaster


def _plain(dsn: str) -> str:
    return dsn.replace("postgresql+psycopg:", "postgresql:")
