"""Requests for a quote that customers made in the portal, until somebody has dealt with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.storage.database import Base
from licensing.storage.organizations import ContactRow, OrganizationRow


class QuoteRequestRow(Base):
    """`done_at` is null while nobody has answered."""

    __tablename__ = "quote_request"
    __table_args__ = (Index("ix_quote_request_done_at", "done_at", "created_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    license_id: Mapped[str] = mapped_column(ForeignKey("license.id"), index=True)
    contact_id: Mapped[str] = mapped_column(String(32), index=True)
    seats: Mapped[int]
    note: Mapped[str] = mapped_column(String(500))
    created_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """What a customer asked for: a price of `seats` seats for a license."""

    id: str
    organization_id: str
    license_id: str
    contact_id: str
    seats: int
    note: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A request that waits, with the names that people need; both of the contact are empty once she was erased."""

    request: QuoteRequest
    organization: str
    contact_name: str
    contact_email: str


_FOUND = tuple(getattr(QuoteRequestRow, field) for field in QuoteRequest.__slots__)


def add(session: Session, request: QuoteRequest) -> None:
    session.add(QuoteRequestRow(**{field: getattr(request, field) for field in QuoteRequest.__slots__}, done_at=None))


def open_of_license(session: Session, license_id: str) -> QuoteRequest | None:
    """The license's request that waits for an answer."""
    waits = (QuoteRequestRow.license_id == license_id, QuoteRequestRow.done_at.is_(None))
    row = session.execute(select(*_FOUND).where(*waits)).first()
    return None if row is None else QuoteRequest(*row)


def open_requests(session: Session, limit: int) -> list[OpenRequest]:
    """The `limit` requests that have waited longest."""
    query = (
        select(*_FOUND, OrganizationRow.name, ContactRow.name, ContactRow.email)
        .join(OrganizationRow, OrganizationRow.id == QuoteRequestRow.organization_id)
        .outerjoin(ContactRow, ContactRow.id == QuoteRequestRow.contact_id)
        .where(QuoteRequestRow.done_at.is_(None))
        .order_by(QuoteRequestRow.created_at, QuoteRequestRow.id)
        .limit(limit)
    )
    return [
        OpenRequest(QuoteRequest(*found), organization, name or "", email or "")
        for *found, organization, name, email in session.execute(query)
    ]


def settle(session: Session, id: str, now: datetime) -> QuoteRequest | None:
    """The request, answered now; None when no such request waits."""
    waits = (QuoteRequestRow.id == id, QuoteRequestRow.done_at.is_(None))
    row = session.execute(update(QuoteRequestRow).where(*waits).values(done_at=now).returning(*_FOUND)).first()
    return None if row is None else QuoteRequest(*row)


def erase_notes(session: Session, contact_id: str) -> None:
    """Blanks what the person wrote; that somebody asked for so many seats stays."""
    session.execute(update(QuoteRequestRow).where(QuoteRequestRow.contact_id == contact_id).values(note=""))
