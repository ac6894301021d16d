"""Who is handed a newer license file, and who is not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from licensing.verifier import OpenedFile, open_license_file
from tests.support.worlds import FSID, OTHER_FSID, OTHER_UID, World, convert, nodes, sell, token_of
from tests.support.worlds import standing as standing_of


def opened(world: World, answer: Any) -> OpenedFile:
    """The file of an answer, read as a client reads it."""
    return open_license_file(json.dumps(answer.get_json()["license_file"]), world.house.keys.roots())


def has_file(answer: Any) -> bool:
    assert answer.status_code == 200, answer.text
    return "license_file" in answer.get_json()


def test_a_cluster_that_held_the_license_is_handed_the_newest_file_until_it_shows_it(world: World) -> None:
    standing = sell(world, seats=25)
    old = token_of(world, standing.license_id)
    world.check_in(old, nodes(4))
    world.clock.advance(hours=1)
    world.house.sales.resize(OPERATOR, standing.license_id, 30, None, None)
    world.house.sales.resize(OPERATOR, standing.license_id, 40, None, None)

    first, second = world.check_in(old, nodes(4)), world.check_in(old, nodes(4))

    assert [opened(world, answer).license.seats for answer in (first, second)] == [40, 40]
    newest = first.get_json()["license_file"]["license"]
    assert not has_file(world.check_in(newest, nodes(4)))


def test_every_cluster_that_shared_the_license_is_handed_the_file(world: World) -> None:
    standing = sell(world)
    old = token_of(world, standing.license_id)
    for fsid in (FSID, OTHER_FSID):
        world.check_in(old, nodes(4), fsid=fsid)
    world.house.licenses.reissue(OPERATOR, standing.license_id, "new key")

    answers = [world.check_in(old, nodes(4), fsid=fsid) for fsid in (FSID, OTHER_FSID)]

    assert [opened(world, answer).license.seq for answer in answers] == [2, 2]


def test_an_old_license_in_strange_hands_never_fetches_the_newer_one(world: World) -> None:
    standing = sell(world)
    leaked = token_of(world, standing.license_id)
    world.clock.advance(hours=1)
    world.house.sales.resize(OPERATOR, standing.license_id, 30, None, None)
    world.clock.advance(hours=1)

    answers = [world.check_in(leaked, nodes(count), fsid=OTHER_FSID) for count in (1, 1, 2)]

    assert not any(map(has_file, answers))


def test_a_strangers_kubernetes_under_a_known_cluster_gets_no_file(world: World) -> None:
    standing = sell(world)
    old = token_of(world, standing.license_id)
    world.check_in(old, nodes(4))
    world.clock.advance(hours=1)
    world.house.sales.resize(OPERATOR, standing.license_id, 30, None, None)
    world.clock.advance(hours=1)

    answers = [world.check_in(old, nodes(4), uid=OTHER_UID) for _ in range(3)]

    assert not any(map(has_file, answers))
    assert has_file(world.check_in(old, nodes(4)))


def test_whoever_shows_the_newest_license_is_handed_nothing(world: World) -> None:
    standing = sell(world)
    world.house.sales.resize(OPERATOR, standing.license_id, 30, None, None)
    newest = token_of(world, standing.license_id)

    answers = [world.check_in(newest, nodes(4)) for _ in range(2)]

    assert not any(map(has_file, answers))


def test_an_old_license_is_judged_by_what_the_newest_says(world: World) -> None:
    standing = sell(world, seats=25)
    old = token_of(world, standing.license_id)
    world.house.sales.resize(OPERATOR, standing.license_id, 10, None, None)

    body = world.check_in(old, nodes(12)).get_json()

    assert (body["code"], body["seats"], body["granted"]) == ("OVER_LIMIT", 10, 10)


@pytest.mark.parametrize(("seconds", "code"), [(-301, "NOT_YET_VALID"), (-300, "VALID"), (0, "VALID")])
def test_a_license_that_starts_later_is_not_valid_before(world: World, seconds: int, code: str) -> None:
    world.clock.advance(days=30)
    start = world.clock.time
    world.clock.advance(days=-30)
    license = token_of(world, sell(world, start=start).license_id)
    world.clock.time = start
    world.clock.advance(seconds=seconds)

    above, within = world.check_in(license, nodes(5)).get_json(), world.check_in(license, nodes(4)).get_json()

    assert (above["code"], above["restricted"]) == (code, code != "VALID")
    assert (within["code"], within["restricted"]) == (code, False)


def test_a_renewal_before_the_end_is_handed_out_at_once_and_only_moves_the_end(world: World) -> None:
    standing = sell(world, seats=25)
    old = token_of(world, standing.license_id)
    world.check_in(old, nodes(9))
    world.clock.advance(days=340)
    renewed = standing_of(world.house.sales.renew(OPERATOR, standing.license_id, Term(25, 12), None))

    fresh = opened(world, world.check_in(old, nodes(9))).license

    assert standing.ends_at is not None
    assert renewed.ends_at == standing.ends_at.replace(year=standing.ends_at.year + 1)
    assert fresh.exp == int(renewed.ends_at.timestamp())
    assert fresh.nbf == int(world.clock.time.timestamp()) - 300


def test_a_conversion_ends_the_binding_of_the_trial(world: World) -> None:
    trial = world.trial()
    old = trial["license_file"]["license"]
    world.check_in(old, nodes(4))
    convert(world, trial["license_id"], Term(25, 12))

    elsewhere = world.check_in(old, nodes(4), fsid=OTHER_FSID)

    assert (elsewhere.get_json()["code"], has_file(elsewhere)) == ("VALID", False)
