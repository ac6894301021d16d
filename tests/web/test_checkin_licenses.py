"""Check-ins under paid licenses: pools, dates, deeds in between, and keys that were stolen."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.keys import KeyState, Purpose
from licensing.core.licenses import license_claims
from licensing.core.sales import Term
from licensing.verifier import verify
from tests.support.worlds import FSID, OTHER_FSID, OTHER_UID, UID, World, convert, nodes, sell, token_of

DAY = 86_400


def told(answer: Any) -> tuple[str, bool]:
    assert answer.status_code == 200, answer.text
    body = answer.get_json()
    return body["code"], body["restricted"]


def granted(answer: Any) -> int:
    return int(answer.get_json()["granted"])


def test_two_clusters_share_one_pool(world: World) -> None:
    license = token_of(world, sell(world, seats=25).license_id)

    first = world.check_in(license, nodes(20), fsid=FSID)
    second = world.check_in(license, nodes(10), fsid=OTHER_FSID)

    assert (granted(first), granted(second)) == (20, 5)
    assert second.get_json()["unlicensed_nodes"] == nodes(10)[5:]
    assert granted(world.check_in(license, nodes(20), fsid=FSID)) == 20


def test_a_gone_node_frees_its_seat_for_another_cluster_at_once(world: World) -> None:
    license = token_of(world, sell(world, seats=10).license_id)
    world.check_in(license, nodes(10), fsid=FSID)
    assert granted(world.check_in(license, nodes(1), fsid=OTHER_FSID)) == 0

    world.check_in(license, nodes(9), fsid=FSID)

    assert told(world.check_in(license, nodes(1), fsid=OTHER_FSID)) == ("VALID", False)


@pytest.mark.parametrize(("seconds", "free"), [(-1, 0), (0, 1)])
def test_a_silent_cluster_loses_its_grant_in_the_second_it_ends(world: World, seconds: int, free: int) -> None:
    license = token_of(world, sell(world, seats=10).license_id)
    world.check_in(license, nodes(10), fsid=FSID)
    world.clock.advance(days=8, seconds=seconds)

    assert granted(world.check_in(license, nodes(1), fsid=OTHER_FSID)) == free


def test_after_a_reduction_the_cluster_that_came_first_keeps_its_seats(world: World) -> None:
    standing = sell(world, seats=20)
    license = token_of(world, standing.license_id)
    for fsid in (FSID, OTHER_FSID):
        world.clock.advance(seconds=1)
        world.check_in(license, nodes(10), fsid=fsid)
    world.house.sales.resize(OPERATOR, standing.license_id, 12, None, None)

    later, first = (world.check_in(license, nodes(10), fsid=fsid) for fsid in (OTHER_FSID, FSID))

    assert (granted(first), granted(later)) == (10, 2)


def test_a_converted_trial_hands_its_new_license_to_its_cluster(world: World) -> None:
    trial = world.trial()
    old = trial["license_file"]["license"]
    world.check_in(old, nodes(5))
    convert(world, trial["license_id"], Term(25, 12))

    body = world.check_in(old, nodes(5)).get_json()

    assert (body["code"], body["seats"], body["granted"]) == ("VALID", 25, 5)
    license = verify(body["license_file"]["license"], world.house.keys.current().keyring)
    assert (license.lid, license.edition, license.seq) == (trial["license_id"], "pro", 2)


def test_a_newer_license_never_goes_to_a_cluster_that_did_not_hold_it(world: World) -> None:
    standing = sell(world)
    old = token_of(world, standing.license_id)
    world.house.sales.resize(OPERATOR, standing.license_id, 30, None, None)

    assert "license_file" not in world.check_in(old, nodes(1), fsid=OTHER_FSID).get_json()


@pytest.mark.parametrize(
    ("after", "count", "expected"),
    [
        (-1, 9, ("VALID", False)),
        (0, 9, ("EXPIRED_GRACE", False)),
        (30 * DAY - 1, 9, ("EXPIRED_GRACE", False)),
        (30 * DAY, 5, ("EXPIRED", True)),
        (30 * DAY, 4, ("EXPIRED", False)),
        (900 * DAY, 4, ("EXPIRED", False)),
    ],
)
def test_an_ended_license_is_answered_by_its_dates(
    world: World, after: int, count: int, expected: tuple[str, bool]
) -> None:
    standing = sell(world)
    license = token_of(world, standing.license_id)
    assert standing.ends_at is not None
    world.clock.time = standing.ends_at
    world.clock.advance(seconds=after)

    assert told(world.check_in(license, nodes(count))) == expected


def test_an_expired_license_fetches_its_renewal(world: World) -> None:
    standing = sell(world)
    expired = token_of(world, standing.license_id)
    world.check_in(expired, nodes(9))
    world.clock.advance(days=500)
    assert told(world.check_in(expired, nodes(9))) == ("EXPIRED", True)
    for purpose in Purpose:
        world.house.key_management.new(purpose)
        world.house.key_management.rotate(purpose)
    world.house.sales.renew(OPERATOR, standing.license_id, Term(25, 12), None)

    body = world.check_in(expired, nodes(9)).get_json()

    assert body["code"] == "VALID"
    assert verify(body["license_file"]["license"], world.house.keys.current().keyring).seq == 2


@pytest.mark.parametrize(
    ("days", "count", "restricted"), [(0, 9, False), (29, 9, False), (30, 9, True), (30, 5, True), (400, 4, False)]
)
def test_a_revoked_license_restricts_above_four_nodes_after_thirty_days(
    world: World, days: int, count: int, restricted: bool
) -> None:
    standing = sell(world)
    license = token_of(world, standing.license_id)
    world.house.licenses.revoke(OPERATOR, standing.license_id, "not paid")
    world.clock.advance(days=days)

    assert told(world.check_in(license, nodes(count))) == ("REVOKED", restricted)


def test_a_cluster_restored_elsewhere_moves_once_the_old_pair_is_silent(world: World) -> None:
    license = token_of(world, sell(world, seats=4).license_id)
    world.check_in(license, ["b", "a"], uid=UID)
    world.clock.advance(days=8)

    assert told(world.check_in(license, ["b", "a"], uid=OTHER_UID)) == ("VALID", False)
    assert len(world.rows()["cluster"]) == 1


@pytest.mark.parametrize(
    ("days", "count", "restricted"), [(0, 9, False), (29, 9, False), (30, 9, True), (30, 4, False)]
)
def test_of_two_living_clusters_with_one_identity_the_later_is_told(
    world: World, days: int, count: int, restricted: bool
) -> None:
    license = token_of(world, sell(world, seats=50).license_id)
    world.check_in(license, nodes(count), uid=UID)
    world.check_in(license, nodes(count), uid=OTHER_UID)
    for _ in range(days):
        world.clock.advance(days=1)
        world.check_in(license, nodes(count), uid=UID)

    assert told(world.check_in(license, nodes(count), uid=OTHER_UID)) == ("DUPLICATE_CLUSTER", restricted)
    assert told(world.check_in(license, nodes(count), uid=UID)) == ("VALID", False)


def test_one_cluster_on_two_trials_is_told_to_the_later(world: World) -> None:
    first = world.trial("jane@acme.example")["license_file"]["license"]
    second = world.trial("joe@other.example")["license_file"]["license"]
    world.check_in(first, nodes(4))

    assert told(world.check_in(second, nodes(4))) == ("DUPLICATE_CLUSTER", False)
    assert told(world.check_in(first, nodes(4))) == ("VALID", False)


def forged(world: World, **changes: Any) -> str:
    """A license that the real key signed, and that nobody issued."""
    keys = world.house.keys.current()
    key = keys.key(Purpose.LICENSE)
    claims = world.trial()["license_file"]["license"]
    license = verify(claims, keys.keyring)._replace(**changes)
    return key.sign(key.signing_input(license_claims(license, "https://thief.example")))


@pytest.mark.parametrize(
    "changes", [{"lid": "0" * 32}, {"jti": "0" * 32}, {"seats": 1_000}], ids=["lid", "jti", "seats"]
)
def test_a_license_that_our_key_signed_and_we_did_not_issue_rings_an_alarm(
    world: World, changes: dict[str, Any]
) -> None:
    answer = world.check_in(forged(world, **changes), nodes(9))

    assert told(answer) == ("NOT_FOUND", True)
    assert answer.get_json()["granted"] == 0
    assert [row[0] for row in world.rows()["alarm"]] == ["signature-without-leaf"]
    assert world.rows()["cluster"] == []


def test_after_a_theft_the_honest_go_on_and_the_thief_is_refused(world: World) -> None:
    thief, management = forged(world, seats=1_000), world.house.key_management
    standing = sell(world)
    honest = token_of(world, standing.license_id)
    world.check_in(honest, nodes(9))
    stolen = world.house.keys.current().key(Purpose.LICENSE).kid
    management.new(Purpose.LICENSE)
    management.rotate(Purpose.LICENSE)
    management.retire(stolen, revoke=True)

    assert world.check_in(thief, nodes(9), uid=OTHER_UID).status_code == 401
    assert told(world.check_in(honest, nodes(9))) == ("VALID", False)
    world.house.licenses.reissue(OPERATOR, standing.license_id, "key stolen")
    body = world.check_in(honest, nodes(9)).get_json()
    fresh = verify(body["license_file"]["license"], world.house.keys.current().keyring)
    assert (body["code"], fresh.seq) == ("VALID", 2)
    states = {key.kid: key.state for key in management.list()}
    assert states[stolen] is KeyState.REVOKED
