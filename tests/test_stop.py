"""A server is told to stop while it works: it takes nothing more, answers what it took, and ends with 0."""

from __future__ import annotations

import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import func, select

from licensing.cli.server import STOP_SECONDS, WORK_SECONDS
from licensing.core.ledger import Kind
from licensing.storage.ledger import IssuanceRow
from tests.crash.clients import DONE, Crowd, Journal, Shop
from tests.crash.installations import POSTGRESQL, SQLITE, Installation, Server, installation
from tests.crash.verdicts import judge
from tests.support.servers import RunningServer, running_server
from tests.test_reload import workers

CLIENTS, STOPS, SALES_A_STOP, CUSTOMERS = 8, 4, 10, 60
GRACE_SECONDS = 30
"""What deploy/ gives the server."""
PATIENCE_SECONDS = 60


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def started(installed: Installation) -> Server:
    """The server with two workers that say how they crash."""
    server = installed.servers[0]
    server.environment |= {"LICENSING_WORKERS": "2", "PYTHONFAULTHANDLER": "1"}
    server.start()
    return server


def stop(server: Server) -> int:
    """The exit code of the first process, told as a supervisor tells it."""
    assert server.process is not None
    server.process.send_signal(signal.SIGTERM)
    return server.process.wait(GRACE_SECONDS)


def complaints_of(server: Server) -> list[str]:
    """What its processes said but that they start, and of requests that went well."""
    log = Path(server.environment["LICENSING_DATA_DIR"], f"serve-{server.port}.log").read_text("utf-8")
    usual = ("serving ", "mails ", "data ")
    return [line for line in log.splitlines() if line and '"level": "info"' not in line and not line.startswith(usual)]


def sold(installed: Installation) -> int:
    with installed.house.database.read() as session:
        return int(session.scalar(select(func.count()).where(IssuanceRow.kind == Kind.SOLD)) or 0)


def work_and_stop(installed: Installation, journal: Journal) -> int:
    """Clients buy, and the server is stopped in the midst of it: its exit code. The journal goes on."""
    server = started(installed)
    crowd = Crowd([server.port], installed.api_key, installed.customers(CUSTOMERS), CLIENTS)
    wait_until(lambda: len(crowd.journal.acknowledged) >= SALES_A_STOP)
    code = stop(server)
    crowd.end()
    journal.wished += crowd.journal.wished
    journal.acknowledged |= crowd.journal.acknowledged
    journal.odd += crowd.journal.odd
    return code


@pytest.mark.parametrize("database", [SQLITE, POSTGRESQL])
def test_a_server_stopped_under_load_has_answered_all_it_did(database: str) -> None:
    journal, codes, done_and_told = Journal(), list[int](), list[tuple[int, int]]()
    with installation(database, 1) as installed:
        for _ in range(STOPS):
            codes.append(work_and_stop(installed, journal))
            done_and_told.append((sold(installed), len(journal.acknowledged)))
        complaints = complaints_of(installed.servers[0])
        started(installed)
        verdict = judge(installed, journal)

    assert codes == [0] * STOPS
    assert [done for done, _ in done_and_told] == [told for _, told in done_and_told]
    assert verdict.is_clean, str(verdict)
    assert complaints == []


def test_what_was_taken_is_answered_and_nothing_more_is_taken() -> None:
    with installation(SQLITE, 1) as installed:
        customer, server, answers = installed.customers(1)[0], started(installed), list[tuple[int, bytes] | None]()
        wait_until(lambda: answers_at(server.port))
        with closing(sqlite3.connect(Path(server.environment["LICENSING_DATA_DIR"], "licensing.sqlite3"))) as other:
            other.execute("BEGIN IMMEDIATE")
            shop = Shop([server.port], installed.api_key)
            buying = Thread(target=lambda: answers.append(shop.sell(customer, Event())))
            buying.start()
            time.sleep(0.5)  # it is taken, and waits for the other writer
            assert server.process is not None
            server.process.send_signal(signal.SIGTERM)
            wait_until(lambda: not takes_connections(server.port))
            is_running = server.process.poll() is None
            other.rollback()
            code = server.process.wait(GRACE_SECONDS)
        buying.join()
        shop.close()

    assert is_running
    assert code == 0
    assert answers[0] is not None
    assert answers[0][0] == DONE


def test_workers_that_are_still_starting_end_at_once(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running_server(folder):
        pass  # it is set up
    environment = {"LICENSING_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
    with (folder / "again.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "licensing", "serve", "--no-worker"], env=environment, stdout=log, stderr=log
        )
    wait_until(lambda: len(workers(RunningServer(0, folder, process.pid))) == 2)

    process.send_signal(signal.SIGTERM)

    assert process.wait(PATIENCE_SECONDS) == 0
    assert "Killing" not in (folder / "again.log").read_text("utf-8")


def test_supervisors_give_more_time_than_a_stop_may_take() -> None:
    deploy = Path(__file__).parents[1] / "deploy"
    given = [
        f"stop_grace_period: {GRACE_SECONDS}s" in (deploy / "compose.yaml").read_text("utf-8"),
        f"TimeoutStopSec={GRACE_SECONDS}\n" in (deploy / "systemd" / "licensing.service").read_text("utf-8"),
        f"terminationGracePeriodSeconds: {GRACE_SECONDS}\n"
        in (deploy / "helm" / "koor-licensing" / "templates" / "server.yaml").read_text("utf-8"),
    ]

    assert given == [True, True, True]
    assert STOP_SECONDS + WORK_SECONDS < GRACE_SECONDS


def answers_at(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    with closing(connection):
        try:
            connection.request("GET", "/healthz")
            return bool(json.loads(connection.getresponse().read()) == {"status": "ok"})
        except OSError:
            return False


def takes_connections(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
