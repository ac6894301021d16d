"""Customers of many organisations at once: what was merged belongs to its survivor."""

from __future__ import annotations

from licensing.core.callers import OPERATOR
from licensing.storage import organizations
from tests.support.worlds import World


def made(world: World, *names: str) -> list[str]:
    return [world.house.organizations.create(OPERATOR, name, "DE", None, None).id for name in names]


def test_families_and_heads_of_many_are_those_of_each(world: World) -> None:
    alone, survivor, first, second = ids = made(world, "Alone", "Survivor", "First", "Second")
    for duplicate in (first, second):
        world.house.organizations.merge(OPERATOR, duplicate, survivor)

    with world.house.database.read() as session:
        families, heads = organizations.families(session, ids), organizations.heads(session, ids)
        each = {id: organizations.family(session, id) for id in ids}

    assert families == each
    assert families[second] == (survivor, first, second)
    assert {id: head.id for id, head in heads.items()} == {alone: alone, **dict.fromkeys(ids[1:], survivor)}


def test_of_nobody_there_is_nobody(world: World) -> None:
    with world.house.database.read() as session:
        assert organizations.families(session, []) == {}
        assert organizations.heads(session, ["0" * 32]) == {}
