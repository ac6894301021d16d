"""Milestones and their targets: data that people set."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from licensing.core.milestones import Aim, Milestone
from licensing.storage.database import Base


class TargetRow(Base):
    __tablename__ = "milestone_target"

    milestone_id: Mapped[str] = mapped_column(ForeignKey("milestone.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    target: Mapped[int]


class MilestoneRow(Base):
    __tablename__ = "milestone"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    # Starts of days (UTC); both days count.
    counts_from: Mapped[datetime]
    day: Mapped[datetime] = mapped_column(index=True)
    targets: Mapped[list[TargetRow]] = relationship(order_by=TargetRow.kind.desc(), lazy="selectin")


def every(session: Session) -> list[Milestone]:
    """The earliest day first."""
    rows = session.scalars(select(MilestoneRow).order_by(MilestoneRow.day, MilestoneRow.id))
    return [_milestone(row) for row in rows]


def find(session: Session, id: str) -> Milestone | None:
    row = session.get(MilestoneRow, id)
    return None if row is None else _milestone(row)


def put(session: Session, milestone: Milestone) -> None:
    """Adds the milestone, or replaces the one of the same id."""
    remove(session, milestone.id)
    targets = [TargetRow(kind=aim, target=target) for aim, target in milestone.targets.items()]
    session.add(
        MilestoneRow(
            id=milestone.id,
            name=milestone.name,
            counts_from=milestone.counts_from,
            day=milestone.day,
            targets=targets,
        )
    )
    session.flush()


def remove(session: Session, id: str) -> None:
    """There is no such milestone any more."""
    session.execute(delete(TargetRow).where(TargetRow.milestone_id == id))
    session.execute(delete(MilestoneRow).where(MilestoneRow.id == id))
    session.expire_all()


def _milestone(row: MilestoneRow) -> Milestone:
    targets = {Aim(each.kind): each.target for each in row.targets}
    return Milestone(row.id, row.name, row.counts_from, row.day, targets)
