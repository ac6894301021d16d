"""The instance key: the first client of a cluster pins it, and nobody else speaks for the cluster then."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.core.encoding import b64url
from licensing.core.instances import signed_text
from tests.support.worlds import FSID, World, checkin, nodes, sell, token_of

PATH = "/v1/checkins"


@dataclass(slots=True)
class Instance:
    """A client that keeps its key and counts its requests."""

    world: World
    license: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    number: int = 0

    @property
    def public(self) -> str:
        return b64url(self.key.public_key().public_bytes_raw())

    def header(self, method: str, path: str, body: bytes, number: int | None = None) -> str:
        if number is None:
            self.number += 1
        used = self.number if number is None else number
        return f"{used} {b64url(self.key.sign(signed_text(method, path, body, used)))}"

    def check_in(self, count: int = 4, header: str | None = "", **changes: Any) -> Any:
        """Checks in; with a right proof unless a header, or None for no header, is given."""
        body = json.dumps(checkin(nodes(count), instance_key=self.public, **changes)).encode()
        proof = self.header("POST", PATH, body) if header == "" else header
        headers = {"Authorization": f"Bearer {self.license}", **({} if proof is None else {"Koor-Instance": proof})}
        return self.world.client.post(PATH, data=body, content_type="application/json", headers=headers)


@pytest.fixture
def instance(world: World) -> Instance:
    """A client whose cluster is pinned."""
    pinned = Instance(world, token_of(world, sell(world).license_id))
    assert pinned.check_in(header=None).status_code == 200
    return pinned


def assert_refused(world: World, before: object, answer: Any) -> None:
    assert (answer.status_code, answer.get_json()["code"]) == (409, "INSTANCE_MISMATCH")
    assert world.rows() == before


def test_the_pinned_client_goes_on(world: World, instance: Instance) -> None:
    answers = [instance.check_in(count).status_code for count in (4, 4, 5, 5, 4)]

    assert answers == [200] * 5


def test_an_unchanged_check_in_of_a_pinned_cluster_changes_its_number_alone(world: World, instance: Instance) -> None:
    before = world.rows()

    instance.check_in()

    changed = [table for table, rows in world.rows().items() if rows != before[table]]
    assert changed == ["cluster"]


@pytest.mark.parametrize("count", [4, 5], ids=["unchanged", "changed"])
@pytest.mark.parametrize("header", [None, "1", "x y", "1 " + "A" * 86, "-1 x", "9007199254740992 x", "", "01 x"])
def test_a_check_in_without_the_proof_is_refused(
    world: World, instance: Instance, header: str | None, count: int
) -> None:
    before = world.rows()

    answer = instance.check_in(count, header=header or None)

    assert_refused(world, before, answer)


def test_another_clients_key_is_refused(world: World, instance: Instance) -> None:
    before = world.rows()

    answer = Instance(world, instance.license).check_in(5)

    assert_refused(world, before, answer)


@pytest.mark.parametrize("count", [4, 5], ids=["unchanged", "changed"])
def test_a_number_works_once(world: World, instance: Instance, count: int) -> None:
    body = json.dumps(checkin(nodes(count), instance_key=instance.public)).encode()
    header = instance.header("POST", PATH, body)
    assert instance.check_in(count, header=header).status_code == 200
    before = world.rows()

    assert_refused(world, before, instance.check_in(count, header=header))


def test_a_proof_for_another_body_is_refused(world: World, instance: Instance) -> None:
    before = world.rows()

    assert_refused(world, before, instance.check_in(5, header=instance.header("POST", PATH, b"{}")))


def test_a_pinned_cluster_is_released_with_its_proof_alone(world: World, instance: Instance) -> None:
    path, before = f"/v1/clusters/{FSID}", world.rows()

    assert_refused(world, before, world.release(instance.license))
    proof = instance.header("DELETE", path, b"")
    assert world.release(instance.license, koor_instance=proof).status_code == 204


def test_a_cluster_that_was_silent_may_come_back_with_another_key(world: World, instance: Instance) -> None:
    successor = Instance(world, instance.license)
    world.clock.advance(days=8)

    assert successor.check_in(header=None).status_code == 200

    assert "repinned" in {row[4] for row in world.rows()["cluster_change"]}
    before = world.rows()
    assert_refused(world, before, instance.check_in(5))
    assert successor.check_in(5).status_code == 200


def test_a_plain_caller_needs_no_key(world: World) -> None:
    license = token_of(world, sell(world).license_id)

    assert [world.check_in(license, nodes(count)).status_code for count in (4, 4, 5)] == [200] * 3
