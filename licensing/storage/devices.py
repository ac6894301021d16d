"""Registrations that a DCC began on its own screen (RFC 8628). Codes are kept as hashes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

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
