"""What sales see of a license's clusters, and do to a single one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.core.callers import OPERATOR, Caller, Permission
from licensing.core.encoding import b64url
from licensing.core.errors import NotFound, Refusal
from licensing.storage import events
from tests.support.worlds import FSID, OTHER_FSID, OTHER_UID, UID, Staffer, World, nodes, sell, token_of

ABSENT = "0" * 32
DEEDS: dict[str, dict[str, object]] = {
    "non-production": {"granted": True, "reason": "a lab"},
    "reset": {"reason": "a new machine"},
    "release": {"reason": "torn down"},
}
KINDS = {"non-production": "np-granted", "reset": "reset", "release": "released"}


def path(license_id: str, deed: str = "", fsid: str = FSID) -> str:
    listing = f"/v1/licenses/{license_id}/clusters"
    return f"{listing}/{fsid}/{deed}" if deed else listing


@pytest.fixture
def license_id(world: World) -> str:
    """A license of 25 seats and 4 for non-production, with one cluster of 4 nodes that wishes for the latter."""
    license_id = sell(world, np_seats=4).license_id
    check_in(world, license_id)
    return license_id


@pytest.fixture
def seller(world: World) -> Staffer:
    return world.sign_in("sales")


def check_in(world: World, license_id: str, **changes: Any) -> dict[str, Any]:
    cluster = {"fsid": FSID, "kube_system_uid": UID, "name": "lab", "dcc_version": "0.6.0", "production": False}
    license, cluster = token_of(world, license_id), cluster | changes.pop("cluster", {})
    return dict(world.check_in(license, nodes(4), cluster=cluster, **changes).get_json())


def listed(seller: Staffer, license_id: str) -> list[dict[str, Any]]:
    answer = seller.get(path(license_id))
    assert answer.status_code == 200
    return list(answer.get_json()["clusters"])


def kinds(world: World) -> list[object]:
    return [row[4] for row in sorted(world.rows()["cluster_change"])]


def assert_refused(world: World, ask: Callable[[], Any], status: int, code: str) -> None:
    before = world.rows()

    answer = ask()

    assert (answer.status_code, answer.get_json()["code"]) == (status, code)
    assert world.rows() == before


def test_a_cluster_is_listed_with_all_that_sales_ask_for(world: World, license_id: str, seller: Staffer) -> None:
    assert listed(seller, license_id) == [
        {
            "fsid": FSID,
            "kube_system_uid": UID,
            "name": "lab",
            "dcc_version": "0.6.0",
            "used": 4,
            "granted": 4,
            "pool": "production",
            "wishes_non_production": True,
            "np_granted": False,
            "duplicate_since": None,
            "over_since": None,
            "pinned": False,
            "first_seen_at": "2026-01-15T12:00:00Z",
            "last_seen_at": "2026-01-15T12:00:00Z",
            "expires_at": "2026-01-23T12:00:00Z",
        }
    ]


def test_the_list_names_the_later_of_two_doubles(world: World, license_id: str, seller: Staffer) -> None:
    world.clock.advance(seconds=1)
    check_in(world, license_id, cluster={"kube_system_uid": OTHER_UID})

    assert [cluster["duplicate_since"] for cluster in listed(seller, license_id)] == [None, "2026-01-15T12:00:01Z"]


def test_a_wish_is_granted_and_withdrawn(world: World, license_id: str, seller: Staffer) -> None:
    where = path(license_id, "non-production")

    [granted] = seller.post(where, {"granted": True, "reason": "a lab"}).get_json()["clusters"]

    assert (granted["pool"], granted["np_granted"], granted["granted"]) == ("non_production", True, 0)
    assert (check_in(world, license_id)["pool"], check_in(world, license_id)["granted"]) == ("non_production", 4)
    [withdrawn] = seller.post(where, {"granted": False, "reason": "sold on"}).get_json()["clusters"]
    assert (withdrawn["pool"], withdrawn["np_granted"], withdrawn["granted"]) == ("production", False, 0)
    assert check_in(world, license_id)["pool"] == "production"
    assert kinds(world) == ["new", "np-granted", "np-withdrawn"]


def test_leave_may_be_given_before_there_is_a_wish(world: World, license_id: str, seller: Staffer) -> None:
    check_in(world, license_id, cluster={"production": True})

    [cluster] = seller.post(path(license_id, "non-production"), DEEDS["non-production"]).get_json()["clusters"]

    assert (cluster["pool"], cluster["np_granted"], cluster["granted"]) == ("production", True, 4)


@pytest.mark.parametrize("granted", [True, False])
def test_what_is_so_already_is_refused(world: World, license_id: str, seller: Staffer, granted: bool) -> None:
    where, body = path(license_id, "non-production"), {"granted": granted, "reason": "x"}
    if granted:
        seller.post(where, body)

    house = world.house.clusters
    before = world.rows()

    with pytest.raises(Refusal) as refused:
        house.grant_non_production(OPERATOR, license_id, FSID, "x", granted=granted)

    assert refused.value.code == "LICENSE_STATE"
    assert world.rows() == before


def test_after_a_reset_the_next_client_pins_the_cluster_anew(world: World, license_id: str, seller: Staffer) -> None:
    old, new = (b64url(Ed25519PrivateKey.generate().public_key().public_bytes_raw()) for _ in range(2))
    assert check_in(world, license_id, instance_key=old)["code"] == "VALID"
    assert check_in(world, license_id, instance_key=new)["code"] == "INSTANCE_MISMATCH"

    [cluster] = seller.post(path(license_id, "reset"), DEEDS["reset"]).get_json()["clusters"]

    assert cluster["pinned"] is False
    assert check_in(world, license_id, instance_key=new)["code"] == "VALID"
    assert check_in(world, license_id, instance_key=old)["code"] == "INSTANCE_MISMATCH"
    assert [cluster["pinned"] for cluster in listed(seller, license_id)] == [True]


def test_a_release_frees_the_seats_of_a_pinned_cluster(world: World, license_id: str, seller: Staffer) -> None:
    key = b64url(Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    check_in(world, license_id, instance_key=key)

    answer = seller.post(path(license_id, "release"), DEEDS["release"])

    assert (answer.status_code, answer.get_json()) == (200, {"clusters": []})
    assert listed(seller, license_id) == []
    assert kinds(world) == ["new", "released"]


def test_a_release_frees_all_that_runs_under_the_fsid_and_nothing_else(
    world: World, license_id: str, seller: Staffer
) -> None:
    check_in(world, license_id, cluster={"kube_system_uid": OTHER_UID})
    check_in(world, license_id, cluster={"fsid": OTHER_FSID})

    seller.post(path(license_id, "release", FSID.upper()), DEEDS["release"])

    assert [cluster["fsid"] for cluster in listed(seller, license_id)] == [OTHER_FSID]


def test_a_released_trial_binds_itself_to_the_next_cluster(world: World, seller: Staffer) -> None:
    trial = world.trial()
    license, license_id = trial["license_file"]["license"], trial["license_id"]
    world.check_in(license, nodes(4))
    assert world.check_in(license, nodes(4), fsid=OTHER_FSID).get_json()["code"] == "CLUSTER_MISMATCH"

    seller.post(path(license_id, "release"), DEEDS["release"])

    assert world.check_in(license, nodes(4), fsid=OTHER_FSID).get_json()["code"] == "VALID"


@pytest.mark.parametrize("deed", DEEDS)
def test_each_deed_is_a_line_in_the_history_and_an_event(
    world: World, license_id: str, seller: Staffer, deed: str
) -> None:
    assert seller.post(path(license_id, deed), DEEDS[deed]).status_code == 200

    assert kinds(world) == ["new", KINDS[deed]]
    with world.house.database.read() as session:
        [event] = events.of_subject(session, license_id)
    assert (event.actor, event.action) == (seller.id, f"cluster.{KINDS[deed]}")
    assert event.details == {"fsid": FSID, "reason": DEEDS[deed]["reason"]}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_done_once_for_a_key(world: World, license_id: str, seller: Staffer, deed: str) -> None:
    first = seller.post(path(license_id, deed), DEEDS[deed], key="k-1")
    before = world.rows()

    again = seller.post(path(license_id, deed), DEEDS[deed], key="k-1")

    assert (again.status_code, again.data) == (200, first.data)
    assert world.rows() == before


@pytest.mark.parametrize("deed", DEEDS)
def test_absent_licenses_and_clusters_are_the_same_nothing(
    world: World, license_id: str, seller: Staffer, deed: str
) -> None:
    other = sell(world).license_id
    absent = [path(ABSENT, deed), path(other, deed), path(license_id, deed, OTHER_FSID), path(license_id, deed, "x")]

    before = world.rows()

    answers = [seller.post(where, DEEDS[deed]) for where in absent]

    assert {answer.status_code for answer in answers} == {404}
    assert len({(answer.get_json()["code"], answer.get_json()["detail"]) for answer in answers}) == 1
    assert world.rows() == before
    assert seller.get(path(ABSENT)).status_code == 404


def test_a_foreign_license_is_the_same_nothing(world: World, license_id: str) -> None:
    stranger = Caller("key:1", frozenset(Permission), organization_id=ABSENT)
    house, before = world.house.clusters, world.rows()
    told = []

    for ask in (
        lambda: house.of_license(stranger, license_id),
        lambda: house.of_license(stranger, ABSENT),
        lambda: house.reset(stranger, license_id, FSID, "x"),
        lambda: house.release(stranger, license_id, FSID, "x"),
        lambda: house.grant_non_production(stranger, license_id, FSID, "x", granted=True),
    ):
        with pytest.raises(NotFound) as refused:
            ask()
        told.append(refused.value.detail)

    assert len(set(told)) == 1
    assert world.rows() == before


@pytest.mark.parametrize(("deed", "status"), [("non-production", 409), ("reset", 200), ("release", 200)])
def test_under_a_revoked_license_nothing_is_granted_and_all_may_go(
    world: World, license_id: str, seller: Staffer, deed: str, status: int
) -> None:
    world.house.licenses.revoke(OPERATOR, license_id, "not paid")

    assert seller.post(path(license_id, deed), DEEDS[deed]).status_code == status


def test_a_trial_is_granted_no_non_production(world: World, seller: Staffer) -> None:
    trial = world.trial()
    world.check_in(trial["license_file"]["license"], nodes(4))
    where = path(trial["license_id"], "non-production")

    answer = seller.post(where, DEEDS["non-production"])

    assert (answer.status_code, answer.get_json()["code"]) == (409, "LICENSE_STATE")
    assert kinds(world) == ["new"]


@pytest.mark.parametrize(
    ("deed", "body"),
    [
        ("non-production", {"reason": "x"}),
        ("non-production", {"granted": 1, "reason": "x"}),
        ("non-production", {"granted": True}),
        ("non-production", {"granted": True, "reason": "x", "fsid": FSID}),
        ("reset", {}),
        ("reset", {"reason": ""}),
        ("reset", {"reason": "x" * 501}),
        ("release", {"reason": None}),
    ],
)
def test_another_body_is_refused(
    world: World, license_id: str, seller: Staffer, deed: str, body: dict[str, object]
) -> None:
    answer = seller.post(path(license_id, deed), body)

    assert (answer.status_code, answer.get_json()["code"]) == (422, "INVALID_FIELDS")
    assert kinds(world) == ["new"]


@pytest.mark.parametrize("deed", DEEDS)
def test_support_looks_and_changes_nothing(world: World, license_id: str, deed: str) -> None:
    reader = world.sign_in("support")

    assert len(listed(reader, license_id)) == 1
    assert_refused(world, lambda: reader.post(path(license_id, deed), DEEDS[deed]), 403, "FORBIDDEN")


def test_nobody_looks_without_signing_in(world: World, license_id: str) -> None:
    assert_refused(world, lambda: world.client.get(path(license_id)), 401, "SIGN_IN_REQUIRED")
