"""The people who run this server."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.storage.database import Base


class StaffRow(Base):
    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    # Argon2id; a one-time password must be changed at the first sign-in.
    password_hash: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool]
    created_at: Mapped[datetime]


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(StaffRow)) or 0


def add(session: Session, id: str, email: str, role: str, password_hash: str, now: datetime) -> None:
    """Adds a person whose password is for one use."""
    session.add(
        StaffRow(id=id, email=email, role=role, password_hash=password_hash, must_change_password=True, created_at=now)
    )


def password_hash(session: Session, email: str) -> str | None:
    return session.scalar(select(StaffRow.password_hash).where(StaffRow.email == email))
