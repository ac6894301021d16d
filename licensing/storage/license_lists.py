"""Licenses as people look through them: the newest first, or those that end or ended, by their end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from licensing.core.explanations import Cursor
from licensing.core.licenses import Edition
from licensing.core.portal import State
from licensing.core.standings import Standing
from licensing.storage.licenses import FOUND, LicenseRow, standing_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which licenses; None for any. `days` is how soon they end, or with State.ENDED how long ago they ended."""

    edition: Edition | None = None
    state: State | None = None
    tier: str | None = None
    days: int | None = None

    @property
    def is_by_end(self) -> bool:
        """Whether they stand in the order of their ends: who ends first is first."""
        return self.days is not None


def page(session: Session, wanted: Wanted, after: Cursor | None, limit: int, now: datetime) -> list[Standing]:
    """The next `limit` of the licenses wanted, after the one at `after`."""
    query = FOUND.where(*_conditions(wanted, now)).limit(limit)
    query = _by_end(query, after) if wanted.is_by_end else _newest(query, after)
    return [standing_of(row) for row in session.execute(query)]


def count(session: Session, wanted: Wanted, now: datetime) -> int:
    """How many there are."""
    return session.scalar(select(func.count()).select_from(LicenseRow).where(*_conditions(wanted, now))) or 0


def cursor_of(standing: Standing) -> Cursor:
    """Where a page goes on after the license."""
    return Cursor(standing.ends_at or standing.created_at, standing.license_id)


def _newest(query: Select[Any], after: Cursor | None) -> Select[Any]:
    # Ids are made in the order of time.
    query = query.order_by(LicenseRow.id.desc())
    return query if after is None else query.where(LicenseRow.id < after.key)


def _by_end(query: Select[Any], after: Cursor | None) -> Select[Any]:
    row = LicenseRow
    query = query.order_by(row.ends_at, row.id)
    if after is None:
        return query
    # The first condition is where an index goes on.
    beyond = or_(row.ends_at > after.at, and_(row.ends_at == after.at, row.id > after.key))
    return query.where(row.ends_at >= after.at, beyond)


def _conditions(wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
    conditions = _standing_as(wanted.state, now)
    if wanted.edition is not None:
        conditions.append(LicenseRow.edition == wanted.edition)
    if wanted.tier is not None:
        conditions.append(LicenseRow.tier == wanted.tier)
    if wanted.days is not None:
        conditions += _ending(timedelta(days=wanted.days), now, is_past=wanted.state is State.ENDED)
    return conditions


def _ending(within: timedelta, now: datetime, *, is_past: bool) -> list[ColumnElement[bool]]:
    first, last = (now - within, now) if is_past else (now, now + within)
    return [LicenseRow.ends_at > first, LicenseRow.ends_at <= last]


def _standing_as(state: State | None, now: datetime) -> list[ColumnElement[bool]]:
    """The same as core.portal.state_of."""
    row = LicenseRow
    if state is None:
        return []
    if state is State.REVOKED:
        return [row.revoked_at.is_not(None)]
    if state is State.SUSPENDED:
        return [row.revoked_at.is_(None), row.suspended_at.is_not(None)]
    stands = [row.revoked_at.is_(None), row.suspended_at.is_(None)]
    if state is State.ENDED:
        return [*stands, row.ends_at <= now]
    goes_on = or_(row.ends_at.is_(None), row.ends_at > now)
    started = row.starts_at > now if state is State.STARTS_LATER else row.starts_at <= now
    return [*stands, goes_on, started]
