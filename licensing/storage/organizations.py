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
    # The mail domain that sales knows the organisation by.
    domain: Mapped[str | None] = mapped_column(String(253), index=True)
    # The organisation that this one was a duplicate of; always one that was not merged itself.
    merged_into: Mapped[str | None] = mapped_column(String(32), index=True)


class GramRow(Base):
    """One three-letter piece of an organisation's name, domain or addresses: what a search compares."""

    __tablename__ = "organization_gram"

    gram: Mapped[str] = mapped_column(String(3), primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), primary_key=True, index=True)


class ContactRow(Base):
    __tablename__ = "contact"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    email: Mapped[str] = mapped_column(String(320))
    folded_email: Mapped[str] = mapped_column(String(320), index=True)
    name: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime]
    # When the person was erased: address and name are blank since.
    erased_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Organization:
    """`domain` is the mail domain that sales knows it by, `merged_into` the organisation it was a duplicate of."""

    id: str
    name: str
    country: str
    domain: str | None
    merged_into: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Contact:
    id: str
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


def add(session: Session, id: str, name: str, country: str, now: datetime, domain: str | None = None) -> None:
    """Creates an organisation without a trial."""
    session.add(OrganizationRow(id=id, name=name, country=country, trial_key=None, created_at=now, domain=domain))
    session.flush()  # contacts and licenses refer to it in the same transaction


def find(session: Session, id: str) -> Organization | None:
    return _organization(session.get(OrganizationRow, id))


def family(session: Session, id: str) -> tuple[str, ...]:
    """The ids of one customer: the organisation that others were merged into comes first."""
    row = session.get(OrganizationRow, id)
    if row is None:
        return (id,)
    head = row.merged_into or id
    merged = select(OrganizationRow.id).where(OrganizationRow.merged_into == head).order_by(OrganizationRow.id)
    return (head, *session.scalars(merged))


def with_trial_key(session: Session, trial_key: str) -> Organization | None:
    """The organisation that has had its trial under `trial_key`."""
    return _organization(session.scalar(select(OrganizationRow).where(OrganizationRow.trial_key == trial_key)))


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
    """The people of a customer who can be written to, first come first; those of merged organisations, too."""
    rows = session.scalars(
        select(ContactRow)
        .where(ContactRow.organization_id.in_(family(session, organization_id)), ContactRow.erased_at.is_(None))
        .order_by(ContactRow.created_at, ContactRow.id)
    )
    return [Contact(row.id, row.organization_id, row.email, row.folded_email, row.name) for row in rows]


def _organization(row: OrganizationRow | None) -> Organization | None:
    if row is None:
        return None
    return Organization(row.id, row.name, row.country, row.domain, row.merged_into, row.created_at)
