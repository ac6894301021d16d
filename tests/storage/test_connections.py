"""A thread's connection when the thread ends: also one that Python did not start, as those of the HTTP server."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable
from threading import Thread
from typing import Any

from flask import Flask
from sqlalchemy import event, literal, select, text

from licensing.settings import Settings
from licensing.storage.database import Database, open_database
from licensing.storage.prepared import Prepared
from tests.support.worlds import World

ROUNDS = 20
ONE = Prepared(select(literal(1)))
START = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)


def in_a_foreign_thread(work: Callable[[], object]) -> None:
    """Done in a thread of the system's, whose Python state is made for it and cleared when it ends."""

    def begin(_: int | None) -> None:
        work()

    system, thread, start = ctypes.CDLL(None), ctypes.c_ulong(), START(begin)
    assert system.pthread_create(ctypes.byref(thread), None, start, None) == 0
    assert system.pthread_join(thread, None) == 0


def ask_and_write(database: Database) -> None:
    database.first(ONE)
    with database.write() as session:
        session.execute(text("SELECT 1"))


def main(url: str) -> None:
    database = open_database(Flask(__name__), url)
    for _ in range(ROUNDS):
        in_a_foreign_thread(lambda: ask_and_write(database))
    database.close()


def test_a_thread_of_the_http_server_ends_without_a_crash(settings: Settings) -> None:
    command = [sys.executable, "-X", "faulthandler", "-m", __name__, settings.database_url]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_a_connection_is_closed_after_its_thread_has_ended(world: World) -> None:
    database, opened = world.house.database, list[Any]()
    event.listen(database.engine, "connect", lambda driver, _: opened.append(driver))

    for _ in range(ROUNDS):
        thread = Thread(target=ask_and_write, args=(database,))
        thread.start()
        thread.join()

    shared = opened[1:2] if database.is_sqlite else []  # all its transactions
    own = [each for each in opened if each not in shared]
    assert len(own) == ROUNDS
    assert [each for each in opened if is_closed(each)] == own[:-1]


def test_transactions_of_sqlite_share_what_they_have_read(world: World) -> None:
    """Another connection's commit voids all that a connection has cached of the file."""
    used = set()
    for _ in range(3):
        thread = Thread(target=lambda: used.add(connection_of_a_transaction(world.house.database)))
        thread.start()
        thread.join()

    assert len(used) == (1 if world.house.database.is_sqlite else 3)


def connection_of_a_transaction(database: Database) -> Any:
    with database.write() as session:
        return session.connection().connection.dbapi_connection


def is_closed(driver: Any) -> bool:
    try:
        driver.execute("SELECT 1")
    except Exception:
        return True
    return False


if __name__ == "__main__":
    main(sys.argv[1])
