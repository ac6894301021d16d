"""What staff should see first on a day: a few numbers, and the first rows behind each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from licensing.core.journeys import Signal
from licensing.core.quotes import State
from licensing.storage.journeys import JourneyRow
from licensing.storage.ledger import IssuanceRow
from licensing.storage.organizations import OrganizationRow
from licensing.storage.outbox import OutboxRow
from licensing.storage.quote_requests import QuoteRequestRow
from licensing.storage.quotes import QuoteRow


@dataclass(frozen=True, slots=True)
class WaitingQuote:
    """A quote whose discount waits for approval."""

    id: str
    number: str
    organization: str
    discount_percent: int
    total_minor: int
    currency: str
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FullTrial:
    """A trial that is not bought yet and whose clusters had all of its nodes since `full_at`."""

    organization: str
    license_id: str | None
    full_at: datetime | None


@dataclass(frozen=True, slots=True)
class DeadMail:
    """A mail that was given up."""

    id: str
    subject: str
    dead_at: datetime
    last_error: str | None


_IS_FULL = (JourneyRow.is_open, JourneyRow.full_at.is_not(None))
_GIVEN_UP = (OutboxRow.dead_at.is_not(None), OutboxRow.recipient != "")
"""Without those that were blanked because somebody was erased."""


def open_by_signals(session: Session) -> dict[Signal, int]:
    """How many open trials show exactly these signals."""
    counts = select(JourneyRow.signals, func.count()).where(JourneyRow.is_open).group_by(JourneyRow.signals)
    return {Signal(signals): count for signals, count in session.execute(counts)}


def waiting_quotes(session: Session, limit: int, now: datetime) -> tuple[int, list[WaitingQuote]]:
    """How many quotes wait for approval, and those that have waited longest."""
    row = QuoteRow
    waits = (row.state == State.PENDING, row.valid_until > now)
    names = [getattr(row, name) for name in WaitingQuote.__slots__[3:]]
    query = (
        select(row.id, row.number, OrganizationRow.name, *names)
        .join(OrganizationRow, OrganizationRow.id == row.organization_id)
        .where(*waits)
        .order_by(row.created_at, row.id)
        .limit(limit)
    )
    found = [WaitingQuote(*each) for each in session.execute(query)]
    if len(found) < limit:
        return len(found), found
    return session.scalar(select(func.count()).select_from(row).where(*waits)) or 0, found


def waiting_requests(session: Session) -> int:
    """How many requests for a quote wait for an answer."""
    waits = QuoteRequestRow.done_at.is_(None)
    return session.scalar(select(func.count()).select_from(QuoteRequestRow).where(waits)) or 0


def full_trials(session: Session, limit: int) -> tuple[int, list[FullTrial]]:
    """How many trials are full, and those that have been so for the shortest time."""
    query = (
        select(OrganizationRow.name, IssuanceRow.license_id, JourneyRow.full_at)
        .outerjoin(OrganizationRow, OrganizationRow.id == JourneyRow.organization_id)
        .outerjoin(IssuanceRow, IssuanceRow.serial == JourneyRow.trial)
        .where(*_IS_FULL)
        .order_by(JourneyRow.full_at.desc(), JourneyRow.subject)
        .limit(limit)
    )
    found = [FullTrial(name or "", license_id, at) for name, license_id, at in session.execute(query)]
    if len(found) < limit:
        return len(found), found
    return session.scalar(select(func.count()).select_from(JourneyRow).where(*_IS_FULL)) or 0, found


def dead_mails(session: Session, limit: int) -> tuple[int, list[DeadMail]]:
    """How many mails were given up, and the latest of them."""
    columns = [getattr(OutboxRow, name) for name in DeadMail.__slots__]
    query = select(*columns).where(*_GIVEN_UP).order_by(OutboxRow.dead_at.desc(), OutboxRow.id).limit(limit)
    found = [DeadMail(*each) for each in session.execute(query)]
    if len(found) < limit:
        return len(found), found
    return session.scalar(select(func.count()).select_from(OutboxRow).where(*_GIVEN_UP)) or 0, found
