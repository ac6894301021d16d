"""Times to hold our clock against."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from licensing.storage.ledger import IssuanceRow


def of_database(session: Session) -> datetime:
    """What the database's machine takes for now."""
    is_postgres = session.get_bind().dialect.name == "postgresql"
    asked = "SELECT extract(epoch FROM clock_timestamp())" if is_postgres else "SELECT strftime('%s', 'now')"
    return datetime.fromtimestamp(int(session.scalar(text(asked)) or 0), UTC)


def of_ledger(session: Session) -> datetime | None:
    """When the newest deed was recorded; None where there is none."""
    newest = select(func.max(IssuanceRow.leaf_idx)).scalar_subquery()
    return session.scalar(select(IssuanceRow.recorded_at).where(IssuanceRow.leaf_idx == newest))
