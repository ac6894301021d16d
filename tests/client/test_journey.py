"""A client and a running server, through everything that happens to a license: the same for Python and for Go."""

from __future__ import annotations

import shutil
from datetime import timedelta

from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from tests.client.scenes import ALLOWED, RESTRICTED, Scene
from tests.support.worlds import FSID, OTHER_FSID, OTHER_UID, UID, convert, nodes, sell


def trial(scene: Scene) -> str:
    """A confirmed trial's id; its file lies at the site."""
    license_id = str(scene.vendor.trial()["license_id"])
    scene.put(license_id)
    return license_id


def pro(scene: Scene, seats: int = 25, months: int = 12) -> str:
    """A sold license's id; its file lies at the site."""
    license_id = sell(scene.vendor, seats=seats, months=months).license_id
    scene.put(license_id)
    return license_id


def test_a_trial_grows_is_converted_outlives_the_server_is_revoked_and_renewed(scene: Scene) -> None:
    license_id = trial(scene)
    client = scene.client(nodes=nodes(4))
    status = client.status()
    assert (status["code"], status["seats"], status["checkins"]) == ("VALID", 4, 1)

    client.nodes(nodes(5))
    status = scene.advance(hours=1)
    assert (status["code"], status["granted"], status["allows"]) == ("OVER_LIMIT", 4, ALLOWED)
    status = scene.advance(days=15)
    assert (status["code"], status["allows"]) == ("OVER_LIMIT", RESTRICTED)

    convert(scene.vendor, license_id, Term(25, 12))
    status = scene.advance(hours=15)
    assert (status["code"], status["seats"], status["allows"]) == ("VALID", 25, ALLOWED)

    scene.go_away()
    before = status["failures"]
    status = scene.advance(hours=72)
    assert (status["code"], status["allows"], status["failures"] > before) == ("VALID", ALLOWED, True)

    scene.serve()
    status = client.clock(scene.vendor.clock.time - timedelta(days=30))
    assert (status["code"], status["warnings"]) == ("NOT_YET_VALID", ["CLOCK_SUSPECT"])
    status = client.clock(scene.vendor.clock.time)
    assert (status["code"], status["allows"]) == ("VALID", ALLOWED)

    scene.vendor.house.licenses.revoke(OPERATOR, license_id, "a test of what follows")
    status = scene.advance(hours=15)
    assert (status["code"], status["allows"]) == ("REVOKED", ALLOWED)
    status = scene.advance(days=31)
    assert (status["code"], status["allows"]) == ("REVOKED", RESTRICTED)


def test_a_clock_set_back_in_a_term_warns_and_restricts_nobody(scene: Scene) -> None:
    pro(scene)
    client = scene.client(nodes=nodes(9))
    scene.advance(days=31)

    status = client.clock(scene.vendor.clock.time - timedelta(days=30))

    assert (status["code"], status["warnings"], status["allows"]) == ("VALID", ["CLOCK_SUSPECT"], ALLOWED)


def test_a_renewal_arrives_without_a_restart(scene: Scene) -> None:
    license_id = pro(scene, months=1)
    client = scene.client(nodes=nodes(20))
    seq = client.status()["seq"]
    scene.go_away()
    scene.advance(days=2)
    scene.serve()

    scene.vendor.house.sales.renew(OPERATOR, license_id, Term(30, 12), None)
    status = scene.advance(hours=15)

    assert (status["code"], status["seats"], status["seq"]) == ("VALID", 30, seq + 1)


def test_a_new_file_is_followed_without_a_restart_and_without_a_server(scene: Scene) -> None:
    license_id = trial(scene)
    client = scene.client(nodes=nodes(9), server=False)
    assert client.status()["code"] == "OVER_LIMIT"

    convert(scene.vendor, license_id, Term(25, 12))
    scene.put(license_id)
    status = scene.advance(minutes=1)

    assert (status["code"], status["seats"], status["checkins"], status["failures"]) == ("VALID", 25, 0, 0)


def test_a_cluster_restored_from_a_backup_that_lost_its_key_waits_and_is_then_known_again(scene: Scene) -> None:
    pro(scene)
    client = scene.client(nodes=nodes(9))
    (scene.folder / "site.state").unlink()

    client = scene.restart(client, nodes=nodes(9))
    status = client.status()
    assert (status["last_failure"], status["allows"]) == ("INSTANCE_MISMATCH", ALLOWED)
    status = scene.advance(days=9)

    assert (status["code"], status["last_failure"], status["checkins"] > 0) == ("VALID", None, True)


def test_a_restarted_client_goes_on_with_its_key_and_its_memory(scene: Scene) -> None:
    trial(scene)
    client = scene.client(nodes=nodes(5))
    scene.advance(days=16)

    client = scene.restart(client, nodes=nodes(5))

    status = client.status()
    assert (status["code"], status["allows"], status["failures"]) == ("OVER_LIMIT", RESTRICTED, 0)


def test_a_clone_beside_its_original_is_told_so_and_the_original_is_not(scene: Scene) -> None:
    pro(scene)
    original = scene.client(nodes=nodes(9))
    shutil.copy(scene.folder / "site.json", scene.folder / "clone.json")
    clone = scene.client("clone", nodes=nodes(9))
    clone.cluster(FSID, OTHER_UID)
    scene.advance(days=1)

    assert original.status()["code"] == "VALID"
    assert (clone.status()["code"], clone.status()["allows"]) == ("DUPLICATE_CLUSTER", ALLOWED)


def test_a_node_replaced_needs_no_new_license(scene: Scene) -> None:
    pro(scene, seats=9)
    client = scene.client(nodes=nodes(9))

    client.nodes([*nodes(8), "replacement"])
    status = scene.advance(hours=1)

    assert (status["code"], status["granted"], status["checkins"]) == ("VALID", 9, 2)


def test_two_clusters_share_the_seats_and_the_later_one_hears_what_is_left(scene: Scene) -> None:
    pro(scene)
    first = scene.client(nodes=nodes(20))
    shutil.copy(scene.folder / "site.json", scene.folder / "second.json")
    second = scene.client("second")
    second.cluster(OTHER_FSID, UID)
    second.nodes([f"other-{number}" for number in range(10)])
    scene.advance(hours=1)

    status = second.status()
    assert (status["code"], status["granted"], status["allows"]) == ("OVER_LIMIT", 5, ALLOWED)
    assert first.status()["code"] == "VALID"

    first.nodes(nodes(15))
    scene.advance(hours=30)
    assert (second.status()["code"], second.status()["granted"]) == ("VALID", 10)


def test_an_activation_request_tells_each_day(scene: Scene) -> None:
    license_id = pro(scene)
    client = scene.client(nodes=nodes(4), server=False)
    scene.advance(days=1)
    client.nodes(nodes(6))
    scene.advance(hours=1)

    request = client.request()
    day = scene.vendor.clock.time.date()
    assert (request["fsid"], request["kube_system_uid"], request["lid"]) == (FSID, UID, license_id)
    assert (request["v"], request["nodes"]) == (1, nodes(6))
    assert request["daily"] == [
        {"day": (day - timedelta(days=1)).isoformat(), "nodes": 4},
        {"day": day.isoformat(), "nodes": 6},
    ]
