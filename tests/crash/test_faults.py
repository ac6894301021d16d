"""What the machine takes away and gives back: 503 while it lacks, nothing lost, and no restart afterwards."""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import Engine, event, text

from licensing.core.callers import OPERATOR
from licensing.core.errors import Busy, Refusal
from licensing.storage.database import BUSY_TIMEOUT_SECONDS
from tests.support.servers import RunningServer, running_server
from tests.support.worlds import World, checkin, nodes, sell, token_of

FEW_FILES, STRANGERS, MANY = 64, 150, 500
IN_TIME_SECONDS = BUSY_TIMEOUT_SECONDS + 3


def _away(world: World, token: str) -> None:
    """A check-in that changes something is answered 503, and the process is well."""
    answer = world.check_in(token, nodes(7))
    assert (answer.status_code, answer.get_json()["code"]) == (503, "BUSY")
    assert "Retry-After" in answer.headers
    assert world.client.get("/healthz").status_code == 200


@contextmanager
def _no_room(engine: Engine) -> Iterator[None]:
    """SQLite may not grow by a page; PostgreSQL says of every row what it says on a full disk."""
    if engine.dialect.name == "sqlite":
        with _pragma(engine, "max_page_count=1"):  # the least that SQLite takes is what it has
            yield
        return
    with engine.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
                " $$BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = '53100'; END$$"
            )
        )
        for table in ("ledger_leaf", "cluster"):
            connection.execute(
                text(f"CREATE TRIGGER no_room BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION no_room()")
            )
    yield
    with engine.begin() as connection:
        connection.execute(text("DROP FUNCTION no_room CASCADE"))


@contextmanager
def _read_only(engine: Engine) -> Iterator[None]:
    if engine.dialect.name == "sqlite":
        with _pragma(engine, "query_only=ON"):
            yield
        return
    name = engine.url.database
    with engine.begin() as connection:
        connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = on"))
    engine.dispose()
    yield
    with engine.begin() as connection:
        connection.execute(text("SET TRANSACTION READ WRITE"))
        connection.execute(text(f"ALTER DATABASE {name} RESET default_transaction_read_only"))
    engine.dispose()


@contextmanager
def _pragma(engine: Engine, pragma: str) -> Iterator[None]:
    """Every connection that is opened has it, as long as the block lasts."""

    def prepare(connection: object, _: object) -> None:
        connection.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]  # a driver's connection

    event.listen(engine, "connect", prepare)
    engine.dispose()
    yield
    event.remove(engine, "connect", prepare)
    engine.dispose()


def test_a_full_disk_is_answered_503_and_once_there_is_room_the_server_goes_on(world: World) -> None:
    token, sold = token_of(world, sell(world).license_id), 1

    with _no_room(world.house.database.engine):
        with suppress(Busy):
            while sold < MANY:  # there is room in pages that are not full
                sell(world)
                sold += 1
        assert sold < MANY
        assert world.client.post("/v1/validate", json={"nodes": 1}).status_code < 500
        assert len(world.house.licenses.page(OPERATOR, "", 1_000)) == sold

    sell(world)
    assert world.check_in(token, nodes(7)).status_code == 200
    assert len(world.house.licenses.page(OPERATOR, "", 1_000)) == sold + 1
    assert world.house.audit.run().findings == []


def test_a_database_that_takes_no_writes_is_answered_503_and_reads_go_on(world: World) -> None:
    token = token_of(world, sell(world).license_id)
    before = world.rows()

    with _read_only(world.house.database.engine):
        _away(world, token)
        assert len(world.house.licenses.page(OPERATOR, "", 10)) == 1

    assert world.rows() == before
    assert world.check_in(token, nodes(7)).status_code == 200


def test_when_all_connections_are_taken_the_answer_is_503_in_time(world: World) -> None:
    token, engine = token_of(world, sell(world).license_id), world.house.database.engine

    with ExitStack() as taken:
        for _ in range(engine.pool.size() + engine.pool._max_overflow):  # type: ignore[attr-defined]  # a QueuePool
            taken.enter_context(closing(engine.raw_connection()))
        began = time.monotonic()
        with ThreadPoolExecutor(1) as thread:  # one that has no connection of its own yet
            thread.submit(_away, world, token).result()
        waited = time.monotonic() - began

    assert waited < IN_TIME_SECONDS
    assert world.check_in(token, nodes(7)).status_code == 200


@contextmanager
def _locked(engine: Engine) -> Iterator[None]:
    """Somebody else holds the licenses and does not let go."""
    with engine.connect() as connection, connection.begin():
        if engine.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE license IN ACCESS EXCLUSIVE MODE"))
        yield


def test_while_a_table_is_locked_the_answer_is_503_in_time_and_the_process_is_well(world: World) -> None:
    token = token_of(world, sell(world).license_id)

    with _serving(world) as server, ThreadPoolExecutor(1) as pool:
        with _locked(world.house.database.engine):
            asked = pool.submit(_new_cluster, server, token, 0)
            time.sleep(0.5)
            assert _health(server) == 200
            assert not asked.done()
            status, seconds = asked.result()
        again = _new_cluster(server, token, 0)

    assert status == 503
    assert seconds < IN_TIME_SECONDS
    assert again[0] == 200


def test_a_server_with_few_files_survives_a_flood_of_connections(world: World) -> None:
    token = token_of(world, sell(world).license_id)

    with _serving(world) as server:
        for pid in (server.pid, *_workers(server.pid)):
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (FEW_FILES, FEW_FILES))
        with ExitStack() as flood:
            for _ in range(STRANGERS):
                stranger = flood.enter_context(closing(server.connect()))
                stranger.timeout = 2
                with suppress(OSError):
                    stranger.connect()
            time.sleep(1)
        began = time.monotonic()
        while _health(server) != 200:
            assert time.monotonic() - began < IN_TIME_SECONDS
            time.sleep(0.1)

        assert _new_cluster(server, token, 0)[0] == 200
    assert world.house.audit.run().findings == []


@pytest.mark.parametrize("days", [-4_000, 4_000])
def test_a_clock_that_jumps_breaks_neither_sales_nor_check_ins_nor_the_ledger(world: World, days: int) -> None:
    token = token_of(world, sell(world).license_id)
    world.check_in(token, nodes(5))
    world.house.ledger.checkpoint()

    world.clock.advance(days=days)
    assert world.check_in(token, nodes(6)).status_code == 200
    with suppress(Refusal):  # outside of the keys' time nothing is sold
        sell(world)
    world.house.ledger.checkpoint()
    world.clock.advance(days=-days)

    assert world.check_in(token, nodes(7)).get_json()["code"] == "VALID"
    assert world.house.audit.run().findings == []


@contextmanager
def _serving(world: World) -> Iterator[RunningServer]:
    """A real server on the world's database and at its time."""
    settings = world.house.settings
    clock = settings.data_dir / "clock"
    clock.write_text(world.clock.time.isoformat())
    with running_server(
        settings.data_dir, database_url=settings.database_url, clock_file=str(clock), workers="1"
    ) as server:
        yield server


def _new_cluster(server: RunningServer, token: str, number: int) -> tuple[int, float]:
    """The status of a cluster's first check-in, and how long it took."""
    began = time.monotonic()
    with closing(server.connect()) as connection:
        body = checkin([f"node-{number}"], fsid=str(UUID(int=number + 1)))
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("POST", "/v1/checkins", json.dumps(body), headers)
        response = connection.getresponse()
        response.read()
        assert response.status == 200 or response.headers["Retry-After"]
    return response.status, time.monotonic() - began


def _health(server: RunningServer) -> int:
    """The status of `/healthz`; 0 where nobody answers."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=IN_TIME_SECONDS)
    with closing(connection), suppress(OSError, HTTPException):
        connection.request("GET", "/healthz")
        return connection.getresponse().status
    return 0


def _workers(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
