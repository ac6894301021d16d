"""The weights of a lead's signals: data that people set."""

from __future__ import annotations

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.journeys import Signal
from licensing.storage.database import Base


class WeightRow(Base):
    """What a signal (core.journeys.Signal, its name in lower case) adds to a lead's score."""

    __tablename__ = "lead_weight"

    signal: Mapped[str] = mapped_column(String(40), primary_key=True)
    weight: Mapped[int]


def weights(session: Session) -> dict[Signal, int]:
    """By signal."""
    return {Signal[row.signal.upper()]: row.weight for row in session.scalars(select(WeightRow))}


def put_weight(session: Session, signal: Signal, weight: int) -> None:
    """The signal has this weight from now on."""
    session.merge(WeightRow(signal=str(signal.name).lower(), weight=weight))
