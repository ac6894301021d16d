"""The pool: whatever happens to the clusters of a license, its seats are never sold twice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from licensing.core.callers import OPERATOR
from licensing.core.keys import open_statement
from licensing.core.leases import HOLD_SECONDS
from licensing.core.sales import Term
from licensing.verifier import verify_lease
from tests.support.worlds import FSID, OTHER_FSID, World, nodes, sell, token_of

SEATS, CLUSTERS, STEPS = 25, 6, 80


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens: time passes, then a cluster checks in with nodes, or goes (None)."""

    cluster: int
    nodes: list[str] | None
    seconds: int


def steps(seed: int) -> Iterator[Step]:
    """A history that is the same each time, made of everything that clusters do."""
    dice = Random(seed)
    for _ in range(STEPS):
        seconds = dice.choice([0, 0, 1, 43_200, 86_400, HOLD_SECONDS - 1, HOLD_SECONDS])
        names = dice.sample(nodes(20), dice.randint(0, 14))
        yield Step(dice.randrange(CLUSTERS), names if dice.random() < 0.9 else None, seconds)


def live_seats(world: World) -> int:
    """Seats that are granted now, by the book."""
    with world.house.database.read() as session:
        now = int(world.clock.time.timestamp())
        question = text("SELECT coalesce(sum(granted), 0) FROM cluster WHERE expires_at > :now")
        return int(session.scalar(question, {"now": now}) or 0)


def outlives(world: World, body: dict[str, Any]) -> int:
    """How far the answer's lease outlives the grant that is committed, in seconds: never more than nothing."""
    lease = verify_lease(body["lease"], open_statement(body["keys"], world.house.keys.roots()).headers)
    with world.house.database.read() as session:
        held_until = session.scalar(text("SELECT expires_at FROM cluster WHERE id = :id"), {"id": lease.cid})
    return lease.exp - int(held_until or 0)


@pytest.mark.parametrize("seed", range(3))
def test_the_pool_is_never_oversold_and_no_free_seat_is_kept_back(world: World, seed: int) -> None:
    license = token_of(world, sell(world, seats=SEATS).license_id)

    for step in steps(seed):
        world.clock.advance(seconds=step.seconds)
        fsid = str(UUID(int=step.cluster))
        if step.nodes is None:
            world.release(license, fsid)
            continue
        body = world.check_in(license, step.nodes, fsid=fsid).get_json()
        live = live_seats(world)
        assert live <= SEATS
        assert body["granted"] == len(step.nodes) - len(body["unlicensed_nodes"])
        assert body["granted"] == len(step.nodes) or live == SEATS
        assert set(body["unlicensed_nodes"]) <= set(step.nodes)
        assert outlives(world, body) <= 0


def test_a_growing_cluster_never_takes_what_another_holds(world: World) -> None:
    license = token_of(world, sell(world, seats=SEATS).license_id)
    world.check_in(license, nodes(15), fsid=FSID)
    world.check_in(license, nodes(10), fsid=OTHER_FSID)

    grown = world.check_in(license, nodes(30), fsid=FSID).get_json()

    assert (grown["code"], grown["granted"], grown["unlicensed_nodes"]) == ("OVER_LIMIT", 15, nodes(30)[15:])
    assert world.check_in(license, nodes(10), fsid=OTHER_FSID).get_json()["code"] == "VALID"


def test_a_paid_license_over_its_seats_warns_for_ever(world: World) -> None:
    license = token_of(world, sell(world, seats=4).license_id)
    world.check_in(license, nodes(5))
    world.clock.advance(days=200)

    body = world.check_in(license, nodes(5)).get_json()

    assert (body["code"], body["restricted"], body["over_since"]) == ("OVER_LIMIT", False, "2026-01-15T12:00:00Z")


def test_a_cluster_that_lost_its_grant_has_no_claim_to_it(world: World) -> None:
    license = token_of(world, sell(world, seats=10).license_id)
    world.check_in(license, nodes(10), fsid=FSID)
    world.clock.advance(seconds=HOLD_SECONDS)
    world.check_in(license, nodes(10), fsid=OTHER_FSID)

    back = world.check_in(license, nodes(10), fsid=FSID).get_json()

    assert (back["code"], back["granted"]) == ("OVER_LIMIT", 0)
    assert world.check_in(license, nodes(10), fsid=OTHER_FSID).get_json()["granted"] == 10


def test_more_seats_are_granted_with_the_next_check_in(world: World) -> None:
    standing = sell(world, seats=10)
    license = token_of(world, standing.license_id)
    world.check_in(license, nodes(12))
    world.house.sales.resize(OPERATOR, standing.license_id, 12, None, None)

    body = world.check_in(license, nodes(12)).get_json()

    assert (body["code"], body["seats"], body["over_since"]) == ("VALID", 12, None)


@pytest.mark.parametrize("later_asks_first", [True, False])
def test_after_a_renewal_with_fewer_seats_the_later_clusters_give_way(world: World, later_asks_first: bool) -> None:
    standing = sell(world, seats=30)
    license = token_of(world, standing.license_id)
    fsids = [str(UUID(int=number)) for number in range(3)]
    for fsid in fsids:
        world.clock.advance(seconds=1)
        world.check_in(license, nodes(10), fsid=fsid)
    world.house.sales.renew(OPERATOR, standing.license_id, Term(15, 12, start=world.clock()), None)

    for fsid in reversed(fsids) if later_asks_first else fsids:
        world.check_in(license, nodes(10), fsid=fsid)

    granted = [world.check_in(license, nodes(10), fsid=fsid).get_json()["granted"] for fsid in fsids]
    assert granted == [10, 5, 0]
    assert live_seats(world) == 15
