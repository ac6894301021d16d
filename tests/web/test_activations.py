"""Clusters without a connection: a request file comes, a license file goes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from werkzeug.test import TestResponse

from licensing.core.activations import ActivationRequest, check_code
from licensing.core.callers import OPERATOR
from licensing.core.codes import Code
from licensing.core.sales import Term
from licensing.services.activations import ACTION
from licensing.storage import events
from tests.support.portal import cluster, customer, visitor_of
from tests.support.worlds import FSID, OTHER_FSID, UID, World, convert, nodes, sell, token_of

REQUEST = {"v": 1, "fsid": OTHER_FSID, "kube_system_uid": UID, "nodes": 22}


def activate(world: World, license: str, **changes: Any) -> TestResponse:
    return world.post("/v1/activations", {**REQUEST, **changes}, authorization=f"Bearer {license}")


def trail(world: World) -> list[Mapping[str, Any]]:
    """What activations left in the trail."""
    with world.house.database.read() as session:
        license_ids = [str(row[0]) for row in world.rows()["license"]]
        found = [event for id in license_ids for event in events.of_subject(session, id)]
    return [event.details for event in found if event.action == ACTION]


@pytest.mark.parametrize(("count", "code"), [(22, "VALID"), (23, "OVER_LIMIT")])
def test_a_cluster_gets_the_seats_that_others_leave(world: World, count: int, code: str) -> None:
    license = token_of(world, sell(world).license_id)
    world.check_in(license, nodes(3))

    answer = activate(world, license, nodes=count)

    assert answer.status_code == 200, answer.text
    told = answer.get_json()
    assert (told["code"], told["granted"]) == (code, 22)
    assert told["license_file"]["license"] == license


def test_the_codes_are_those_that_the_cluster_shows(world: World) -> None:
    license = token_of(world, sell(world).license_id)

    told = activate(world, license).get_json()

    assert told["request_code"] == check_code(REQUEST)
    assert told["license_code"] == check_code(told["license_file"])
    assert check_code({**REQUEST, "nodes": 23}) != told["request_code"]


def test_what_it_told_is_kept_once(world: World) -> None:
    license = token_of(world, sell(world).license_id)
    days = [{"day": "2026-01-10", "nodes": 30}, {"day": "2026-01-11", "nodes": 7}]

    for _ in range(2):
        assert activate(world, license, nodes=nodes(5), daily=days).status_code == 200

    [kept] = trail(world)
    assert (kept["fsid"], kept["nodes"], kept["peak"]) == (OTHER_FSID, 5, 30)


def test_a_trial_is_bound_to_the_first_cluster(world: World) -> None:
    license = world.trial()["license_file"]["license"]

    first, second = activate(world, license, nodes=4), activate(world, license, nodes=4, fsid=FSID)

    assert [each.get_json()["code"] for each in (first, second)] == ["VALID", "CLUSTER_MISMATCH"]
    assert world.check_in(license, nodes(4)).get_json()["code"] == "CLUSTER_MISMATCH"


def test_a_license_that_names_its_clusters_names_no_more_by_this(world: World) -> None:
    license = token_of(world, sell(world, bind=(FSID,)).license_id)

    assert activate(world, license).get_json()["code"] == "CLUSTER_MISMATCH"
    assert activate(world, license, fsid=FSID).get_json()["code"] == "VALID"


def test_an_old_token_gets_the_newest_license(world: World) -> None:
    trial = world.trial()
    convert(world, trial["license_id"], Term(25, 12))

    told = activate(world, trial["license_file"]["license"]).get_json()

    assert (told["code"], told["seats"]) == ("VALID", 25)
    assert told["license_file"]["license"] == token_of(world, trial["license_id"])


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"fsid": "nonsense"},
        {"kube_system_uid": ""},
        {"nodes": -1},
        {"nodes": 10_001},
        {"nodes": ["a", "a"]},
        {"nodes": 1.5},
        {"lid": "0" * 32},
        {"lid": 1},
        {"daily": [{"day": "soon", "nodes": 1}]},
        {"daily": [{"day": "2026-01-10", "nodes": -1}]},
        {"daily": [{"day": "2026-01-10", "nodes": 1}] * 401},
        {"code": "BCDF-GHJK"},
        {"seats": 1_000},
    ],
    ids=str,
)
def test_a_request_that_is_none_changes_nothing(world: World, changes: dict[str, Any]) -> None:
    license = token_of(world, sell(world).license_id)
    before = world.rows()

    answer = activate(world, license, **changes)

    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert world.rows() == before


def test_without_a_license_there_is_no_answer(world: World) -> None:
    license = token_of(world, sell(world).license_id)
    before = world.rows()

    for token in ("", "x.y.z", license[:-2], f"{license}x"):
        assert activate(world, token).status_code == 401

    assert world.rows() == before


def test_a_customer_does_it_in_the_portal_and_staff_by_hand(world: World) -> None:
    own = customer(world)
    cluster(world, own.license_id, 3)
    request = ActivationRequest(OTHER_FSID, UID, 22, 22, "BCDF-GHJK")

    by_visitor = world.house.activations.by_visitor(visitor_of(world), own.license_id, request)
    by_staff = world.house.activations.by_caller(OPERATOR, own.license_id, request)

    assert by_visitor.verdict == by_staff.verdict
    assert by_visitor.verdict.code is Code.VALID
    assert by_visitor.code == by_staff.code


def test_the_frozen_code_of_a_request() -> None:
    assert check_code(REQUEST) == "SWSD-BGZR"
