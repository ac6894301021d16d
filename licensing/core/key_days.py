"""How long the keys in use go on, and what must be renewed soon."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from licensing.core.keys import Keyring, KeyState
from licensing.core.verdicts import STALE_SECONDS

WARN_DAYS = 60
DAY = 86_400


@dataclass(frozen=True, slots=True)
class KeyDays:
    """Whole days left, and a sentence for each thing that has less than 60 of them.

    `left` has the days each active key may still sign, by `kid`; `statement` those until clients warn that the key
    statement is old (`KEYS_STALE`), None without one. Below 0 the time is over.
    """

    left: Mapping[str, int]
    statement: int | None
    warnings: tuple[str, ...]


def key_days(keyring: Keyring | None, now: datetime) -> KeyDays:
    """What a keyring has left at `now`."""
    if keyring is None:
        return KeyDays({}, None, ("There is no key statement.",))
    seconds = int(now.timestamp())
    active = [key for key in keyring.keys if key.state is KeyState.ACTIVE]
    left = {key.kid: (key.sign_until - seconds) // DAY for key in active}
    statement = (keyring.iat + STALE_SECONDS - seconds) // DAY
    told = [
        f"The {key.purpose} key {key.kid} {_ends(left[key.kid])};"
        f" run: licensing keys new {key.purpose} && licensing keys rotate {key.purpose}"
        for key in active
        if left[key.kid] < WARN_DAYS
    ]
    if statement < WARN_DAYS:
        told.append(f"The key statement is old, and clients warn {_when(statement)}; let a root sign a new one.")
    return KeyDays(left, statement, tuple(told))


def _ends(days: int) -> str:
    return "may sign no longer" if days < 0 else f"may sign for {days} more days"


def _when(days: int) -> str:
    return "already" if days < 0 else f"in {days} days"
