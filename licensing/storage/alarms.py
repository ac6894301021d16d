"""Alarms: what should never happen, kept until somebody has looked. One row a cause and subject."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, case, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.alarms import QUIET, AlarmKind
from licensing.storage.database import Base, insert_into


class AlarmRow(Base):
    __tablename__ = "alarm"

    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    times: Mapped[int]
    # When the admins' mail was written; who has looked at it, and when.
    told_at: Mapped[datetime | None]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str | None] = mapped_column(String(40))


@dataclass(frozen=True, slots=True)
class Alarm:
    """`seen_by` (an account) has looked at it at `seen_at`; None while it is open."""

    kind: str
    subject: str
    first_at: datetime
    last_at: datetime
    times: int
    seen_at: datetime | None = None
    seen_by: str | None = None


_OPEN = AlarmRow.seen_at.is_(None)


def ring(session: Session, kind: AlarmKind, subject: str, now: datetime) -> None:
    """Raises the alarm, or counts it once more. One that was looked at is open again if it was quiet meanwhile."""
    statement = insert_into(session, AlarmRow).values(kind=kind, subject=subject, first_at=now, last_at=now, times=1)
    again = AlarmRow.last_at <= now - QUIET
    reopened = {
        name: case((again & AlarmRow.seen_at.is_not(None), None), else_=getattr(AlarmRow, name))
        for name in ("told_at", "seen_at", "seen_by")
    }
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["kind", "subject"], set_={"last_at": now, "times": AlarmRow.times + 1, **reopened}
        )
    )


def every(session: Session, limit: int) -> list[Alarm]:
    """Those that nobody has looked at first, then the latest."""
    row = AlarmRow
    order = (row.seen_at.is_not(None), row.last_at.desc(), row.kind, row.subject)
    return list(map(_alarm, session.scalars(select(row).order_by(*order).limit(limit))))


def open_ones(session: Session, limit: int) -> tuple[int, list[Alarm]]:
    """How many nobody has looked at, and the latest of them."""
    row = AlarmRow
    latest = select(row).where(_OPEN).order_by(row.last_at.desc(), row.kind, row.subject).limit(limit)
    found = list(map(_alarm, session.scalars(latest)))
    return (len(found) if len(found) < limit else sum(counts(session).values())), found


def counts(session: Session) -> dict[str, int]:
    """How many of each kind nobody has looked at."""
    kinds = select(AlarmRow.kind, func.count()).where(_OPEN).group_by(AlarmRow.kind)
    return dict(session.execute(kinds).all())


def tell(session: Session, now: datetime) -> list[Alarm]:
    """Open alarms that no mail has told of; they count as told now."""
    telling = update(AlarmRow).where(_OPEN, AlarmRow.told_at.is_(None)).values(told_at=now).returning(AlarmRow)
    told = map(_alarm, session.scalars(telling).all())
    return sorted(told, key=lambda alarm: (alarm.kind, alarm.subject))


def look_at(session: Session, kind: str, subject: str, actor: str, now: datetime) -> bool:
    """The account `actor` has looked at the alarm; whether there was an open one."""
    which = (AlarmRow.kind == kind, AlarmRow.subject == subject, _OPEN)
    seen = update(AlarmRow).where(*which).values(seen_at=now, seen_by=actor).returning(AlarmRow.kind)
    return session.execute(seen).first() is not None


def _alarm(row: AlarmRow) -> Alarm:
    return Alarm(row.kind, row.subject, row.first_at, row.last_at, row.times, row.seen_at, row.seen_by)
