"""Prepared statements say what SQLAlchemy would say, in good times and in bad ones."""

from __future__ import annotations

import shutil
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from licensing.core.errors import Busy
from licensing.storage import clusters, licenses
from licensing.storage.clusters import ClusterRow
from tests.support.postgres import Postgres
from tests.support.worlds import FSID, UID, World, make_settings, make_world, nodes, sell, token_of


def held(world: World, license_id: str) -> object:
    return clusters.held_under(world.house.database, license_id, FSID, UID)


@pytest.fixture
def license_id(world: World) -> str:
    """A license with one cluster that has checked in."""
    id = sell(world).license_id
    world.check_in(token_of(world, id), nodes(4))
    return id


def test_a_row_has_the_types_of_its_columns(world: World, license_id: str) -> None:
    found = clusters.held_under(world.house.database, license_id, FSID, UID)

    assert found is not None
    holding, standing = found
    assert holding.expires_at - holding.first_seen_at == timedelta(days=8)
    assert (holding.production, holding.np_granted, holding.instance_key) == (True, False, None)
    with world.house.database.read() as session:
        assert standing == licenses.find(session, license_id)
        assert holding.digest == session.scalar(select(ClusterRow.digest))
    assert held(world, "0" * 32) is None


def test_a_transaction_sees_what_it_has_written_and_others_do_not(world: World, license_id: str) -> None:
    with world.house.database.write() as session:
        licenses.bind(session, license_id, FSID)
        inside = licenses.find(session, license_id)
        outside = clusters.held_under(world.house.database, license_id, FSID, UID)
        assert inside is not None
        assert outside is not None
        assert (inside.bound_fsid, outside[1].bound_fsid) == (FSID, None)

    assert licenses_bound(world, license_id) == FSID


def licenses_bound(world: World, license_id: str) -> str | None:
    found = clusters.held_under(world.house.database, license_id, FSID, UID)
    assert found is not None
    return found[1].bound_fsid


def test_every_thread_has_a_connection_of_its_own(world: World, license_id: str) -> None:
    seen: list[object] = []
    threads = [
        threading.Thread(target=lambda: seen.extend(held(world, license_id) for _ in range(20))) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(seen) == 120
    assert all(each == seen[0] for each in seen)


def test_a_connection_that_was_cut_is_made_anew(world: World, license_id: str, postgres: Postgres) -> None:
    before = held(world, license_id)
    if world.house.database.is_sqlite:
        world.house.database.close()
    else:
        postgres.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
            f" AND datname = '{world.house.database.engine.url.database}'"
        )

    assert held(world, license_id) == before


def test_a_database_that_is_away_is_busy_and_back_when_it_is(sqlite_template: Path, tmp_path: Path) -> None:
    folder, away = tmp_path / "here", tmp_path / "away"
    shutil.copytree(sqlite_template, folder)
    world = make_world(make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}"))
    license_id = sell(world).license_id
    world.house.database.close()
    folder.rename(away)

    with pytest.raises(Busy):
        held(world, license_id)

    away.rename(folder)
    assert held(world, license_id) is None
    world.house.database.close()
