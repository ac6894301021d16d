"""Validation: the same code as a check-in, and nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from tests.support.worlds import FSID, OTHER_FSID, World, nodes, sell, token_of


def validate(world: World, license: str, count: int, **more: Any) -> Any:
    return world.post("/v1/validate", {"license": license, "nodes": count, **more})


@pytest.mark.parametrize("count", [0, 4, 5, 100])
def test_the_code_is_that_of_a_check_in(world: World, count: int) -> None:
    license = world.trial()["license_file"]["license"]

    validated = validate(world, license, count).get_json()

    checked_in = world.check_in(license, nodes(count)).get_json()
    members = ("code", "restricted", "warnings", "seats", "used", "granted", "message", "remedy")
    assert validated == {name: checked_in[name] for name in members}


def test_a_plan_is_judged_beside_the_present(world: World) -> None:
    license = world.trial()["license_file"]["license"]

    body = validate(world, license, 4, nodes_planned=5).get_json()

    assert (body["code"], body["planned"]["code"]) == ("VALID", "OVER_LIMIT")


def test_a_trial_bound_elsewhere_does_not_fit(world: World) -> None:
    license = world.trial()["license_file"]["license"]
    world.check_in(license, nodes(4), fsid=FSID)

    codes = [validate(world, license, 4, fsid=fsid).get_json()["code"] for fsid in (FSID, OTHER_FSID)]

    assert codes == ["VALID", "CLUSTER_MISMATCH"]


def test_an_old_token_is_judged_by_the_newest_issue(world: World) -> None:
    standing = sell(world, seats=5)
    old = token_of(world, standing.license_id)
    world.house.sales.renew(OPERATOR, standing.license_id, Term(25, 12, start=world.clock()), None)

    assert validate(world, old, 20).get_json()["code"] == "VALID"


def test_nothing_changes(world: World) -> None:
    license = world.trial()["license_file"]["license"]
    before = world.rows()

    validate(world, license, 5, nodes_planned=50, fsid=FSID)

    assert world.rows() == before


@pytest.mark.parametrize("spoil", ["{header}.{payload}.", "{header}.{payload}A.{signature}", "x.y.z", "{payload}"])
def test_a_forged_license_is_unauthentic(world: World, spoil: str) -> None:
    header, payload, signature = world.trial()["license_file"]["license"].split(".")

    answer = validate(world, spoil.format(header=header, payload=payload, signature=signature), 4)

    assert (answer.status_code, answer.get_json()["code"]) == (401, "UNAUTHENTIC")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
