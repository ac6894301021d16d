"""What everybody may read: keys, revoked list, checkpoint, and whether the server is well."""

from __future__ import annotations

from collections.abc import Callable

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet
from jwt.types import Options
from sqlalchemy import text

from licensing.core.callers import OPERATOR
from licensing.core.checkpoints import read_note
from licensing.core.keys import Purpose, open_statement
from licensing.core.revocations import verify_revoked
from licensing.storage import revocations, worker
from tests.support.worlds import World, nodes, sell, token_of

TYPES = {
    "/.well-known/koor-keys": "application/koor-keys+jwt",
    "/.well-known/jwks.json": "application/jwk-set+json",
    "/v1/revoked": "application/koor-revoked+jwt",
    "/ledger/checkpoint": "text/plain; charset=utf-8",
}
PATHS = list(TYPES)
UNCHANGING = "/v1/openapi.json"


def license_kids(world: World) -> list[str]:
    """The license keys in the key set."""
    key_set = world.client.get("/.well-known/jwks.json").get_json()
    return [key["kid"] for key in key_set["keys"] if "license" in key["kid"]]


@pytest.mark.parametrize("path", [*PATHS, UNCHANGING])
def test_a_document_that_did_not_change_is_not_sent_again(world: World, path: str) -> None:
    first = world.client.get(path)

    again = world.client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, again.status_code, again.data) == (200, 304, b"")
    assert first.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize("path", PATHS)
def test_a_document_says_what_it_is_and_changes_its_tag_with_its_content(world: World, path: str) -> None:
    world.house.ledger.checkpoint()
    first = world.client.get(path)
    for purpose in Purpose:
        world.house.key_management.new(purpose)
        world.house.key_management.rotate(purpose)
    world.house.licenses.revoke(OPERATOR, sell(world).license_id, "not paid")
    world.house.ledger.checkpoint()

    changed = world.client.get(path, headers={"If-None-Match": first.headers["ETag"]})

    assert (changed.status_code, changed.headers["ETag"] == first.headers["ETag"]) == (200, False)
    assert first.content_type == changed.content_type == TYPES[path]


def test_a_key_stands_in_the_key_set_from_its_publication_to_its_revocation(world: World) -> None:
    management = world.house.key_management
    [active] = [key.kid for key in management.list() if key.purpose is Purpose.LICENSE]
    steps: tuple[Callable[[], object], ...] = (
        lambda: management.new(Purpose.LICENSE),
        lambda: management.rotate(Purpose.LICENSE),
        lambda: management.retire(active, revoke=True),
    )

    published, rotated, revoked = [license_kids(world) for step in steps if step()]

    assert published == rotated
    assert published[0] == active
    assert revoked == published[1:]


def test_independent_libraries_verify_a_license_through_the_key_set(world: World) -> None:
    license = token_of(world, sell(world, seats=25).license_id)
    key_set = world.client.get("/.well-known/jwks.json").get_json()

    key = jwt.PyJWKSet.from_dict(key_set)[jwt.get_unverified_header(license)["kid"]]
    unverified_times: Options = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    by_pyjwt = jwt.decode(license, key, algorithms=["EdDSA"], audience="koor-dcc", options=unverified_times)
    by_joserfc = joserfc_jwt.decode(license, KeySet.import_key_set(key_set), algorithms=["EdDSA"]).claims

    assert by_pyjwt["koor"]["seats"] == 25
    assert by_pyjwt == by_joserfc


def test_the_statement_is_signed_by_the_root(world: World) -> None:
    statement = world.client.get("/.well-known/koor-keys").text

    assert len(open_statement(statement, world.house.keys.roots()).keys) == 4


def test_a_revocation_is_on_the_next_list(world: World) -> None:
    standing = sell(world)
    headers = world.house.keys.current().keyring.headers
    first = verify_revoked(world.client.get("/v1/revoked").text, headers)
    world.house.licenses.revoke(OPERATOR, standing.license_id, "not paid")

    second = verify_revoked(world.client.get("/v1/revoked").text, headers)

    assert (first.licenses, second.seq) == ({}, first.seq + 1)
    assert second.licenses == {standing.license_id: int(world.clock.time.timestamp())}


def test_an_issuance_that_lost_seats_is_on_the_list(world: World) -> None:
    standing = sell(world, seats=25)
    world.house.sales.resize(OPERATOR, standing.license_id, 10, None, None)

    listed = verify_revoked(world.client.get("/v1/revoked").text, world.house.keys.current().keyring.headers)

    assert set(listed.issuances) == {standing.jti}


def test_an_entry_leaves_the_list_thirty_days_after_the_grace(world: World) -> None:
    standing = sell(world)
    world.house.licenses.revoke(OPERATOR, standing.license_id, "not paid")
    assert standing.ends_at is not None
    for seconds, listed in ((-1, 1), (0, 0)):
        world.clock.time = standing.ends_at
        world.clock.advance(days=60, seconds=seconds)
        with world.house.database.read() as session:
            assert len(revocations.listed(session, world.clock.time)) == listed


def test_the_checkpoint_covers_the_ledger(world: World) -> None:
    sell(world)
    world.house.ledger.checkpoint()

    note = read_note(world.client.get("/ledger/checkpoint").text, world.house.keys.current().log_keys())

    assert (note.origin, note.size) == ("licenses.example.com/ledger/1", 5)


def test_a_token_that_was_damaged_is_never_served(world: World) -> None:
    license_id = sell(world).license_id
    admin = world.sign_in("sales")
    good = admin.get(f"/v1/licenses/{license_id}/file")
    assert good.status_code == 200
    with world.house.database.engine.begin() as connection:
        flipped = good.get_json()["license"][:-8] + "AAAAAAAA"
        connection.execute(text("UPDATE license_token SET token = :token"), {"token": flipped})

    damaged = admin.get(f"/v1/licenses/{license_id}/file")

    assert (damaged.status_code, damaged.get_json()["code"]) == (503, "BUSY")
    assert flipped not in damaged.text


def test_a_well_server_says_so(world: World) -> None:
    with world.house.database.write() as session:
        worker.beat(session, world.clock())

    assert world.client.get("/healthz").get_json() == {"status": "ok"}
    assert world.client.get("/readyz").get_json() == {"status": "ready", "warnings": {}}


def test_a_server_whose_statement_is_damaged_is_not_ready_and_check_ins_go_on(world: World) -> None:
    license = token_of(world, sell(world).license_id)
    (world.house.settings.keys_dir / "statement.jwt").write_text("nonsense")
    world.house.keys.look_again()

    ready = world.client.get("/readyz")

    assert (ready.status_code, set(ready.get_json()["problems"])) == (503, {"keys"})
    assert world.check_in(license, nodes(4)).status_code == 200
    assert world.client.get("/healthz").status_code == 200


@pytest.mark.parametrize(("seconds", "status"), [(-1, 200), (0, 503)])
def test_a_server_whose_keys_may_sign_no_longer_is_not_ready(world: World, seconds: int, status: int) -> None:
    world.clock.advance(days=365, seconds=seconds)

    assert world.client.get("/readyz").status_code == status
