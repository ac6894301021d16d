"""How long sessions live, and what is owed in one first."""

from __future__ import annotations

from datetime import timedelta

import pytest

from licensing.core.callers import NEEDS_SECOND_FACTOR, Role
from licensing.core.sessions import IDLE, LIFETIME, SEEN_EVERY, Owed, StaffSession, owed, secret_hash
from tests.support.worlds import START

SECOND = timedelta(seconds=1)


def session(seen: timedelta = timedelta()) -> StaffSession:
    return StaffSession("a" * 32, START + seen, START + LIFETIME, second_factor=False)


def test_an_unused_session_ends_after_an_hour() -> None:
    assert session().is_live(START + IDLE - SECOND)
    assert not session().is_live(START + IDLE)


def test_a_used_session_ends_twelve_hours_after_it_began() -> None:
    used = session(seen=LIFETIME - SECOND)

    assert used.is_live(START + LIFETIME - SECOND)
    assert not used.is_live(START + LIFETIME)


def test_its_use_is_written_down_once_a_minute() -> None:
    assert not session().is_due(START + SEEN_EVERY - SECOND)
    assert session().is_due(START + SEEN_EVERY)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("has_second_factor", [False, True])
@pytest.mark.parametrize("shown", [False, True])
def test_the_one_time_password_is_owed_before_anything_else(role: Role, has_second_factor: bool, shown: bool) -> None:
    assert owed(role, must_change_password=True, has_second_factor=has_second_factor, shown=shown) == (Owed.PASSWORD,)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize(("has_second_factor", "expected"), [(False, Owed.ENROLMENT), (True, Owed.SECOND_FACTOR)])
def test_a_second_factor_is_owed_where_the_role_needs_it(role: Role, has_second_factor: bool, expected: Owed) -> None:
    owes = owed(role, must_change_password=False, has_second_factor=has_second_factor, shown=False)

    assert owes == ((expected,) if role in NEEDS_SECOND_FACTOR else ())


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("has_second_factor", [False, True])
def test_nothing_is_owed_once_it_was_shown(role: Role, has_second_factor: bool) -> None:
    assert owed(role, must_change_password=False, has_second_factor=has_second_factor, shown=True) == ()


def test_what_is_kept_is_the_sha256_of_the_secret() -> None:
    assert secret_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert len(secret_hash("\ud800")) == 64
