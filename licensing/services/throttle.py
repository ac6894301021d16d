"""The throttle before passwords and codes: asked before anything is hashed, and again before anything is opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.errors import TooManyTries
from licensing.core.throttle import KEPT, WINDOW, Limit, seconds_left
from licensing.storage import sessions
from licensing.storage.database import take_turns


def require_few(session: Session, limits: Sequence[Limit], now: datetime) -> None:
    """Raises TooManyTries with the seconds until all limits have room again."""
    failures = [sessions.newest_failure(session, each.subject, each.failures, now - WINDOW) for each in limits]
    left = max((seconds_left(at, now) for at in failures if at is not None), default=0)
    if left > 0:
        raise TooManyTries(f"Too many wrong tries; try again in {left} seconds.", left)


def require_few_in_turn(session: Session, limits: Sequence[Limit], now: datetime) -> None:
    """The same, and nobody else counts before this transaction ends: a hundred tries at once are not a hundred."""
    take_turns(session, "sign_in_failure")
    require_few(session, limits, now)


def require_room(session: Session, limit: Limit, now: datetime) -> None:
    """The same for one subject: who is counted for another one need not wait."""
    take_turns(session, limit.subject)
    require_few(session, (limit,), now)


def spend(session: Session, limit: Limit, now: datetime) -> None:
    """Counts once more against the limit; raises TooManyTries where it is reached."""
    require_room(session, limit, now)
    count(session, (limit,), now, failed=True)


def count(session: Session, limits: Sequence[Limit], now: datetime, *, failed: bool) -> None:
    """A failure counts against every limit; a success lifts the first."""
    if not failed:
        sessions.drop_failures(session, limits[0].subject)
        return
    sessions.drop_failures_before(session, now - KEPT)
    sessions.add_failures(session, (limit.subject for limit in limits), now)
