"""Proofs of the instance key at the edges: the first request, twins, and keys that come and go."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.core.callers import OPERATOR
from licensing.core.encoding import b64url
from licensing.core.instances import signed_text
from tests.support.worlds import FSID, OTHER_UID, UID, World, checkin, nodes, sell, token_of

PATH, CLUSTER = "/v1/checkins", f"/v1/clusters/{FSID}"


@dataclass(frozen=True, slots=True)
class Dcc:
    """A client with a key: it sends what it is told to, and signs it."""

    world: World
    license: str
    uid: str = UID
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    def check_in(self, number: int, count: int = 4) -> Any:
        public = b64url(self.key.public_key().public_bytes_raw())
        body = json.dumps(checkin(nodes(count), uid=self.uid, instance_key=public)).encode()
        headers = self._headers("POST", PATH, body, number)
        return self.world.client.post(PATH, data=body, content_type="application/json", headers=headers)

    def release(self, number: int) -> Any:
        return self.world.client.delete(CLUSTER, headers=self._headers("DELETE", CLUSTER, b"", number))

    def _headers(self, method: str, path: str, body: bytes, number: int) -> dict[str, str]:
        proof = f"{number} {b64url(self.key.sign(signed_text(method, path, body, number)))}"
        return {"Authorization": f"Bearer {self.license}", "Koor-Instance": proof}


def make_dcc(world: World, uid: str = UID, license: str | None = None) -> Dcc:
    return Dcc(world, license or token_of(world, sell(world, seats=50).license_id), uid)


def assert_mismatch(world: World, before: object, answer: Any) -> None:
    assert (answer.status_code, answer.get_json()["code"]) == (409, "INSTANCE_MISMATCH")
    assert "license_file" not in answer.get_json()
    assert world.rows() == before


def test_the_number_of_the_first_check_in_is_spent_too(world: World) -> None:
    dcc = make_dcc(world)
    assert dcc.check_in(7).status_code == 200
    before = world.rows()

    assert_mismatch(world, before, dcc.check_in(7))
    assert dcc.check_in(8).status_code == 200


def test_a_plain_cluster_is_pinned_when_it_first_shows_a_key(world: World) -> None:
    dcc = make_dcc(world)
    world.check_in(dcc.license, nodes(4))

    assert dcc.check_in(1).status_code == 200
    assert_mismatch(world, world.rows(), world.check_in(dcc.license, nodes(4)))


def test_a_newer_file_goes_to_the_pinned_client_alone(world: World) -> None:
    dcc = make_dcc(world)
    dcc.check_in(1)
    [row] = world.rows()["cluster"]
    world.house.sales.resize(OPERATOR, str(row[1]), 60, None, None)

    assert_mismatch(world, world.rows(), Dcc(world, dcc.license).check_in(9))
    assert "license_file" in dcc.check_in(2).get_json()


def test_a_key_proves_nothing_for_another_license(world: World) -> None:
    dcc = make_dcc(world)
    other = Dcc(world, token_of(world, sell(world).license_id), key=dcc.key)

    assert [dcc.check_in(5).status_code, other.check_in(1).status_code] == [200, 200]


def test_of_two_pinned_twins_each_releases_itself(world: World) -> None:
    first = make_dcc(world, UID)
    later = make_dcc(world, OTHER_UID, first.license)
    first.check_in(1)
    assert later.check_in(1).get_json()["code"] == "DUPLICATE_CLUSTER"

    assert first.release(2).status_code == 204

    assert later.check_in(2).get_json()["code"] == "VALID"
    assert_mismatch(world, world.rows(), world.release(first.license))


def test_a_twin_that_released_itself_leaves_the_trial_bound(world: World) -> None:
    first = make_dcc(world, UID, world.trial()["license_file"]["license"])
    later = make_dcc(world, OTHER_UID, first.license)
    first.check_in(1)
    later.check_in(1)

    later.release(2)

    [row] = world.rows()["license"]
    assert FSID in row
