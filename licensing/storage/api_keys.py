"""API keys of machines: kept as hashes, shown once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.storage.database import Base


class ApiKeyRow(Base):
    __tablename__ = "api_key"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    organization_id: Mapped[str | None] = mapped_column(ForeignKey("organization.id"))
    created_by: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class ApiKey:
    """All that may be told of a key. `organization_id` is the one customer that it sees; None sees all."""

    id: str
    name: str
    scopes: tuple[str, ...]
    organization_id: str | None
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


def add(session: Session, key: ApiKey, key_hash: str) -> None:
    session.add(
        ApiKeyRow(
            id=key.id,
            name=key.name,
            key_hash=key_hash,
            scopes=list(key.scopes),
            organization_id=key.organization_id,
            created_by=key.created_by,
            created_at=key.created_at,
            expires_at=key.expires_at,
        )
    )


def with_hash(session: Session, key_hash: str) -> ApiKey | None:
    row = session.scalar(select(ApiKeyRow).where(ApiKeyRow.key_hash == key_hash))
    return None if row is None else _key(row)


def every(session: Session) -> list[ApiKey]:
    """All keys, those that are over too, the newest first."""
    return [_key(row) for row in session.scalars(select(ApiKeyRow).order_by(ApiKeyRow.id.desc()))]


def lock(session: Session, id: str) -> ApiKey | None:
    """The key, as it is now and stays until the transaction ends."""
    row = session.get(ApiKeyRow, id, with_for_update=True, populate_existing=True)
    return None if row is None else _key(row)


def use(session: Session, id: str, now: datetime) -> None:
    """The key was used now."""
    session.execute(update(ApiKeyRow).where(ApiKeyRow.id == id).values(last_used_at=now))


def revoke(session: Session, id: str, now: datetime) -> None:
    session.execute(update(ApiKeyRow).where(ApiKeyRow.id == id).values(revoked_at=now))


def _key(row: ApiKeyRow) -> ApiKey:
    return ApiKey(
        row.id,
        row.name,
        tuple(row.scopes),
        row.organization_id,
        row.created_by,
        row.created_at,
        row.expires_at,
        row.last_used_at,
        row.revoked_at,
    )
