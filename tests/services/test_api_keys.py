"""API keys: what is kept of one, how long it lasts, and what its bearer sees."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

import pytest

from licensing.core.callers import FOR_PERSONS_ONLY, OPERATOR, Permission
from licensing.core.errors import InvalidFields, NotFound, Refusal, SignInRequired
from licensing.services.api_keys import MAX_DAYS, NewApiKey
from licensing.storage import events
from tests.support.worlds import START, World, sell

ABSENT = "0" * 32


def make_key(
    world: World, *scopes: str, days: int = 30, organization_id: str | None = None, name: str = "billing"
) -> NewApiKey:
    """A key that reads licenses, or what the scopes say."""
    return world.house.api_keys.create(OPERATOR, name, scopes or (Permission.LICENSES_READ,), days, organization_id)


def assert_refused(world: World, refusal: type[Refusal], deed: Callable[[], object]) -> None:
    before = world.rows()

    with pytest.raises(refusal):
        deed()

    assert world.rows() == before


def last_used(world: World) -> object:
    return world.house.api_keys.list(OPERATOR)[0].last_used_at


def test_a_key_is_a_prefix_and_256_random_bits(world: World) -> None:
    first, second = make_key(world).key, make_key(world).key

    assert re.fullmatch(r"kla_[A-Za-z0-9_-]{43}", first)
    assert first != second


def test_only_its_hash_is_in_the_database(world: World) -> None:
    key = make_key(world).key

    rows = repr(world.rows())

    assert key not in rows
    assert key.removeprefix("kla_") not in rows
    assert hashlib.sha256(key.encode()).hexdigest() in rows


def test_its_bearer_is_the_key_with_its_scopes_and_no_discount(world: World) -> None:
    made = make_key(world, "licenses.read", "quotes.write")

    caller = world.house.api_keys.caller(made.key)

    assert caller.id == f"key:{made.api_key.id}"
    assert caller.permissions == {Permission.LICENSES_READ, Permission.QUOTES_WRITE}
    assert (caller.discount_limit, caller.organization_id) == (0, None)


@pytest.mark.parametrize("days", [1, MAX_DAYS])
def test_it_stands_until_the_second_before_it_expires(world: World, days: int) -> None:
    key = make_key(world, days=days).key

    world.clock.advance(days=days, seconds=-1)
    assert world.house.api_keys.caller(key)

    world.clock.advance(seconds=1)
    assert_refused(world, SignInRequired, lambda: world.house.api_keys.caller(key))


def test_a_revoked_key_is_of_no_use_at_once(world: World) -> None:
    made = make_key(world)
    world.house.api_keys.caller(made.key)

    revoked = world.house.api_keys.revoke(OPERATOR, made.api_key.id)

    assert revoked.revoked_at == START
    assert_refused(world, SignInRequired, lambda: world.house.api_keys.caller(made.key))


def test_a_key_is_revoked_once(world: World) -> None:
    id = make_key(world).api_key.id
    world.house.api_keys.revoke(OPERATOR, id)
    before = world.rows()
    world.clock.advance(days=1)

    again = world.house.api_keys.revoke(OPERATOR, id)

    assert again.revoked_at == START
    assert world.rows() == before


def test_an_absent_key_is_not_revoked(world: World) -> None:
    assert_refused(world, NotFound, lambda: world.house.api_keys.revoke(OPERATOR, ABSENT))


def test_unknown_revoked_and_expired_keys_are_refused_in_the_same_words(world: World) -> None:
    expired, revoked = make_key(world, days=1), make_key(world)
    world.house.api_keys.revoke(OPERATOR, revoked.api_key.id)
    world.clock.advance(days=1)
    words = set()

    for key in ("kla_", "kla_" + "x" * 43, "kla_ü\0", expired.key, revoked.key, expired.key + " "):
        with pytest.raises(SignInRequired) as refused:
            world.house.api_keys.caller(key)
        words.add(refused.value.detail)

    assert len(words) == 1


def test_its_use_is_written_down_once_a_minute(world: World) -> None:
    key = make_key(world).key
    assert last_used(world) is None

    world.house.api_keys.caller(key)
    assert last_used(world) == START

    world.clock.advance(seconds=59)
    world.house.api_keys.caller(key)
    assert last_used(world) == START

    world.clock.advance(seconds=1)
    world.house.api_keys.caller(key)
    assert last_used(world) == world.clock.time


@pytest.mark.parametrize(
    "scopes",
    [
        (),
        ("licenses.read", "licenses.read"),
        ("everything",),
        ("licenses.read", ""),
        *((scope,) for scope in sorted(FOR_PERSONS_ONLY)),
    ],
    ids=str,
)
def test_scopes_that_no_key_may_have_are_refused(world: World, scopes: tuple[str, ...]) -> None:
    def create() -> object:
        return world.house.api_keys.create(OPERATOR, "billing", scopes, 30, None)

    assert_refused(world, InvalidFields, create)
    with pytest.raises(InvalidFields) as refused:
        create()
    assert list(refused.value.errors) == ["scopes"]


@pytest.mark.parametrize("days", [0, -1, MAX_DAYS + 1])
def test_a_key_lasts_1_to_400_days(world: World, days: int) -> None:
    assert_refused(world, InvalidFields, lambda: make_key(world, days=days))


def test_a_key_is_not_confined_to_an_absent_organisation(world: World) -> None:
    assert_refused(world, NotFound, lambda: make_key(world, organization_id=ABSENT))


def test_a_confined_key_sees_its_own_licenses_and_no_others(world: World) -> None:
    own, foreign = sell(world), sell(world)
    key = make_key(world, organization_id=own.organization_id).key
    caller = world.house.api_keys.caller(key)

    assert world.house.licenses.show(caller, own.license_id).standing == own
    words = set()
    for license_id in (foreign.license_id, ABSENT):
        with pytest.raises(NotFound) as refused:
            world.house.licenses.show(caller, license_id)
        words.add(refused.value.detail)

    assert len(words) == 1


def test_the_trail_tells_of_keys_without_name_or_key(world: World) -> None:
    made = make_key(world, name="Jane's laptop")
    world.house.api_keys.revoke(OPERATOR, made.api_key.id)

    with world.house.database.read() as session:
        trail = events.of_subject(session, made.api_key.id)

    assert [(event.actor, event.action) for event in trail] == [
        ("operator", "api_key.created"),
        ("operator", "api_key.revoked"),
    ]
    assert "Jane" not in repr(trail)
    assert made.key not in repr(trail) + repr(made)
