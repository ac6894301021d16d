"""Writers of the ledger queue: leaves without gap or double, one checkpoint, one revoked list after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TypeVar

from licensing.core.callers import OPERATOR
from tests.support.worlds import World, sell

WRITERS = 4
Result = TypeVar("Result")


def at_once(*deeds: Callable[[], Result]) -> list[Result]:
    """What the deeds return when they start at the same moment."""
    barrier = Barrier(len(deeds))

    def start(deed: Callable[[], Result]) -> Result:
        barrier.wait()
        return deed()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return list(pool.map(start, deeds))


def column(world: World, table: str, number: int = 0) -> list[str]:
    """A column of a table, sorted as text of equal length."""
    return sorted(str(row[number]).rjust(32) for row in world.rows()[table])


def test_deeds_at_the_same_moment_get_consecutive_leaves(world: World) -> None:
    before = len(world.rows()["ledger_leaf"])

    for _ in range(3):
        at_once(*[partial(sell, world)] * WRITERS)

    assert column(world, "ledger_leaf") == [str(index).rjust(32) for index in range(before + 3 * WRITERS)]
    assert world.house.audit.run().findings == []


def test_servers_that_sign_a_checkpoint_at_the_same_moment_sign_one(world: World) -> None:
    for _ in range(5):
        sell(world)
        notes = {published.note for published in at_once(*[world.house.ledger.checkpoint] * WRITERS)}

        assert len(notes) == 1

    assert len(world.rows()["ledger_checkpoint"]) == 5
    assert world.house.audit.run().findings == []


def test_revocations_at_the_same_moment_are_all_on_the_list(world: World) -> None:
    licenses = [sell(world).license_id for _ in range(WRITERS)]

    at_once(*(partial(world.house.licenses.revoke, OPERATOR, each, "x") for each in licenses))

    assert column(world, "revocation", 1) == sorted(licenses)
    assert len(set(column(world, "revoked_list"))) == WRITERS
    assert world.house.audit.run().findings == []
