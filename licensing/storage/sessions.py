"""Sessions of staff, and failed sign-ins. Secrets are kept as hashes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.sessions import StaffSession
from licensing.storage.database import Base


class SessionRow(Base):
    __tablename__ = "staff_session"

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[str] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    second_factor: Mapped[bool]


class FailureRow(Base):
    """One wrong try; `subject` is the hash of what is throttled."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index("ix_sign_in_failure_subject_at", "subject", "at"),)

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


def add(session: Session, secret_hash: str, staff_id: str, second_factor: bool, now: datetime, ends: datetime) -> None:
    """Opens a session; those whose time is over leave the table."""
    session.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
    session.add(
        SessionRow(
            secret_hash=secret_hash,
            staff_id=staff_id,
            created_at=now,
            last_seen_at=now,
            expires_at=ends,
            second_factor=second_factor,
        )
    )


def find(session: Session, secret_hash: str) -> StaffSession | None:
    row = session.get(SessionRow, secret_hash, populate_existing=True)
    return None if row is None else StaffSession(row.staff_id, row.last_seen_at, row.expires_at, row.second_factor)


def see(session: Session, secret_hash: str, now: datetime) -> None:
    """The session was used now."""
    session.execute(update(SessionRow).where(SessionRow.secret_hash == secret_hash).values(last_seen_at=now))


def end(session: Session, secret_hash: str) -> None:
    session.execute(delete(SessionRow).where(SessionRow.secret_hash == secret_hash))


def end_all(session: Session, staff_id: str) -> None:
    """The person is signed out everywhere."""
    session.execute(delete(SessionRow).where(SessionRow.staff_id == staff_id))


def add_failures(session: Session, subjects: Iterable[str], now: datetime) -> None:
    session.add_all(FailureRow(subject=subject, at=now) for subject in subjects)


def newest_failure(session: Session, subject: str, number: int, since: datetime) -> datetime | None:
    """When the `number`th newest failure after `since` was; None when there were fewer."""
    statement = select(FailureRow.at).where(FailureRow.subject == subject, FailureRow.at > since)
    return session.scalar(statement.order_by(FailureRow.at.desc()).offset(number - 1).limit(1))


def drop_failures(session: Session, subject: str) -> None:
    session.execute(delete(FailureRow).where(FailureRow.subject == subject))


def drop_failures_before(session: Session, at: datetime) -> None:
    session.execute(delete(FailureRow).where(FailureRow.at < at))
