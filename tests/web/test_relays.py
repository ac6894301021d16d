"""Naming a relay in a license: who may, what stays, and what a key that is not named any more is worth."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.keys import jwk, public_bytes
from licensing.core.relays import RelayKey, relay_key
from licensing.core.sales import Term
from licensing.verifier import License, open_license_file, verify_revoked
from tests.core.factories import make_key
from tests.support.worlds import Staffer, World, sell

KEY = relay_key(public_bytes(make_key("relay").private.public_key()), test=True)
OTHER = relay_key(public_bytes(make_key("relay", "other").private.public_key()), test=True)


def document(key: RelayKey) -> dict[str, Any]:
    return dict(jwk(key.kid, key.x))


def name(staffer: Staffer, license_id: str, key: object, reason: str = "an air-gapped site") -> Any:
    return staffer.post(f"/v1/licenses/{license_id}/relay", {"key": key, "reason": reason})


def newest(world: World, license_id: str) -> License:
    text = world.client.application.json.dumps(world.house.licenses.file(OPERATOR, license_id))
    return open_license_file(text, world.house.keys.roots()).license


def is_listed(world: World, jti: str) -> bool:
    listed = verify_revoked(world.client.get("/v1/revoked").text, world.house.keys.current().keyring.headers)
    return jti in listed.issuances


@pytest.fixture
def sales(world: World) -> Staffer:
    return world.sign_in("sales")


def test_a_named_relay_is_in_the_license_and_told(world: World, sales: Staffer) -> None:
    license_id = sell(world).license_id
    before = newest(world, license_id)

    answer = name(sales, license_id, document(KEY))

    assert (answer.status_code, answer.get_json()["license"]["relay_kid"]) == (200, KEY.kid)
    license = newest(world, license_id)
    assert (license.relay, license.seq, license.seats) == (KEY.claim, before.seq + 1, before.seats)
    assert not is_listed(world, before.jti)


@pytest.mark.parametrize(
    "key",
    [
        *(1, "x", [], {}, document(KEY) | {"kid": "relay-0000000000000000"}, document(KEY) | {"x": "AAAA"}),
        *(document(KEY) | {"crv": "X25519"}, document(KEY) | {"x": "A" * 43}, document(KEY) | {"kty": "RSA"}),
    ],
)
def test_what_is_no_relays_key_changes_nothing(world: World, sales: Staffer, key: object) -> None:
    license_id = sell(world).license_id
    before = world.rows()

    answer = name(sales, license_id, key)

    assert (answer.status_code, list(answer.get_json()["errors"])) == (422, ["key"])
    assert world.rows() == before


def test_a_trial_the_same_key_twice_and_nothing_to_take_away_are_refused(world: World, sales: Staffer) -> None:
    trial, license_id = str(world.trial()["license_id"]), sell(world).license_id
    assert name(sales, trial, document(KEY)).get_json()["code"] == "LICENSE_STATE"
    assert name(sales, license_id, None).get_json()["code"] == "LICENSE_STATE"
    assert name(sales, license_id, document(KEY)).status_code == 200
    assert name(sales, license_id, document(KEY)).get_json()["code"] == "LICENSE_STATE"
    assert name(sales, "0" * 32, document(KEY)).status_code == 404


def test_every_later_issue_names_the_relay_too(world: World, sales: Staffer) -> None:
    license_id = sell(world, months=2).license_id
    name(sales, license_id, document(KEY))

    world.house.sales.resize(OPERATOR, license_id, 40, None, None)
    assert newest(world, license_id).relay == KEY.claim
    world.house.sales.renew(OPERATOR, license_id, Term(50, 12), None)
    assert newest(world, license_id).relay == KEY.claim
    world.house.licenses.reissue(OPERATOR, license_id, "lost")
    assert newest(world, license_id).relay == KEY.claim


@pytest.mark.parametrize("next_key", [None, OTHER])
def test_the_issue_that_named_another_key_is_revoked(world: World, sales: Staffer, next_key: RelayKey | None) -> None:
    license_id = sell(world).license_id
    name(sales, license_id, document(KEY))
    stolen = newest(world, license_id)

    name(sales, license_id, None if next_key is None else document(next_key))

    assert newest(world, license_id).relay == (None if next_key is None else next_key.claim)
    assert is_listed(world, stolen.jti)


def test_a_relay_is_named_once_however_often_it_is_asked(world: World, sales: Staffer) -> None:
    license_id = sell(world).license_id
    body = {"key": document(KEY), "reason": "x"}

    answers = [sales.post(f"/v1/licenses/{license_id}/relay", body, key="same") for _ in range(3)]

    assert len({answer.text for answer in answers}) == 1
    assert newest(world, license_id).seq == 2


def test_the_audit_notices_a_relay_that_no_token_names(world: World, sales: Staffer) -> None:
    license_id = sell(world).license_id
    name(sales, license_id, document(KEY))
    assert world.house.audit.run().findings == []

    with world.house.database.write() as session:
        session.connection().exec_driver_sql(f"UPDATE license SET relay_kid = '{OTHER.kid}' WHERE id = '{license_id}'")

    assert len(world.house.audit.run().findings) == 1
