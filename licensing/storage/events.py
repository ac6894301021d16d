"""The trail of what people did that is no issuance: customers merged, accounts made, keys handed out, prices set.

Details name accounts and objects by id, never persons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, BigInteger, Integer, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.storage.database import Base


class EventRow(Base):
    __tablename__ = "event"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(80), index=True)
    details: Mapped[dict[str, object]] = mapped_column(JSON)


@dataclass(frozen=True, slots=True)
class Event:
    """`actor` did `action` to `subject` (an id)."""

    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, object]


def add(
    session: Session, actor: str, action: str, subject: str, now: datetime, details: Mapping[str, object] | None = None
) -> None:
    """Adds a line to the trail, in the transaction of what it tells of."""
    session.add(EventRow(at=now, actor=actor, action=action, subject=subject, details=dict(details or {})))


def of_subject(session: Session, subject: str) -> list[Event]:
    """What was done to `subject`, first come first."""
    rows = session.scalars(select(EventRow).where(EventRow.subject == subject).order_by(EventRow.id))
    return [Event(row.at, row.actor, row.action, row.subject, row.details) for row in rows]
