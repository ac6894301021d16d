"""Signing in: who is let in, who is refused in the same words, and how often it may be tried."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from licensing.core import throttle as limits
from licensing.core.callers import OPERATOR, PERMISSIONS, Role
from licensing.core.errors import Refusal, SignInIncomplete, SignInRefused, SignInRequired, TooManyTries
from licensing.core.sessions import IDLE, LIFETIME, Owed, secret_hash
from licensing.services import passwords, throttle
from licensing.services.sign_in import Opened
from licensing.storage import staff
from tests.support.staff import ADDRESS, EVE, OTHER_ADDRESS, PASSWORD, add_account, code
from tests.support.worlds import World

BOB = "bob@koor.example"


def sign_in(
    world: World, email: str = EVE, password: str = PASSWORD, code: str | None = None, address: str = ADDRESS
) -> Opened:
    return world.house.sign_in.sign_in(email, password, code, address)


def fail(world: World, times: int, email: str = EVE, address: str = ADDRESS) -> None:
    """Wrong tries, counted without the time that hashing takes."""
    with world.house.database.write() as session:
        for _ in range(times):
            throttle.count(session, limits.of_sign_in(email, address), world.clock(), failed=True)


def failures(world: World) -> int:
    return len(world.rows()["sign_in_failure"])


def is_known(world: World, secret: str) -> bool:
    try:
        world.house.sign_in.caller(secret)
    except SignInRequired:
        return False
    return True


def test_who_knows_the_password_is_let_in_with_what_her_role_may_do(world: World) -> None:
    id = add_account(world, "support")

    opened = sign_in(world, EVE.upper())

    caller = world.house.sign_in.caller(opened.secret)
    assert (caller.id, caller.permissions, caller.discount_limit) == (f"staff:{id}", PERMISSIONS[Role.SUPPORT], 0)
    assert len(caller.id) <= 40
    assert (opened.owes, opened.expires_at) == ((), world.clock() + LIFETIME)


def test_only_the_hash_of_the_secret_is_kept_and_the_secret_is_in_no_repr(world: World) -> None:
    add_account(world)

    opened = sign_in(world)

    assert secret_hash(opened.secret) in repr(world.rows()["staff_session"])
    assert opened.secret not in repr(world.rows()) + repr(opened)
    assert len(opened.secret) == 43


def test_each_sign_in_has_a_secret_of_its_own(world: World) -> None:
    add_account(world)

    assert sign_in(world).secret != sign_in(world).secret


def _unknown(world: World) -> Opened:
    return sign_in(world, BOB)


def _wrong_password(world: World) -> Opened:
    return sign_in(world, password="wrong", code=code(world))


def _wrong_code(world: World) -> Opened:
    return sign_in(world, code=code(world, 300))


def _no_code(world: World) -> Opened:
    return sign_in(world)


def _disabled(world: World) -> Opened:
    world.house.staff.disable(OPERATOR, world.house.staff.find(EVE).id)
    return sign_in(world, code=code(world))


def _no_password(world: World) -> Opened:
    world.sign_in("support", BOB)
    return sign_in(world, BOB, "")


@pytest.mark.parametrize("attempt", [_unknown, _wrong_password, _wrong_code, _no_code, _disabled, _no_password])
def test_every_refusal_has_the_same_words_and_counts(world: World, attempt: Callable[[World], Opened]) -> None:
    add_account(world, second_factor=True)

    with pytest.raises(SignInRefused, match=r"^Address, password or code is wrong\.$"):
        attempt(world)

    assert failures(world) == 4  # account and address, account, address, everybody
    assert secret_hash("") not in repr(world.rows()["staff_session"])


def test_an_account_that_does_not_exist_takes_as_long_as_one_that_does() -> None:
    known = passwords.hashed(PASSWORD)
    spent = []
    for password_hash in (known, None):
        start = time.process_time()
        assert not passwords.matches(password_hash, "wrong")
        spent.append(time.process_time() - start)

    assert spent[1] > spent[0] / 3


@pytest.mark.parametrize("kept", ["", "x", "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA", "$argon2i$"])
def test_no_password_matches_a_damaged_hash(kept: str) -> None:
    assert not passwords.matches(kept, "")


def test_a_password_is_hashed_anew_when_the_parameters_of_its_hash_are_of_yesterday(world: World) -> None:
    id = add_account(world)
    old = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash(PASSWORD)
    with world.house.database.write() as session:
        staff.set_password(session, id, old, for_one_use=False)

    sign_in(world)

    with world.house.database.read() as session:
        renewed = staff.credentials(session, id).password_hash
    assert renewed != old
    assert passwords.matches(renewed, PASSWORD)
    assert not passwords.is_outdated(renewed or "")


def test_ten_wrong_tries_are_the_most_and_the_eleventh_is_not_looked_at(world: World) -> None:
    add_account(world)
    fail(world, 9)
    assert sign_in(world).secret
    fail(world, 10)
    before = world.rows()

    with pytest.raises(TooManyTries) as refused:
        sign_in(world)

    assert refused.value.retry_after_seconds == limits.WINDOW.total_seconds()
    assert world.rows() == before


def test_the_throttle_ends_after_fifteen_minutes(world: World) -> None:
    add_account(world)
    fail(world, 10)

    world.clock.advance(minutes=14, seconds=59)
    with pytest.raises(TooManyTries) as refused:
        sign_in(world)
    assert refused.value.retry_after_seconds == 1
    world.clock.advance(seconds=1)

    assert sign_in(world).secret


def test_others_and_other_addresses_are_not_throttled(world: World) -> None:
    add_account(world)
    add_account(world, email=BOB)
    fail(world, 49)

    assert sign_in(world, BOB).secret
    assert sign_in(world, address=OTHER_ADDRESS).secret


def test_fifty_wrong_tries_from_everywhere_are_the_most_of_an_account(world: World) -> None:
    add_account(world)
    add_account(world, email=BOB)
    for number in range(50):
        fail(world, 1, address=f"198.51.100.{number}")

    with pytest.raises(TooManyTries):
        sign_in(world)

    assert sign_in(world, BOB).secret


def test_a_hundred_wrong_tries_are_the_most_of_an_address(world: World) -> None:
    add_account(world)
    for number in range(100):
        fail(world, 1, email=f"{number}@koor.example")

    with pytest.raises(TooManyTries):
        sign_in(world)

    assert sign_in(world, address=OTHER_ADDRESS).secret


def test_success_lifts_the_limit_of_account_and_address_alone(world: World) -> None:
    add_account(world)
    fail(world, 9)

    sign_in(world)

    assert failures(world) == 18
    fail(world, 9)
    assert sign_in(world).secret


def test_failures_older_than_a_day_leave_the_table(world: World) -> None:
    fail(world, 2)
    world.clock.advance(days=1)
    fail(world, 1)
    assert failures(world) == 9
    world.clock.advance(seconds=1)

    fail(world, 1)

    assert failures(world) == 6


def test_many_at_once_get_no_more_tries(world: World) -> None:
    add_account(world)
    fail(world, 8)

    def attempt(_: int) -> type[Refusal]:
        try:
            sign_in(world, password="wrong")
        except Refusal as refusal:
            return type(refusal)
        raise AssertionError("let in")

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(attempt, range(4)))

    assert sorted(each.__name__ for each in told) == ["SignInRefused"] * 2 + ["TooManyTries"] * 2


def test_a_code_is_taken_once(world: World) -> None:
    add_account(world, second_factor=True)
    shown = code(world)
    assert sign_in(world, code=shown).owes == ()

    with pytest.raises(SignInRefused):
        sign_in(world, code=shown)

    assert sign_in(world, code=code(world, 30)).owes == ()
    with pytest.raises(SignInRefused):
        sign_in(world, code=shown)


def test_a_code_that_two_send_at_once_lets_one_in(world: World) -> None:
    add_account(world, second_factor=True)
    shown = code(world)

    def attempt(_: int) -> bool:
        try:
            return bool(sign_in(world, code=shown).secret)
        except SignInRefused:
            return False

    with ThreadPoolExecutor(2) as pool:
        let_in = list(pool.map(attempt, range(2)))

    assert sorted(let_in) == [False, True]


@pytest.mark.parametrize("role", Role)
def test_a_confirmed_second_factor_is_asked_of_every_role(world: World, role: Role) -> None:
    add_account(world, role, second_factor=True)

    with pytest.raises(SignInRefused):
        sign_in(world)

    assert sign_in(world, code=code(world)).owes == ()


def test_a_session_that_owes_something_may_do_nothing_else(world: World) -> None:
    id = world.house.staff.add(OPERATOR, EVE, "Eve", Role.SALES, 0).member.id
    with world.house.database.write() as session:
        secret = world.house.sign_in.open(session, id, False, world.clock())

    with pytest.raises(SignInIncomplete, match="password"):
        world.house.sign_in.caller(secret)

    assert world.house.sign_in.who(secret).owes == (Owed.PASSWORD,)


def test_no_session_is_opened_for_a_disabled_account(world: World) -> None:
    id = add_account(world)
    world.house.staff.disable(OPERATOR, id)

    with world.house.database.write() as session, pytest.raises(SignInRefused):
        world.house.sign_in.open(session, id, True, world.clock())


def test_a_session_that_is_not_used_for_an_hour_has_ended(world: World) -> None:
    add_account(world)
    secret = sign_in(world).secret

    world.clock.advance(seconds=IDLE.total_seconds() - 1)
    assert is_known(world, secret)
    world.clock.advance(seconds=IDLE.total_seconds())

    assert not is_known(world, secret)


def test_a_session_that_is_used_ends_after_twelve_hours(world: World) -> None:
    add_account(world)
    secret, end = sign_in(world).secret, world.clock() + LIFETIME
    while world.clock() + timedelta(minutes=59) < end:
        world.clock.advance(minutes=59)
        assert is_known(world, secret)
    world.clock.time = end - timedelta(seconds=1)
    assert is_known(world, secret)

    world.clock.advance(seconds=1)

    assert not is_known(world, secret)


def test_use_is_written_down_once_a_minute(world: World) -> None:
    add_account(world)
    secret = sign_in(world).secret
    before = world.rows()
    world.clock.advance(seconds=59)
    world.house.sign_in.caller(secret)
    assert world.rows() == before
    world.clock.advance(seconds=1)

    world.house.sign_in.caller(secret)

    assert world.rows() != before


def test_sessions_that_are_over_leave_the_table(world: World) -> None:
    add_account(world)
    sign_in(world)
    world.clock.advance(seconds=LIFETIME.total_seconds())

    sign_in(world)

    assert len(world.rows()["staff_session"]) == 1


def test_nobody_is_known_by_what_is_no_secret(world: World) -> None:
    add_account(world)
    hashed = secret_hash(sign_in(world).secret)

    assert not any(is_known(world, secret) for secret in ("", "x" * 43, hashed, "\ud800", "%"))


def test_a_session_is_of_no_use_after_its_end(world: World) -> None:
    add_account(world)
    mine, other = sign_in(world).secret, sign_in(world).secret

    world.house.sign_in.sign_out(mine)
    world.house.sign_in.sign_out(mine)

    assert (is_known(world, mine), is_known(world, other)) == (False, True)


def test_a_failure_is_kept_although_the_sign_in_is_refused(world: World) -> None:
    with pytest.raises(SignInRefused):
        sign_in(world, BOB, "wrong")

    with world.house.database.read() as session:
        assert session.scalar(text("SELECT count(*) FROM sign_in_failure")) == 4
