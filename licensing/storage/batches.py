"""How far a batch file has been issued, by the hash of its bytes: what makes a killed batch go on where it stood."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from licensing.storage.database import Base


class BatchRow(Base):
    __tablename__ = "batch"

    file_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    rows_done: Mapped[int]
    rows_total: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
