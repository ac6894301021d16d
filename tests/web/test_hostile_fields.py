"""One member of a good body spoiled: every member of every route, with whatever its type and form forbid."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.support.worlds import World
from tests.web.test_hostile_routes import JSON_ROUTES, Good, Prepare, assert_problem, every_json_route

Path = tuple[str, ...]

BIG = 2**63
LINES: tuple[Any, ...] = ("", " ", "\t", "a\x00b", "a\nb", "a\rb", "\x1b[31m", "\x7f", "\x85", "\u2028", "x" * 20_000)
"""What no text of ours may be."""
NUMBERS: tuple[Any, ...] = (-1, -BIG, BIG, 2**31, 10**4_000, 1.5, 1e300, -0.0)
"""What no number of ours may be."""
ANYTHING: tuple[Any, ...] = (True, False, 0, 1, 1.5, "1", "true", "null", [], [1], ["x"], {}, {"a": 1})
EXTRA = ("id", "serial", "tenant_id", "status", "approved_by", "is_admin", "kid", "iat", "__class__", "", "\x00", "a.b")
OPTIONAL: frozenset[Path] = frozenset({("instance_key",), ("nodes_planned",), ("fsid",), ("cluster", "production")})
"""Members that may be missing; of these all but `production` may be null, which says the same."""
NEVER_NULL = ("cluster", "production")
OF_ONE_TYPE = {name: prepare for name, prepare in JSON_ROUTES.items() if name != "activate"}
"""The nodes of an activation are names or a number: test_activations spoils them."""


@dataclass(frozen=True, slots=True)
class Spoiled:
    """A body with one member changed, and which."""

    path: Path
    value: Any
    data: bytes


def members(body: dict[str, Any], above: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every member with its path, those of inner objects, too."""
    for name, value in body.items():
        yield (*above, name), value
        if isinstance(value, dict):
            yield from members(value, (*above, name))


def wrong_for(path: Path, good: Any) -> Iterator[Any]:
    """Values that a member with a good value of this type must not have."""
    yield from (value for value in ANYTHING if type(value) is not type(good))
    if path not in OPTIONAL or path == NEVER_NULL:
        yield None
    if isinstance(good, str):
        yield from LINES
        yield from (good + line for line in LINES[3:])
    if type(good) is int:
        yield from NUMBERS
    if isinstance(good, list):
        yield from ([value] for value in (*ANYTHING, *LINES) if value not in ("1", "true", "null", " "))
        yield good * 2
    if isinstance(good, dict):
        yield {**good, "extra": 1}


def spoiled(good: Good) -> Iterator[Spoiled]:
    body = good.body or {}
    for path, value in members(body):
        for wrong in wrong_for(path, value):
            yield Spoiled(path, wrong, _changed(body, path, wrong))


def _changed(body: dict[str, Any], path: Path, value: Any) -> bytes:
    changed: Any = copy.deepcopy(body)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(changed).encode()


@pytest.mark.parametrize("prepare", OF_ONE_TYPE.values(), ids=OF_ONE_TYPE)
def test_each_member_with_a_wrong_value_is_refused(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    before = world.rows()

    for each in spoiled(good):
        assert_problem(good.send(world, each.data), 400, 413, 422, sent=(each.path, each.value))

    assert world.rows() == before


@every_json_route
def test_each_member_with_a_lone_surrogate_is_refused(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    before, body = world.rows(), good.body or {}

    for path, value in members(body):
        if isinstance(value, str):
            assert_problem(good.send(world, _changed(body, path, value + "\ud888")), 400, 422, sent=path)

    assert world.rows() == before


@every_json_route
def test_each_member_that_is_needed_is_missed(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    before, body = world.rows(), good.body or {}

    for path, _ in members(body):
        if path not in OPTIONAL:
            answer = good.send(world, _changed(body, path, ...))
            assert_problem(answer, 422, sent=path)

    assert world.rows() == before


@pytest.mark.parametrize(("prepare", "path"), [(JSON_ROUTES["check in"], NEVER_NULL), (JSON_ROUTES["validate"], ())])
def test_a_member_that_may_be_missing_is_not_missed(world: World, prepare: Prepare, path: Path) -> None:
    good = prepare(world)
    body = copy.deepcopy(good.body or {})
    for name in {path[0] for path in OPTIONAL if len(path) == 1} & body.keys():
        del body[name]
    if path:
        body[path[0]].pop(path[1], None)

    assert good.send(world, json.dumps(body).encode()).status_code == 200


@every_json_route
def test_a_member_more_is_refused(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    before = world.rows()

    for name in EXTRA:
        answer = good.send(world, json.dumps({**(good.body or {}), name: "x"}).encode())
        assert_problem(answer, 422, sent=name)

    assert world.rows() == before


def test_a_refusal_names_the_member_and_never_repeats_its_value(world: World) -> None:
    canary = "canary-7f3a\n"

    answer = world.register(canary, name=canary, organization=canary, country=canary)

    assert answer.get_json()["errors"].keys() == {"email", "name", "organization", "country"}
    assert "canary" not in answer.text


def test_a_wrong_code_spends_a_try_and_changes_nothing_else(world: World) -> None:
    world.register()
    before = world.rows()
    [[*registration]] = before["registration"]

    answer = world.confirm(email="jane@acme.example", code="BBBB-BBBB")

    assert_problem(answer, 400)
    after = world.rows()
    [changed] = after.pop("registration")
    before.pop("registration")
    assert after == before
    assert [now - then for then, now in zip(registration, changed, strict=True) if now != then] == [1]  # type: ignore[operator]
