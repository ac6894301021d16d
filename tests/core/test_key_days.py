"""Sixty days ahead somebody is told what must be renewed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from licensing.core.key_days import key_days
from licensing.core.keys import Keyring, KeyState, build_keyring
from tests.core.factories import LICENSE_KEY, make_working

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def keyring(ends_in: timedelta, stated: timedelta = timedelta(0), state: KeyState = KeyState.ACTIVE) -> Keyring:
    iat = int((NOW - stated).timestamp())
    key = replace(make_working(LICENSE_KEY), state=state, nbf=0, sign_until=int((NOW + ends_in).timestamp()))
    return build_keyring(1, iat, (key,))


@pytest.mark.parametrize(
    ("ends_in", "days", "word"),
    [
        (timedelta(days=60), 60, None),
        (timedelta(days=60, seconds=-1), 59, "for 59 more days"),
        (timedelta(0), 0, "for 0 more days"),
        (timedelta(seconds=-1), -1, "no longer"),
    ],
)
def test_an_active_key_warns_when_less_than_sixty_days_are_left(
    ends_in: timedelta, days: int, word: str | None
) -> None:
    told = key_days(keyring(ends_in), NOW)

    assert told.left == {LICENSE_KEY.kid: days}
    assert [word in each for each in told.warnings if word is not None] == [True] * (word is not None)
    assert bool(told.warnings) == (word is not None)


def test_keys_that_do_not_sign_warn_of_nothing() -> None:
    assert key_days(keyring(timedelta(0), state=KeyState.RETIRED), NOW).warnings == ()


@pytest.mark.parametrize(("age", "warns"), [(340, False), (341, True), (400, True), (401, True)])
def test_a_statement_warns_before_clients_do(age: int, warns: bool) -> None:
    told = key_days(keyring(timedelta(days=99), timedelta(days=age)), NOW)

    assert (told.statement, bool(told.warnings)) == (400 - age, warns)


def test_no_statement_is_a_warning() -> None:
    assert key_days(None, NOW).warnings == ("There is no key statement.",)
