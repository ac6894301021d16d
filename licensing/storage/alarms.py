"""Alarms: what should never happen, kept until somebody has looked. One row a cause and subject."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.storage.database import Base, insert_into


class AlarmRow(Base):
    __tablename__ = "alarm"

    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int]


@dataclass(frozen=True, slots=True)
class Alarm:
    kind: str
    subject: str
    first_at: datetime
    last_at: datetime
    times: int


def ring(session: Session, kind: str, subject: str, now: datetime) -> None:
    """Raises the alarm, or counts it once more."""
    statement = insert_into(session, AlarmRow).values(kind=kind, subject=subject, first_at=now, last_at=now, times=1)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "subject"], set_={"last_at": now, "times": AlarmRow.times + 1}
        )
    )


def every(session: Session) -> list[Alarm]:
    """All alarms, the latest first."""
    rows = session.scalars(select(AlarmRow).order_by(AlarmRow.last_at.desc(), AlarmRow.kind, AlarmRow.subject))
    return [Alarm(row.kind, row.subject, row.first_at, row.last_at, row.times) for row in rows]
