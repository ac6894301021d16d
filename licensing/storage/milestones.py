"""Milestones and their targets: data that people set."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from licensing.storage.database import Base


class MilestoneRow(Base):
    __tablename__ = "milestone"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    # Starts of days (UTC); both days count.
    counts_from: Mapped[datetime]
    day: Mapped[datetime] = mapped_column(index=True)


class TargetRow(Base):
    __tablename__ = "milestone_target"

    milestone_id: Mapped[str] = mapped_column(ForeignKey("milestone.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    target: Mapped[int]
