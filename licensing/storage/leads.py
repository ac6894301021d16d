"""The weights of a lead's signals: data that people set."""

from __future__ import annotations

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from licensing.storage.database import Base


class WeightRow(Base):
    """What a signal (core.journeys.Signal, its name in lower case) adds to a lead's score."""

    __tablename__ = "lead_weight"

    signal: Mapped[str] = mapped_column(String(40), primary_key=True)
    weight: Mapped[int]
