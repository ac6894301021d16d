"""Clusters in the database: whoever looks at a cluster to change it is alone with it."""

from __future__ import annotations

from dataclasses import replace
from threading import Thread

import pytest
from sqlalchemy import text

from licensing.core.clusters import Holding, Report
from licensing.storage import clusters
from tests.support.worlds import FSID, UID, World, nodes, sell, token_of

MOMENT = 0.5
"""Seconds in which an unhindered update has long ended."""


@pytest.fixture
def holding(world: World) -> Holding:
    """A cluster whose client has used number 5."""
    license_id = sell(world).license_id
    world.check_in(token_of(world, license_id), nodes(4))
    with world.house.database.write() as session:
        [held] = clusters.with_fsid(session, license_id, FSID)
        clusters.advance_instance(session, held.id, 5)
    return held


def test_a_number_that_was_used_meanwhile_is_never_lowered(world: World, holding: Holding) -> None:
    database = world.house.database

    def fast() -> None:
        with database.write() as session:
            clusters.advance_instance(session, holding.id, 7)

    other = Thread(target=fast)
    with database.write() as session:
        [held] = clusters.with_fsid(session, holding.license_id, FSID)
        other.start()
        other.join(MOMENT)
        report = Report(FSID, UID, "production", "0.6.0", tuple(nodes(5)), "n-1")
        clusters.put(session, replace(held, instance_number=6), report, nodes(5), world.clock())
    other.join()

    with database.read() as session:
        assert session.scalar(text("SELECT instance_number FROM cluster")) == 7
