"""Validation and check-in never disagree about a license, whatever became of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from tests.support.worlds import FSID, OTHER_FSID, START, World, convert, nodes, sell, token_of

Past = Callable[[World], str]
"""Makes a license that has seen something; the token that its holder still shows."""


def revoked(world: World, days: int) -> str:
    standing = sell(world)
    token = token_of(world, standing.license_id)
    world.house.licenses.revoke(OPERATOR, standing.license_id, "not paid")
    world.clock.advance(days=days)
    return token


def ended(world: World, days: int) -> str:
    token = token_of(world, sell(world, months=1).license_id)
    world.clock.advance(days=31 + days)
    return token


def early(world: World) -> str:
    return token_of(world, sell(world, start=START + timedelta(days=9)).license_id)


def converted(world: World) -> str:
    trial = world.trial()
    world.check_in(trial["license_file"]["license"], nodes(4), fsid=FSID)
    convert(world, trial["license_id"], Term(6, 12))
    return str(trial["license_file"]["license"])


def renewed(world: World) -> str:
    standing = sell(world, months=1)
    token = token_of(world, standing.license_id)
    world.clock.advance(days=90)
    world.house.sales.renew(OPERATOR, standing.license_id, Term(6, 12), None)
    return token


def elsewhere(world: World) -> str:
    token = str(world.trial()["license_file"]["license"])
    world.check_in(token, nodes(4), fsid=OTHER_FSID)
    return token


PASTS: dict[str, Past] = {
    "revoked": lambda world: revoked(world, 29),
    "revoked for long": lambda world: revoked(world, 30),
    "in grace": lambda world: ended(world, 0),
    "ended": lambda world: ended(world, 30),
    "early": early,
    "converted": converted,
    "renewed": renewed,
    "used elsewhere": elsewhere,
}


@pytest.mark.parametrize("count", [4, 5, 7])
@pytest.mark.parametrize("past", PASTS)
def test_the_answer_is_that_of_a_check_in(world: World, past: str, count: int) -> None:
    token = PASTS[past](world)

    validated = world.house.validations.validate(token, 0, count, FSID).planned

    checked_in = world.check_in(token, nodes(count), fsid=FSID).get_json()
    assert validated is not None
    assert (validated.code, validated.restricted) == (checked_in["code"], checked_in["restricted"])
    assert (validated.seats, validated.message) == (checked_in["seats"], checked_in["message"])


@pytest.mark.parametrize("past", PASTS)
def test_validating_changes_no_row(world: World, past: str) -> None:
    token = PASTS[past](world)
    before = world.rows()

    world.house.validations.validate(token, 4, 400, FSID)

    assert world.rows() == before
