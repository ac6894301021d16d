"""The throttle before passwords and codes: asked before anything is hashed, and again before anything is opened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.alarms import AlarmKind
from licensing.core.errors import TooManyTries
from licensing.core.throttle import KEPT, WINDOW, Limit, seconds_left
from licensing.storage import alarms, sessions
from licensing.storage.database import take_turns


def require_few(session: Session, limits: Sequence[Limit], now: datetime) -> None:
    """Raises TooManyTries with the seconds until all limits have room again."""
    failures = [
        (sessions.newest_failure(session, each.subject, each.failures, now - each.window), each.window)
        for each in limits
    ]
    left = max((seconds_left(at, now, window) for at, window in failures if at is not None), default=0)
    if left > 0:
        raise TooManyTries(f"Too many tries; try again in {left} seconds.", left)


def require_few_in_turn(session: Session, limits: Sequence[Limit], now: datetime) -> None:
    """The same, and nobody else counts before this transaction ends: a hundred tries at once are not a hundred."""
    take_turns(session, "sign_in_failure")
    require_few(session, limits, now)


def require_room(session: Session, limit: Limit, now: datetime) -> None:
    """The same for one subject: who is counted for another one need not wait."""
    take_turns(session, limit.subject)
    require_few(session, (limit,), now)


def spend(session: Session, limit: Limit, now: datetime, *more: Limit) -> None:
    """Counts once more against the limits; raises TooManyTries where one is reached.

    All who spend several name the subjects in the same order: who waits for a turn holds none that is waited for.
    """
    for each in (limit, *more):
        require_room(session, each, now)
    count(session, (limit, *more), now, failed=True)


def watch(session: Session, watched: Sequence[Limit], now: datetime) -> None:
    """Counts a failed sign-in of everybody (the last of `watched`), and rings where there were many.

    The alarm names what is counted by its hash, as the table of failures does.
    """
    sessions.add_failures(session, [watched[-1].subject], now)
    for each in watched:
        if sessions.newest_failure(session, each.subject, each.failures, now - WINDOW) is not None:
            alarms.ring(session, AlarmKind.MANY_FAILED_LOGINS, each.subject, now)


def count(session: Session, limits: Sequence[Limit], now: datetime, *, failed: bool) -> None:
    """A failure counts against every limit; a success lifts the first."""
    if not failed:
        sessions.drop_failures(session, limits[0].subject)
        return
    sessions.drop_failures_before(session, now - KEPT)
    sessions.add_failures(session, (limit.subject for limit in limits), now)
