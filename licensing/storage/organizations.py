"""Organisations and the people we write to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.addresses import Address
from licensing.storage.database import Base, insert_into


class OrganizationRow(Base):
    __tablename__ = "organization"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2))
    # What may have one trial (core.addresses.trial_key); null for organisations that sales created.
    trial_key: Mapped[str | None] = mapped_column(String(320), unique=True)
    created_at: Mapped[datetime]


class ContactRow(Base):
    __tablename__ = "contact"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    email: Mapped[str] = mapped_column(String(320))
    folded_email: Mapped[str] = mapped_column(String(320), index=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Organization:
    id: str
    name: str
    country: str


@dataclass(frozen=True, slots=True)
class Contact:
    organization_id: str
    email: str
    folded_email: str
    name: str


def claim_trial(session: Session, id: str, trial_key: str, name: str, country: str, now: datetime) -> bool:
    """Whether the organisation was created now: False when `trial_key` belongs to one already.

    Two that claim at once are decided by the unique key: the second waits for the first, then is told.
    """
    statement = insert_into(session, OrganizationRow).values(
        id=id, name=name, country=country, trial_key=trial_key, created_at=now
    )
    created = session.execute(
        statement.on_conflict_do_nothing(index_elements=["trial_key"]).returning(OrganizationRow.id)
    )
    return created.first() is not None


def add(session: Session, id: str, name: str, country: str, now: datetime) -> None:
    """Creates an organisation without a trial."""
    session.add(OrganizationRow(id=id, name=name, country=country, trial_key=None, created_at=now))
    session.flush()  # contacts and licenses refer to it in the same transaction


def find(session: Session, id: str) -> Organization | None:
    row = session.get(OrganizationRow, id)
    return None if row is None else Organization(row.id, row.name, row.country)


def with_trial_key(session: Session, trial_key: str) -> Organization | None:
    """The organisation that has had its trial under `trial_key`."""
    row = session.scalar(select(OrganizationRow).where(OrganizationRow.trial_key == trial_key))
    return None if row is None else Organization(row.id, row.name, row.country)


def add_contact(session: Session, id: str, organization_id: str, address: Address, name: str, now: datetime) -> None:
    session.add(
        ContactRow(
            id=id,
            organization_id=organization_id,
            email=address.typed,
            folded_email=address.folded,
            name=name,
            created_at=now,
        )
    )


def contacts(session: Session, organization_id: str) -> list[Contact]:
    """The people of an organisation, first come first."""
    rows = session.scalars(
        select(ContactRow)
        .where(ContactRow.organization_id == organization_id)
        .order_by(ContactRow.created_at, ContactRow.id)
    )
    return [Contact(row.organization_id, row.email, row.folded_email, row.name) for row in rows]
