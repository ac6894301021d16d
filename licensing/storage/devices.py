"""Registrations that a DCC began on its own screen (RFC 8628). Codes are kept as hashes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.devices import Grant
from licensing.storage.database import Base


class DeviceGrantRow(Base):
    """`address` is where the DCC asked from, `registration_id` the registration that a person claimed the code with."""

    __tablename__ = "device_grant"

    device_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_code_hash: Mapped[str] = mapped_column(String(64), unique=True, index=True)
    fsid: Mapped[str] = mapped_column(String(36))
    cluster_name: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(45))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    polled_at: Mapped[datetime | None]
    interval_seconds: Mapped[int]
    registration_id: Mapped[str | None] = mapped_column(String(32))
    refused_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]


_FOUND = select(*(getattr(DeviceGrantRow, field) for field in Grant.__slots__))


def add(session: Session, grant: Grant, user_code_hash: str) -> None:
    session.add(
        DeviceGrantRow(user_code_hash=user_code_hash, **{name: getattr(grant, name) for name in Grant.__slots__})
    )


def is_free(session: Session, user_code_hash: str) -> bool:
    """Whether no other DCC shows this code."""
    return session.scalar(select(DeviceGrantRow.device_hash).where(_shown(user_code_hash))) is None


def find(session: Session, device_hash: str) -> Grant | None:
    """The grant of a DCC's secret, held until the transaction ends."""
    return _grant(session, DeviceGrantRow.device_hash == device_hash)


def with_user_code(session: Session, user_code_hash: str) -> Grant | None:
    """The grant of a code that a person typed, held likewise."""
    return _grant(session, _shown(user_code_hash))


def polled(session: Session, grant: Grant, now: datetime, interval_seconds: int) -> None:
    """The DCC has asked."""
    _change(session, grant, polled_at=now, interval_seconds=interval_seconds)


def claim(session: Session, grant: Grant, registration_id: str, expires_at: datetime) -> None:
    """A person has registered with the code."""
    _change(session, grant, registration_id=registration_id, expires_at=expires_at)


def refuse(session: Session, grant: Grant, now: datetime) -> None:
    """A person has said that the cluster is not hers."""
    _change(session, grant, refused_at=now)


def fetched(session: Session, grant: Grant, now: datetime) -> None:
    """The DCC has its license."""
    _change(session, grant, fetched_at=now)


def forget_before(session: Session, at: datetime) -> None:
    """What expired before `at` leaves the table."""
    session.execute(delete(DeviceGrantRow).where(DeviceGrantRow.expires_at < at))


def _shown(user_code_hash: str) -> ColumnElement[bool]:
    return DeviceGrantRow.user_code_hash == user_code_hash


def _change(session: Session, grant: Grant, **values: object) -> None:
    session.execute(update(DeviceGrantRow).where(DeviceGrantRow.device_hash == grant.device_hash).values(**values))


def _grant(session: Session, condition: ColumnElement[bool]) -> Grant | None:
    row = session.execute(_FOUND.where(condition).with_for_update()).first()
    return None if row is None else Grant(*row)
