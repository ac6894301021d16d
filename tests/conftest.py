"""Fixtures: every test that asks for a `world` runs twice, on SQLite and on PostgreSQL."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from licensing.bootstrap import build, set_up
from licensing.settings import Settings
from licensing.system import System
from tests.support import routes
from tests.support.counted import counted as counted
from tests.support.postgres import Postgres, running_postgres
from tests.support.worlds import Clock, World, make_settings, make_world

TEMPLATE = "licensing_template"
MEMORY = Path("/dev/shm")
ROOM = 4 << 30
"""Bytes of memory to spare that let the databases of tests live there."""
_numbers = count()


def pytest_configure() -> None:
    """Where there is room, temporary folders are made in memory: most of a test's time goes into a disk's flushes."""
    routes.compile_once()
    if MEMORY.is_dir() and not os.statvfs(MEMORY).f_flag & os.ST_NOEXEC and shutil.disk_usage(MEMORY).free > ROOM:
        tempfile.tempdir = str(MEMORY)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server, with superuser rights."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys and a SQLite database, set up once and copied for each test."""
    folder = tmp_path_factory.mktemp("sqlite-template")
    _set_up(make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}"))
    return folder


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> tuple[Path, str]:
    """A folder with keys, and the name of a PostgreSQL database set up once and cloned for each test."""
    folder, name = tmp_path_factory.mktemp("postgres-template"), f"{TEMPLATE}_{worker_id}"
    postgres.execute(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    _set_up(make_settings(folder, postgres.database(name).dsn))
    return folder, name


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """The settings of an installation that is set up, on each database."""
    if request.param == "sqlite":
        shutil.copytree(request.getfixturevalue("sqlite_template"), tmp_path, dirs_exist_ok=True)
        yield make_settings(tmp_path, f"sqlite:///{tmp_path / 'licensing.sqlite3'}")
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    folder, template = request.getfixturevalue("postgres_template")
    name = f"{template}_{next(_numbers)}"
    # Copying its files is three times as fast as writing every page to the log.
    clone = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
    postgres.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", clone)
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    yield make_settings(tmp_path, postgres.database(name).dsn)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def world(settings: Settings) -> Iterator[World]:
    """A world of its own, at START."""
    world = make_world(settings)
    yield world
    world.house.database.close()


def _set_up(settings: Settings) -> None:
    house = build(settings, System(Clock()))
    set_up(house)
    house.database.close()
