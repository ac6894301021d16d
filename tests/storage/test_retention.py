"""The history of clusters once its days are old: shorter, and the same for whoever asks."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import select

from licensing.services.worker import DETAIL_KEPT
from licensing.storage import clusters, retention
from licensing.storage.clusters import ClusterChangeRow
from tests.support.worlds import World, nodes, sell, token_of

STEPS = ((8, 4), (9, 9), (10, 6), (11, 5), (12, 7))
"""Hour and number of nodes, day after day."""


def lived(world: World, days: int) -> str:
    """A license whose one cluster changes five times a day."""
    world.clock.advance(hours=12)
    license_id = sell(world, seats=100).license_id
    token = token_of(world, license_id)
    start = world.clock.time
    for day, (hour, count) in product(range(days), STEPS):
        world.clock.time = start + timedelta(days=day, hours=hour)
        world.check_in(token, nodes(count + day % 2))
    return license_id


def lines(world: World) -> list[tuple[int, str, int, bool]]:
    """Hours since the first, kind, nodes, and whether names are kept."""
    row = ClusterChangeRow
    with world.house.database.read() as session:
        found = session.execute(select(row.at, row.kind, row.used, row.added).order_by(row.id)).all()
    return [
        (int((at - found[0].at).total_seconds()) // 3600, kind, used, bool(added)) for at, kind, used, added in found
    ]


def condense(world: World, days: int = 30) -> int:
    with world.house.database.write() as session:
        return retention.condense(session, world.clock() - DETAIL_KEPT, days)


def peak(world: World, license_id: str) -> int:
    with world.house.database.read() as session:
        return clusters.peak(session, license_id)


def test_an_old_day_keeps_its_highest_its_last_and_every_record(world: World) -> None:
    license_id = lived(world, 3)
    before, highest = lines(world), peak(world, license_id)
    assert len(before) == 15
    world.clock.advance(days=91)

    assert condense(world) == 15 - len(lines(world))

    assert lines(world) == [
        (0, "new", 4, True),
        (1, "nodes", 9, False),
        (4, "nodes", 7, False),
        (25, "nodes", 10, False),
        (28, "nodes", 8, False),
        (49, "nodes", 9, False),
        (52, "nodes", 7, False),
    ]
    assert peak(world, license_id) == highest == 10


@pytest.mark.parametrize("steps", [1, 2, 30])
def test_days_are_condensed_once_and_in_any_portions(world: World, steps: int) -> None:
    lived(world, 4)
    world.clock.advance(days=92)
    whole = 0
    while gone := condense(world, steps):
        whole += gone

    assert whole == 20 - len(lines(world))
    assert condense(world, steps) == 0


def test_younger_days_keep_every_line(world: World) -> None:
    lived(world, 2)
    before = lines(world)
    world.clock.advance(days=88)

    assert condense(world) == 0
    assert lines(world) == before


def test_an_empty_history_is_no_trouble(world: World) -> None:
    assert condense(world) == 0


def test_the_worker_condenses_and_reports_still_agree(world: World) -> None:
    token = str(world.trial()["license_file"]["license"])
    for count in (3, 4, 5, 2, 4):
        world.clock.advance(minutes=10)
        world.check_in(token, nodes(count))
    world.house.rollups.catch_up()
    world.clock.advance(days=100)

    world.house.worker.tick()

    assert [used for _, _, used, _ in lines(world)] == [3, 4, 5, 4]
    assert world.house.rollups.reconcile() == []
