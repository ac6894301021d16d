"""What is known of one person, wherever it was written down."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import RowMapping, Select, func, select
from sqlalchemy.orm import Session

from licensing.storage.organizations import ContactRow, OrganizationRow
from licensing.storage.outbox import OutboxRow
from licensing.storage.portal import PortalLinkRow, PortalSessionRow
from licensing.storage.quote_requests import QuoteRequestRow
from licensing.storage.registrations import RegistrationRow

Lines = list[Mapping[str, object]]


def contacts(session: Session, folded_email: str) -> Lines:
    """Where she is a contact: the organisation's name, and hers and her address as they stand there."""
    query = (
        select(
            ContactRow.id.label("contact_id"),
            OrganizationRow.name.label("organization"),
            ContactRow.name,
            ContactRow.email,
            ContactRow.created_at.label("since"),
            ContactRow.news_since,
        )
        .join(OrganizationRow, OrganizationRow.id == ContactRow.organization_id)
        .where(ContactRow.folded_email == folded_email, ContactRow.erased_at.is_(None))
        .order_by(ContactRow.created_at, ContactRow.id)
    )
    return _lines(session, query)


def registrations(session: Session, folded_email: str) -> Lines:
    """Her registrations for a trial, as she filled them in."""
    row = RegistrationRow
    query = (
        select(row.email, row.name, row.organization, row.country, row.expected_nodes, row.source, row.news)
        .add_columns(row.created_at.label("registered_at"), row.used_at)
        .where(row.folded_email == folded_email)
        .order_by(row.created_at, row.id)
    )
    return _lines(session, query)


def mails(session: Session, spellings: Collection[str]) -> Lines:
    """The mails to any of these spellings of her address: subject and times."""
    lowered = sorted({each.lower() for each in spellings})
    row = OutboxRow
    query = select(row.recipient, row.subject, row.created_at, row.sent_at, row.dead_at.label("given_up_at"))
    return _lines(session, query.where(func.lower(row.recipient).in_(lowered)).order_by(row.created_at, row.id))


def quote_requests(session: Session, contact_ids: Sequence[str]) -> Lines:
    """What she asked for."""
    row = QuoteRequestRow
    query = select(row.license_id, row.seats, row.note, row.created_at, row.done_at)
    return _lines(session, query.where(row.contact_id.in_(contact_ids)).order_by(row.created_at, row.id))


def sessions(session: Session, folded_email: str) -> Lines:
    """Where she is signed in to the portal."""
    row = PortalSessionRow
    query = select(row.last_seen_at, row.expires_at).where(row.folded_email == folded_email)
    return _lines(session, query.order_by(row.expires_at))


def links(session: Session, folded_email: str) -> Lines:
    """The links to the portal that were made for her within the last hour."""
    row = PortalLinkRow
    query = select(row.created_at, row.expires_at, row.used_at).where(row.folded_email == folded_email)
    return _lines(session, query.order_by(row.created_at))


def _lines(session: Session, query: Select[*tuple[object, ...]]) -> Lines:
    found: Sequence[RowMapping] = session.execute(query).mappings().all()
    return [dict(each) for each in found]
