"""What can be counted in the database for whoever watches the server: numbers only, of nobody."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from licensing.storage.ledger import IssuanceRow
from licensing.storage.licenses import LicenseRow
from licensing.storage.outbox import OutboxRow


def issuances(session: Session, first: int) -> tuple[int, dict[str, int]]:
    """How many issuances of each kind have leaves from `first` on, and the leaf after the last of them."""
    kinds = (
        select(IssuanceRow.kind, func.count(), func.max(IssuanceRow.leaf_idx))
        .where(IssuanceRow.leaf_idx >= first)
        .group_by(IssuanceRow.kind)
    )
    found = session.execute(kinds).all()
    return max((last + 1 for _, _, last in found), default=first), {kind: count for kind, count, _ in found}


def mails(session: Session) -> tuple[int, int, datetime | None]:
    """How many mails wait, how many were given up, and since when the oldest waits."""
    row = OutboxRow
    waiting, oldest = session.execute(
        select(func.count(), func.min(row.created_at)).where(row.due_at.is_not(None))
    ).one()
    given_up = select(func.count()).where(row.dead_at.is_not(None), row.recipient != "")
    return waiting, session.scalar(given_up) or 0, oldest


def licenses(session: Session, now: datetime) -> dict[str, int]:
    """How many licenses of each edition stand now."""
    row = LicenseRow
    stands = (row.revoked_at.is_(None), row.suspended_at.is_(None), (row.ends_at.is_(None)) | (row.ends_at > now))
    editions = select(row.edition, func.count()).where(*stands).group_by(row.edition)
    return dict(session.execute(editions).all())
