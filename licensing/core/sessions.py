"""Sessions of staff: how long they live, and what must be done first in one.

The secret is 256 random bits, so its plain SHA-256 is enough to keep: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from licensing.core.callers import NEEDS_SECOND_FACTOR, Role

LIFETIME = timedelta(hours=12)
IDLE = timedelta(hours=1)
SEEN_EVERY = timedelta(minutes=1)
"""How often it is written down that a session was used."""


class Owed(StrEnum):
    """What a session must do before anything else."""

    PASSWORD = "password"  # noqa: S105 - a one-time password must be changed; this is no password
    ENROLMENT = "second_factor_enrolment"
    SECOND_FACTOR = "second_factor"


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A person who signed in. `second_factor` is whether she showed one in this session."""

    staff_id: str
    last_seen_at: datetime
    expires_at: datetime
    second_factor: bool

    def is_live(self, now: datetime) -> bool:
        """Whether it may be used at `now`: the last second of each term is the one before its end."""
        return now < self.expires_at and now - self.last_seen_at < IDLE

    def is_due(self, now: datetime) -> bool:
        """Whether this use is to be written down."""
        return now - self.last_seen_at >= SEEN_EVERY


def owed(role: Role, *, must_change_password: bool, has_second_factor: bool, shown: bool) -> tuple[Owed, ...]:
    """The next thing owed, or nothing: first the one-time password, then a second factor that the role needs."""
    if must_change_password:
        return (Owed.PASSWORD,)
    if shown or role not in NEEDS_SECOND_FACTOR:
        return ()
    return (Owed.SECOND_FACTOR,) if has_second_factor else (Owed.ENROLMENT,)


def secret_hash(secret: str) -> str:
    """What is kept of a session's secret, in hex."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
