"""One Ceph cluster under two Kubernetes clusters: a move, or a duplicate."""

from __future__ import annotations

import pytest

from licensing.core.leases import HOLD_SECONDS
from tests.support.worlds import OTHER_UID, UID, World, nodes, sell, token_of

DUPLICATE, VALID = ("DUPLICATE_CLUSTER", False), ("VALID", False)


def told(world: World, license: str, uid: str, count: int = 9) -> tuple[str, bool]:
    answer = world.check_in(license, nodes(count), uid=uid)
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    return body["code"], body["restricted"]


@pytest.fixture
def license(world: World) -> str:
    """Seats for two clusters of nine nodes, and more."""
    return token_of(world, sell(world, seats=50).license_id)


@pytest.mark.parametrize(
    ("seconds", "expected", "kinds"), [(-1, DUPLICATE, ["new", "new"]), (0, VALID, ["new", "moved"])]
)
def test_a_cluster_has_moved_when_its_old_pair_lost_its_grant(
    world: World, license: str, seconds: int, expected: tuple[str, bool], kinds: list[str]
) -> None:
    told(world, license, UID)
    world.clock.advance(seconds=HOLD_SECONDS + seconds)

    assert told(world, license, OTHER_UID) == expected
    assert [row[4] for row in sorted(world.rows()["cluster_change"])] == kinds


def test_a_moved_cluster_keeps_the_order_of_its_nodes(world: World) -> None:
    license = world.trial()["license_file"]["license"]
    world.check_in(license, ["e", "d", "c", "b"], uid=UID)
    world.clock.advance(seconds=HOLD_SECONDS)

    body = world.check_in(license, ["a", "b", "c", "d", "e"], uid=OTHER_UID).get_json()

    assert body["unlicensed_nodes"] == ["a"]


@pytest.mark.parametrize(("seconds", "restricted"), [(-1, False), (0, True)])
def test_a_duplicate_is_restricted_in_the_second_that_ends_its_thirty_days(
    world: World, license: str, seconds: int, restricted: bool
) -> None:
    told(world, license, UID)
    told(world, license, OTHER_UID)
    for _ in range(5):
        world.clock.advance(days=5)
        told(world, license, UID)
    world.clock.advance(days=5, seconds=seconds)

    assert told(world, license, OTHER_UID) == ("DUPLICATE_CLUSTER", restricted)
    assert told(world, license, OTHER_UID, 4) == ("DUPLICATE_CLUSTER", False)
    assert told(world, license, UID) == VALID


def test_a_duplicate_is_over_once_the_first_pair_is_silent(world: World, license: str) -> None:
    told(world, license, UID)
    world.clock.advance(days=1)
    told(world, license, OTHER_UID)
    world.clock.advance(days=7, seconds=-1)
    assert told(world, license, OTHER_UID) == DUPLICATE

    world.clock.advance(days=2)

    assert told(world, license, OTHER_UID) == VALID


def test_a_duplicate_is_over_at_once_when_the_cluster_is_released(world: World, license: str) -> None:
    told(world, license, UID)
    told(world, license, OTHER_UID)

    world.release(license)

    assert told(world, license, OTHER_UID) == VALID


def test_a_pair_that_comes_back_from_silence_is_the_later_one(world: World, license: str) -> None:
    told(world, license, UID)
    world.clock.advance(days=1)
    told(world, license, OTHER_UID)
    world.clock.advance(days=8)
    assert told(world, license, OTHER_UID) == VALID

    assert told(world, license, UID) == DUPLICATE
    assert told(world, license, OTHER_UID) == VALID


def test_a_pair_that_comes_back_after_a_move_is_the_later_one(world: World, license: str) -> None:
    told(world, license, UID)
    world.clock.advance(seconds=HOLD_SECONDS)
    assert told(world, license, OTHER_UID) == VALID

    assert told(world, license, UID) == DUPLICATE
    assert told(world, license, OTHER_UID) == VALID


def test_two_trials_on_one_cluster_share_no_seats_and_the_later_is_restricted_only_above_the_floor(
    world: World,
) -> None:
    first = world.trial("jane@acme.example")["license_file"]["license"]
    later = world.trial("joe@other.example")["license_file"]["license"]
    told(world, first, UID, 4)
    told(world, later, UID, 4)
    for _ in range(6):
        world.clock.advance(days=5)
        told(world, first, UID, 4)

    assert told(world, later, UID, 4) == DUPLICATE
    assert told(world, later, UID, 5) == ("DUPLICATE_CLUSTER", True)


def test_the_later_trial_is_free_once_the_first_released_the_cluster(world: World) -> None:
    first = world.trial("jane@acme.example")["license_file"]["license"]
    later = world.trial("joe@other.example")["license_file"]["license"]
    told(world, first, UID, 4)
    assert told(world, later, UID, 4) == DUPLICATE

    world.release(first)
    world.clock.advance(days=1, seconds=1)

    assert told(world, later, UID, 4) == VALID


def test_a_paid_license_may_cover_a_cluster_that_was_on_a_trial(world: World, license: str) -> None:
    trial = world.trial()["license_file"]["license"]
    told(world, trial, UID, 4)

    assert told(world, license, UID) == VALID
