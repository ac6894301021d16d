"""Releases: a cluster gives its seats back at once."""

from __future__ import annotations

import pytest

from licensing.core.callers import OPERATOR
from tests.support.worlds import FSID, OTHER_FSID, OTHER_UID, World, nodes, sell, token_of


@pytest.fixture
def license(world: World) -> str:
    """Ten seats, all of them held by one cluster."""
    license = token_of(world, sell(world, seats=10).license_id)
    assert world.check_in(license, nodes(10)).get_json()["code"] == "VALID"
    return license


def test_released_seats_are_free_for_another_cluster_at_once(world: World, license: str) -> None:
    assert world.check_in(license, nodes(10), fsid=OTHER_FSID).get_json()["granted"] == 0

    answer = world.release(license)

    assert (answer.status_code, answer.data) == (204, b"")
    assert world.check_in(license, nodes(10), fsid=OTHER_FSID).get_json()["granted"] == 10


def test_a_release_is_kept_in_the_history_with_the_nodes_that_went(world: World) -> None:
    license = token_of(world, sell(world).license_id)
    world.check_in(license, ["b", "a"])

    world.release(license)

    *_, kind, _, _, added, removed = sorted(world.rows()["cluster_change"])[-1]
    assert (kind, added) == ("released", _json(world, []))
    assert removed == _json(world, ["a", "b"])


def test_a_second_release_finds_nothing(world: World, license: str) -> None:
    world.release(license)
    before = world.rows()

    answer = world.release(license)

    assert (answer.status_code, answer.get_json()["code"]) == (404, "NOT_FOUND")
    assert world.rows() == before


def test_the_fsid_may_be_spelled_in_capitals(world: World, license: str) -> None:
    assert world.release(license, FSID.upper()).status_code == 204


def test_another_customers_cluster_is_not_found(world: World, license: str) -> None:
    foreign = token_of(world, sell(world).license_id)
    before = world.rows()

    absent, strange = world.release(license, OTHER_FSID).get_json(), world.release(foreign).get_json()

    assert {**absent, "request_id": ""} == {**strange, "request_id": ""}
    assert (absent["status"], absent["code"]) == (404, "NOT_FOUND")
    assert world.rows() == before


@pytest.mark.parametrize("spoil", ["", "A"])
def test_a_forged_license_releases_nothing(world: World, license: str, spoil: str) -> None:
    head, _, signature = license.rpartition(".")
    before = world.rows()

    answer = world.release(f"{head}{spoil}.{'' if not spoil else signature}")

    assert (answer.status_code, answer.get_json()["code"]) == (401, "UNAUTHENTIC")
    assert world.rows() == before


def test_an_older_license_releases_too(world: World) -> None:
    standing = sell(world)
    old = token_of(world, standing.license_id)
    world.check_in(old, nodes(4))
    world.house.sales.resize(OPERATOR, standing.license_id, 30, None, None)

    assert world.release(old).status_code == 204


def test_an_ended_license_releases_too(world: World, license: str) -> None:
    world.clock.advance(days=500)

    assert world.release(license).status_code == 204


def test_a_trial_released_from_its_cluster_belongs_to_the_next(world: World) -> None:
    trial = world.trial()["license_file"]["license"]
    world.check_in(trial, nodes(4))

    world.release(trial)

    codes = [world.check_in(trial, nodes(4), fsid=fsid).get_json()["code"] for fsid in (OTHER_FSID, FSID)]
    assert codes == ["VALID", "CLUSTER_MISMATCH"]


def test_releasing_what_a_trial_never_held_keeps_its_binding(world: World) -> None:
    trial = world.trial()["license_file"]["license"]
    world.check_in(trial, nodes(4))

    assert world.release(trial, OTHER_FSID).status_code == 404
    assert world.check_in(trial, nodes(4), fsid=OTHER_FSID).get_json()["code"] == "CLUSTER_MISMATCH"


def test_a_release_frees_the_cluster_wherever_it_ran(world: World) -> None:
    license = token_of(world, sell(world, seats=10).license_id)
    world.check_in(license, nodes(4))
    world.check_in(license, nodes(4), uid=OTHER_UID)

    world.release(license)

    assert world.rows()["cluster"] == []


def _json(world: World, names: list[str]) -> object:
    """A JSON column as the raw driver gives it: text on SQLite, values on PostgreSQL."""
    return names if not world.house.database.is_sqlite else str(names).replace("'", '"')
