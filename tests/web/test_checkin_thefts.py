"""A stolen license key, and the change of keys that answers it."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.errors import Refusal
from licensing.core.keys import Purpose, open_statement
from licensing.core.licenses import license_claims
from licensing.services.license_files import as_text
from licensing.services.signing import SigningKey
from licensing.verifier import Unauthentic, evaluate, open_license_file, verify, verify_lease
from tests.support.worlds import FSID, OTHER_FSID, World, nodes, sell, token_of

ABSENT = "0" * 32


def active(world: World) -> SigningKey:
    """The license key, as a thief has it."""
    return world.house.keys.current().key(Purpose.LICENSE)


def forged(world: World, genuine: str, key: SigningKey, **changes: Any) -> str:
    """A license like the genuine one, changed and signed by the thief."""
    license = verify(genuine, world.house.keys.current().keyring)._replace(**changes)
    return key.sign(key.signing_input(license_claims(license, "https://licenses.example.com")))


def rotate(world: World, purpose: Purpose) -> None:
    world.house.key_management.new(purpose)
    world.house.key_management.rotate(purpose)


@pytest.fixture
def genuine(world: World) -> str:
    return token_of(world, sell(world, seats=25).license_id)


def test_each_use_of_a_forged_license_is_counted(world: World, genuine: str) -> None:
    thief = forged(world, genuine, active(world), jti=ABSENT, seats=1_000)

    for _ in range(2):
        world.clock.advance(days=1)
        world.check_in(thief, nodes(9))

    [(kind, subject, first_at, last_at, times, *_)] = world.rows()["alarm"]
    assert (kind, subject, times) == ("signature-without-leaf", ABSENT, 2)
    assert (last_at, first_at) == (int(world.clock.time.timestamp()), int(world.clock.time.timestamp()) - 86_400)


def test_a_forged_license_changes_nothing_but_the_alarm(world: World, genuine: str) -> None:
    world.check_in(genuine, nodes(9))
    thief = forged(world, genuine, active(world), seats=1_000)
    before = world.rows()

    for answer in (world.check_in(thief, nodes(9)), world.check_in(thief, nodes(90)), world.release(thief)):
        assert answer.status_code in (200, 404)

    assert [table for table, rows in world.rows().items() if rows != before[table]] == ["alarm"]


def test_a_forged_lease_answer_grants_nothing_and_names_every_node(world: World, genuine: str) -> None:
    body = world.check_in(forged(world, genuine, active(world), lid=ABSENT), nodes(3)).get_json()

    lease = verify_lease(body["lease"], open_statement(body["keys"], world.house.keys.roots()).headers)
    assert (body["code"], body["restricted"], body["unlicensed_nodes"]) == ("NOT_FOUND", True, nodes(3))
    assert (lease.code, lease.restricted, lease.granted) == ("NOT_FOUND", True, 0)
    assert "license_file" not in body


@pytest.mark.parametrize("name", ["lid", "jti"])
@pytest.mark.parametrize("value", ["a\x00b", "", "\U0001f600" * 200, "x" * 1_000])
def test_whatever_a_forged_license_calls_itself_is_answered(world: World, genuine: str, name: str, value: str) -> None:
    answer = world.check_in(forged(world, genuine, active(world), **{name: value}), nodes(3))

    assert (answer.status_code, answer.get_json()["code"]) == (200, "NOT_FOUND")
    assert len(world.rows()["alarm"]) == 1


def test_validation_knows_a_forged_license_too(world: World, genuine: str) -> None:
    thief = forged(world, genuine, active(world), jti=ABSENT)

    body = world.post("/v1/validate", {"license": thief, "nodes": 3, "nodes_planned": 30}).get_json()

    assert (body["code"], body["restricted"], body["planned"]["code"]) == ("NOT_FOUND", True, "NOT_FOUND")


def test_when_the_stolen_key_is_revoked_its_forgeries_are_unauthentic_and_still_ring(
    world: World, genuine: str
) -> None:
    stolen = active(world)
    thief = forged(world, genuine, stolen, jti=ABSENT)
    rotate(world, Purpose.LICENSE)
    world.house.key_management.retire(stolen.kid, revoke=True)

    answers = [world.check_in(thief, nodes(3)), world.post("/v1/validate", {"license": thief, "nodes": 3})]

    for answer in answers:
        assert (answer.status_code, answer.get_json()["reason"]) == (401, "KEY_REVOKED")
    assert [row[4] for row in world.rows()["alarm"]] == [2]


def test_an_honest_license_under_the_revoked_key_is_answered_and_exchanged(world: World) -> None:
    standing = sell(world)
    honest, stolen = token_of(world, standing.license_id), active(world)
    world.check_in(honest, nodes(9))
    rotate(world, Purpose.LICENSE)
    world.house.key_management.retire(stolen.kid, revoke=True)
    keyring = world.house.keys.current().keyring
    with pytest.raises(Unauthentic):
        verify(honest, keyring)

    waiting = world.check_in(honest, nodes(9)).get_json()
    world.house.licenses.reissue(OPERATOR, standing.license_id, "the key was stolen")
    exchanged = world.check_in(honest, nodes(9)).get_json()

    assert (waiting["code"], "license_file" in waiting) == ("VALID", False)
    fresh = exchanged["license_file"]["license"]
    assert verify(fresh, keyring).seq == 2
    assert world.check_in(fresh, nodes(9)).get_json()["code"] == "VALID"


def test_the_drill_no_honest_cluster_stops_and_the_thief_is_shut_out(world: World) -> None:
    """The procedure of keys/README.md, step by step, with a cluster that checks in and one that can't."""
    online, offline = sell(world), sell(world)
    files = world.house.licenses.file
    carried = open_license_file(as_text(files(OPERATOR, offline.license_id)), world.house.keys.roots())
    at_first, stolen = token_of(world, online.license_id), active(world)
    assert world.check_in(at_first, nodes(9)).get_json()["code"] == "VALID"
    thief = forged(world, at_first, stolen, jti=ABSENT, seats=1_000)
    world.clock.advance(hours=1)
    now = world.clock()

    rotate(world, Purpose.LICENSE)
    after_rotation = world.check_in(at_first, nodes(9)).get_json()["code"]
    done = dict(world.house.licenses.reissue_signed_by(OPERATOR, stolen.kid, "the key was stolen"))
    world.house.key_management.retire(stolen.kid, revoke=True)
    exchanged = world.check_in(at_first, nodes(9)).get_json()
    fresh = exchanged["license_file"]["license"]
    still_carried = evaluate(carried.license, None, 9, now, carried.circumstances(OTHER_FSID)).code
    brought = open_license_file(
        as_text(files(OPERATOR, offline.license_id)), world.house.keys.roots(), keyring=carried.keyring
    )

    assert set(done) == {online.license_id, offline.license_id}
    assert not any(isinstance(each, Refusal) for each in done.values())
    assert list(world.house.licenses.reissue_signed_by(OPERATOR, stolen.kid, "again")) == []
    assert (after_rotation, exchanged["code"], still_carried) == ("VALID", "VALID", "VALID")
    assert world.check_in(fresh, nodes(9)).get_json()["code"] == "VALID"
    assert evaluate(brought.license, None, 9, now, brought.circumstances(OTHER_FSID)).code == "VALID"
    assert world.check_in(thief, nodes(9)).status_code == 401
    assert verify(thief, carried.keyring).seats == 1_000  # without a newer file nobody can tell
    for keyring in (brought.keyring, open_statement(exchanged["keys"], world.house.keys.roots())):
        with pytest.raises(Unauthentic, match="revoked"):
            verify(thief, keyring)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_change_of_keys_needs_no_restart(world: World, genuine: str, purpose: Purpose) -> None:
    old = world.check_in(genuine, nodes(9)).get_json()
    rotate(world, purpose)

    body = world.check_in(genuine, nodes(9)).get_json()

    roots = world.house.keys.roots()
    before, after = open_statement(old["keys"], roots), open_statement(body["keys"], roots)
    old_key, new_key = before.active(purpose), after.active(purpose)
    assert old_key is not None
    assert new_key is not None
    assert (after.seq, new_key.kid == old_key.kid) == (before.seq + 2, False)
    assert verify_lease(body["lease"], after.headers).code == "VALID"


def test_what_retired_keys_signed_still_stands(world: World, genuine: str) -> None:
    lease = world.check_in(genuine, nodes(9)).get_json()["lease"]
    world.clock.advance(days=100)
    for purpose in Purpose:
        rotate(world, purpose)
    fresh = token_of(world, sell(world, seats=5).license_id)

    codes = [
        world.check_in(license, nodes(5), fsid=fsid).get_json()["code"]
        for license, fsid in ((genuine, FSID), (fresh, OTHER_FSID))
    ]

    assert codes == ["VALID", "VALID"]
    assert verify_lease(lease, world.house.keys.current().keyring.headers).used == 9
