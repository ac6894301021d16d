"""The people who run this server."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String, false, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.storage.database import Base


class StaffRow(Base):
    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    # Argon2id; null for who signs in through the identity provider alone.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    must_change_password: Mapped[bool]
    created_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(200), server_default="")
    # Percent that she may take off the list price alone.
    discount_limit: Mapped[int] = mapped_column(server_default="0")
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_confirmed: Mapped[bool] = mapped_column(server_default=false())
    # The last time step whose code was used: none is taken twice.
    totp_last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    oidc_subject: Mapped[str | None] = mapped_column(String(300), unique=True)
    disabled_at: Mapped[datetime | None]


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(StaffRow)) or 0


def add(session: Session, id: str, email: str, role: str, password_hash: str, now: datetime) -> None:
    """Adds a person whose password is for one use."""
    session.add(
        StaffRow(
            id=id,
            email=email,
            role=role,
            password_hash=password_hash,
            must_change_password=True,
            created_at=now,
            name="",
            discount_limit=0,
            totp_confirmed=False,
            totp_last_step=0,
        )
    )


def password_hash(session: Session, email: str) -> str | None:
    return session.scalar(select(StaffRow.password_hash).where(StaffRow.email == email))
