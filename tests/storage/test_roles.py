"""On PostgreSQL an owner migrates and another role serves; that role can add to the ledger and change nothing of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from licensing.bootstrap import build, migrate, require_fit, set_up
from licensing.core.errors import SetupRefused
from licensing.settings import Settings
from licensing.storage import schema
from licensing.storage.database import Database, open_database
from licensing.storage.ledger import APPEND_ONLY
from licensing.system import System
from tests.support.postgres import Postgres
from tests.support.worlds import Clock, World, make_settings, make_world, nodes

_numbers = count()


@pytest.fixture
def served(postgres: Postgres, tmp_path: Path, worker_id: str) -> Iterator[Settings]:
    """An installation with an owner and a service role."""
    name = f"roles_{worker_id}_{next(_numbers)}"
    owner, service = f"{name}_owner", f"{name}_service"
    postgres.execute(
        f"CREATE ROLE {owner} LOGIN", f"CREATE ROLE {service} LOGIN", f"CREATE DATABASE {name} OWNER {owner}"
    )
    urls = [replace(postgres, url=postgres.url.set(database=name, username=role)).dsn for role in (service, owner)]
    settings = make_settings(tmp_path, urls[0], database_owner_url=urls[1])
    yield settings
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {owner}", f"DROP ROLE {service}")


@pytest.fixture
def served_world(served: Settings) -> Iterator[World]:
    house = build(served, System(Clock()))
    set_up(house)
    house.database.close()
    world = make_world(served)
    yield world
    world.house.database.close()


def test_the_service_role_can_do_all_that_a_server_does(served_world: World) -> None:
    license = served_world.trial()["license_file"]["license"]

    assert served_world.check_in(license, nodes(5)).get_json()["code"] == "OVER_LIMIT"
    assert served_world.release(license).status_code == 204
    served_world.house.worker.tick()
    assert served_world.house.audit.run().findings == []
    require_fit(served_world.house)
    served_world.house.database.assert_not_owner()


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("statement", ["DELETE FROM {0}", "TRUNCATE {0}", "ALTER TABLE {0} DISABLE TRIGGER ALL"])
def test_the_service_role_has_no_right_to_change_the_ledger(served_world: World, table: str, statement: str) -> None:
    with (
        pytest.raises(DBAPIError, match=r"permission denied|must be owner"),
        served_world.house.database.engine.begin() as connection,
    ):
        connection.execute(text(statement.format(table)))


@pytest.mark.parametrize("role", ["owner", "superuser"])
def test_production_refuses_to_serve_as_who_could_change_the_ledger(
    served_world: World, postgres: Postgres, role: str
) -> None:
    settings = served_world.house.settings
    name = settings.database_url.rpartition("/")[2].partition("?")[0]
    url = settings.database_owner_url if role == "owner" else postgres.database(name).dsn
    database = open_database(Flask("as-somebody-else"), str(url))

    with pytest.raises(SetupRefused, match="owner of the ledger"):
        database.assert_not_owner()
    database.close()


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = open_database(Flask("durability"), settings.database_url)
    yield opened
    opened.close()


def test_a_sound_database_passes(database: Database) -> None:
    database.assert_durable()
    schema.assert_current(database)
    assert schema.differences(database) == []


def test_a_database_that_could_forget_is_refused(database: Database) -> None:
    if database.is_sqlite:
        connection = database.engine.raw_connection()
        connection.cursor().execute("PRAGMA synchronous=NORMAL")
        connection.close()  # back into the pool, weakened
    else:
        with database.engine.begin() as session:
            session.execute(text("ALTER ROLE CURRENT_USER SET synchronous_commit = off"))
        database.close()

    with pytest.raises(SetupRefused, match="synchronous"):
        database.assert_durable()

    if not database.is_sqlite:
        with database.engine.begin() as session:
            session.execute(text("ALTER ROLE CURRENT_USER RESET synchronous_commit"))


def test_the_schema_goes_down_and_up_again(settings: Settings, database: Database) -> None:
    schema.downgrade(database, "base")
    with pytest.raises(SetupRefused, match="licensing db upgrade"):
        schema.assert_current(database)

    migrate(settings)

    schema.assert_current(database)
    assert schema.differences(database) == []
