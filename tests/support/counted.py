"""The customers of tests.reports.customers, written and counted."""

from __future__ import annotations

import pytest

from licensing.storage import histories
from tests.reports.customers import CUSTOMERS, UNCONFIRMED
from tests.reports.rows import at, fresh, id_of, write
from tests.support.worlds import World

NOW = at("2026-07-01 00:00:00")


@pytest.fixture
def counted(world: World) -> World:
    """The world with all of them, at NOW."""
    world.clock.time = NOW
    with world.house.database.write() as session:
        start = world.house.ledger.page(None, None, 1)[0].index + 1
        write(session, (each for expected in CUSTOMERS for each in expected.organizations), start)
        session.add_all(fresh(row) for *_, each in UNCONFIRMED for row in each.rows)
        # What is not in the ledger leaves a mark: a quote, and registrations.
        histories.mark(session, id_of("a35"), *(key for key, *_ in UNCONFIRMED))
    world.house.rollups.catch_up()
    return world
