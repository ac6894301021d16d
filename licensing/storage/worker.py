"""The worker's sign of life: whoever works for this database says so every minute."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.storage.database import Base, insert_into

ONE = 1


class WorkerRow(Base):
    __tablename__ = "worker"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    beat_at: Mapped[datetime]


def beat(session: Session, now: datetime) -> None:
    """A worker has done a round now."""
    statement = insert_into(session, WorkerRow).values(id=ONE, beat_at=now)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"beat_at": now}))


def last_beat(session: Session) -> datetime | None:
    """When a worker last finished a round; None when none ever did."""
    row = session.get(WorkerRow, ONE)
    return None if row is None else row.beat_at
