"""Fixtures: every test that asks for a `site` runs twice, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pyrage.x25519 import Identity
from sqlalchemy import make_url

from licensing.settings import Settings
from tests.recovery.sites import Site
from tests.support.postgres import Postgres, binaries_folder
from tests.support.worlds import make_settings, make_world


@pytest.fixture
def site(
    settings: Settings, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """An installation with a world in it, and an empty one."""
    folder = tmp_path_factory.mktemp("site") / "empty"
    if settings.database_url.startswith("sqlite"):
        world = make_world(settings)
        yield Site(world, make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}"), Identity.generate())
        world.house.database.close()
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = f"{make_url(settings.database_url).database}_restored"
    postgres.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)", f"CREATE DATABASE {name}")
    tools = binaries_folder()
    world = make_world(replace(settings, postgres_bin=tools))
    yield Site(world, make_settings(folder, postgres.database(name).dsn, postgres_bin=tools), Identity.generate())
    world.house.database.close()
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")
