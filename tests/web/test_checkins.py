"""Check-ins of one cluster: what it is told, and what is kept of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from licensing.core import licenses
from licensing.core.callers import OPERATOR
from licensing.core.keys import open_statement
from licensing.core.leases import HOLD_SECONDS, LEASE_SECONDS
from licensing.core.licenses import License
from licensing.core.tokens import Headers
from licensing.services.signing import SigningKey
from licensing.verifier import Lease, verify_lease
from tests.support.statements import heard
from tests.support.worlds import FSID, OTHER_FSID, World, nodes, sell

MEMBERS = {
    *("code", "restricted", "warnings", "seats", "used", "granted", "unlicensed_nodes"),
    *("pool", "over_since", "message", "remedy", "next", "lease", "keys"),
}


def a_license(world: World) -> str:
    return str(world.trial()["license_file"]["license"])


def told(answer: Any) -> tuple[str, bool]:
    body = answer.get_json()
    return body["code"], body["restricted"]


def lease_in(world: World, answer: Any) -> Lease:
    """The lease, verified as a client does: with the key statement of the same answer."""
    body = answer.get_json()
    return verify_lease(body["lease"], open_statement(body["keys"], world.house.keys.roots()).headers)


def held_until(world: World) -> int:
    with world.house.database.read() as session:
        return int(session.scalar(text("SELECT expires_at FROM cluster")) or 0)


def statements(world: World, act: Callable[[], object]) -> list[str]:
    """The SQL that `act` causes."""
    with heard(world.house.database.engine) as seen:
        act()
    return seen


def test_four_nodes_are_valid(world: World) -> None:
    answer = world.check_in(a_license(world), nodes(4))

    body = answer.get_json()
    assert answer.status_code == 200
    assert set(body) == MEMBERS
    assert (body["code"], body["restricted"], body["seats"], body["used"], body["granted"]) == ("VALID", False, 4, 4, 4)
    assert (body["unlicensed_nodes"], body["over_since"], body["warnings"], body["next"]) == ([], None, [], 43_200)


def test_of_five_nodes_the_fifth_to_appear_is_named(world: World) -> None:
    license = a_license(world)
    world.check_in(license, ["b", "c", "d", "e"])

    body = world.check_in(license, ["a", "b", "c", "d", "e"]).get_json()

    assert (body["code"], body["granted"], body["unlicensed_nodes"]) == ("OVER_LIMIT", 4, ["a"])
    assert body["over_since"] == "2026-01-15T12:00:00Z"


def test_a_replaced_node_needs_no_new_seat(world: World) -> None:
    license = a_license(world)
    world.check_in(license, ["a", "b", "c", "d"])

    body = world.check_in(license, ["b", "c", "d", "new"]).get_json()

    assert (body["code"], body["unlicensed_nodes"]) == ("VALID", [])


def test_a_cluster_without_nodes_is_valid(world: World) -> None:
    assert told(world.check_in(a_license(world), [])) == ("VALID", False)


@pytest.mark.parametrize(("seconds", "restricted"), [(-1, False), (0, True)])
def test_a_trial_over_its_seats_is_restricted_after_fifteen_days(world: World, seconds: int, restricted: bool) -> None:
    license = a_license(world)
    world.check_in(license, nodes(5))
    world.clock.advance(days=15, seconds=seconds)

    assert told(world.check_in(license, nodes(5))) == ("OVER_LIMIT", restricted)


def test_one_compliant_check_in_clears_the_overrun(world: World) -> None:
    license = a_license(world)
    world.check_in(license, nodes(5))
    world.clock.advance(days=16)

    assert told(world.check_in(license, nodes(4))) == ("VALID", False)
    assert world.check_in(license, nodes(5)).get_json()["over_since"] == "2026-01-31T12:00:00Z"


def test_the_lease_says_what_the_answer_says(world: World) -> None:
    answer = world.check_in(a_license(world), nodes(5), nonce="once")

    lease, body = lease_in(world, answer), answer.get_json()
    assert (lease.nonce, lease.fsid, lease.code, lease.granted, lease.used) == ("once", FSID, body["code"], 4, 5)
    assert lease.exp == lease.iat + LEASE_SECONDS


@pytest.mark.parametrize("hours", [0, 12, 23, 24, 25, 7 * 24, 8 * 24, 300])
def test_a_lease_never_outlives_the_grant_that_is_committed(world: World, hours: int) -> None:
    license = a_license(world)
    world.check_in(license, nodes(4))
    world.clock.advance(hours=hours)

    lease = lease_in(world, world.check_in(license, nodes(4)))

    assert lease.exp <= held_until(world)
    assert lease.exp == lease.iat + LEASE_SECONDS


@pytest.mark.parametrize("count", [4, 1_000])
def test_an_unchanged_check_in_asks_once_and_writes_nothing(world: World, count: int) -> None:
    license = str(world.house.licenses.file(OPERATOR, sell(world, seats=1_000).license_id)["license"])
    world.check_in(license, nodes(count))
    before = world.rows()

    caused = statements(world, lambda: world.check_in(license, nodes(count)))

    assert [statement.split()[0] for statement in caused if statement.split()[0] != "BEGIN"] == ["SELECT"]
    assert world.rows() == before


@pytest.mark.parametrize("count", [4, 1_000, 5_000])
def test_a_changed_check_in_asks_as_often_however_many_nodes_there_are(world: World, count: int) -> None:
    license = str(world.house.licenses.file(OPERATOR, sell(world, seats=10_000).license_id)["license"])
    first = statements(world, lambda: world.check_in(license, nodes(count)))
    changed = statements(world, lambda: world.check_in(license, [*nodes(count - 1), "another"]))

    def verbs(asked: list[str]) -> list[str]:
        return [statement.split()[0] for statement in asked if not statement.startswith("BEGIN")]

    assert verbs(changed) == ["SELECT"] * 4 + ["UPDATE", "INSERT"]
    assert len(verbs(first)) <= 14


def test_a_changed_check_in_touches_its_own_row_and_the_history(world: World) -> None:
    license = str(world.house.licenses.file(OPERATOR, sell(world, seats=100).license_id)["license"])
    world.check_in(license, nodes(10))
    world.check_in(license, nodes(10), fsid=OTHER_FSID)
    before = world.rows()

    world.check_in(license, nodes(11))

    after = world.rows()
    assert {table for table in after if after[table] != before[table]} == {"cluster", "cluster_change"}
    assert sum(row not in before["cluster"] for row in after["cluster"]) == 1
    assert len(after["cluster_change"]) == len(before["cluster_change"]) + 1


def test_five_thousand_nodes_take_a_few_times_the_memory_of_their_body(world: World) -> None:
    license = str(world.house.licenses.file(OPERATOR, sell(world, seats=10_000).license_id)["license"])
    names = [f"storage-node-{number:05}.rook-ceph.example" for number in range(5_000)]
    world.check_in(license, names)
    length = sum(map(len, names))

    tracemalloc.start()
    world.check_in(license, names)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 20 * length


@pytest.mark.parametrize("count", [4, 1_000])
def test_an_unchanged_check_in_signs_once_and_verifies_nothing(
    world: World, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    license = str(world.house.licenses.file(OPERATOR, sell(world, seats=1_000).license_id)["license"])
    world.check_in(license, nodes(count))
    work: list[str] = []
    sign, verify = SigningKey.sign, licenses.verify_license

    def signed(key: SigningKey, text: str) -> str:
        work.append("sign")
        return sign(key, text)

    def verified(token: object, headers: Headers) -> License:
        work.append("verify")
        return verify(token, headers)

    monkeypatch.setattr(SigningKey, "sign", signed)
    monkeypatch.setattr("licensing.services.authentication.verify_license", verified)

    assert world.check_in(license, nodes(count)).status_code == 200

    assert work == ["sign"]


@pytest.mark.parametrize(("seconds", "written"), [(0, False), (1, True)])
def test_a_grant_is_written_anew_when_less_than_a_lease_remains(world: World, seconds: int, written: bool) -> None:
    license = a_license(world)
    world.check_in(license, nodes(4))
    before = held_until(world)
    world.clock.advance(seconds=HOLD_SECONDS - LEASE_SECONDS + seconds)

    world.check_in(license, nodes(4))

    assert (held_until(world) != before) is written


def test_the_history_keeps_each_change_of_the_node_set(world: World) -> None:
    license = a_license(world)
    for names in (["a", "b"], ["b", "a"], ["b", "c"]):
        world.check_in(license, names)

    changes = [row[3:] for row in sorted(world.rows()["cluster_change"])]

    assert [(change[1], change[2]) for change in changes] == [("new", 2), ("nodes", 2)]


def test_a_second_cluster_on_a_trial_is_refused_at_once_and_nothing_is_kept(world: World) -> None:
    license = a_license(world)
    world.check_in(license, nodes(1))
    before = world.rows()

    answer = world.check_in(license, nodes(1), fsid=OTHER_FSID)

    assert told(answer) == ("CLUSTER_MISMATCH", True)
    assert answer.get_json()["unlicensed_nodes"] == nodes(1)
    assert world.rows() == before


def test_a_released_trial_may_be_used_on_another_cluster(world: World) -> None:
    license = a_license(world)
    world.check_in(license, nodes(1))

    assert world.release(license).status_code == 204
    assert world.release(license).status_code == 404
    assert told(world.check_in(license, nodes(1), fsid=OTHER_FSID)) == ("VALID", False)


def test_a_new_cluster_is_told_to_the_contact_once(world: World) -> None:
    license = a_license(world)
    already = len(world.mails())
    world.check_in(license, nodes(1))
    world.check_in(license, nodes(2))

    [mail] = world.mails()[already:]
    assert (mail["To"], mail["Subject"]) == ("jane@acme.example", "A new cluster uses your Koor license")
