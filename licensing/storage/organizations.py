"""Organisations and the people we write to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, ForeignKey, String, bindparam, delete, func, insert, or_, select, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from licensing.core.addresses import Address
from licensing.core.searching import grams, needed
from licensing.storage.database import Base, insert_into
from licensing.storage.prepared import Prepared


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
    # Since when we may write to her about more than her license; null while we may not.
    news_since: Mapped[datetime | None]
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


class ContactLine(NamedTuple):
    """Somebody at a customer's. `news_since` is since when we may write to her about more than her licenses."""

    contact_id: str
    name: str
    email: str
    news_since: datetime | None
    organization_id: str
    organization: str
    country: str
    domain: str | None


_FOUND = select(*(getattr(OrganizationRow, field) for field in Organization.__slots__))
_FIND = Prepared(_FOUND.where(OrganizationRow.id == bindparam("asked")))


@dataclass(frozen=True, slots=True)
class Contact:
    id: str
    organization_id: str
    email: str
    folded_email: str
    name: str
    news_since: datetime | None = None


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
    is_new = created.first() is not None
    if is_new:
        _index(session, id)
    return is_new


def add(session: Session, id: str, name: str, country: str, now: datetime, domain: str | None = None) -> None:
    """Creates an organisation without a trial."""
    session.add(OrganizationRow(id=id, name=name, country=country, trial_key=None, created_at=now, domain=domain))
    session.flush()  # contacts and licenses refer to it in the same transaction
    _index(session, id)


def change(session: Session, id: str, **values: str | None) -> None:
    """Gives the organisation another name, country or domain."""
    session.execute(update(OrganizationRow).where(OrganizationRow.id == id).values(**values))
    _index(session, id)


def find(session: Session, id: str) -> Organization | None:
    row = _FIND.first(session, asked=id)
    return None if row is None else Organization(*row)


def names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    """What the organisations are called, by id."""
    rows = session.execute(select(OrganizationRow.id, OrganizationRow.name).where(OrganizationRow.id.in_(set(ids))))
    return dict(rows.all())


def lock(session: Session, ids: Sequence[str]) -> dict[str, Organization]:
    """The organisations, and nobody else changes or merges them until this transaction ends."""
    rows = session.execute(_FOUND.where(OrganizationRow.id.in_(ids)).order_by(OrganizationRow.id).with_for_update())
    return {row.id: Organization(*row) for row in rows}


def _in_family() -> ColumnElement[bool]:
    """Whether a row is of the customer that the organisation `asked` belongs to."""
    asked = aliased(OrganizationRow)
    head = select(func.coalesce(asked.merged_into, asked.id)).where(asked.id == bindparam("asked")).scalar_subquery()
    return or_(OrganizationRow.id == head, OrganizationRow.merged_into == head)


_CUSTOMER = Prepared(_FOUND.where(_in_family()).order_by(OrganizationRow.merged_into.is_not(None), OrganizationRow.id))
_FAMILY = select(OrganizationRow.id).where(_in_family()).cte("family").prefix_with("MATERIALIZED")
FAMILY = select(_FAMILY.c.id)
"""The ids of the customer that `asked` belongs to, to be asked for within another question.

It is answered first: a plan that PostgreSQL made while the tables were small, and keeps, could else look at all
organisations for each row.
"""


def customer(session: Session, id: str) -> list[Organization]:
    """The organisations of one customer: the one that others were merged into comes first. None for an unknown id."""
    return [Organization(*row) for row in _CUSTOMER.all(session, asked=id)]


def family(session: Session, id: str) -> tuple[str, ...]:
    """The ids of one customer, in the same order; the id alone where there is no such organisation."""
    return tuple(each.id for each in customer(session, id)) or (id,)


def families(session: Session, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The same of many, by the ids asked for."""
    head_of = {id: head.id for id, head in heads(session, ids).items()}
    merged: dict[str, list[str]] = {head: [] for head in head_of.values()}
    rows = select(OrganizationRow).where(OrganizationRow.merged_into.in_(merged)).order_by(OrganizationRow.id)
    for row in session.scalars(rows):
        merged[str(row.merged_into)].append(row.id)
    return {id: (head, *merged[head]) for id, head in head_of.items()}


def heads(session: Session, ids: Iterable[str]) -> dict[str, Organization]:
    """The customers that the organisations belong to, by the organisations' ids."""
    asked = aliased(OrganizationRow)
    head_id = func.coalesce(asked.merged_into, asked.id)
    rows = session.execute(
        _FOUND.add_columns(asked.id.label("asked"))
        .join(asked, head_id == OrganizationRow.id)
        .where(asked.id.in_(set(ids)))
    )
    return {id: Organization(*row) for *row, id in rows}


def merge(session: Session, duplicate: str, survivor: str) -> None:
    """`duplicate` and all that were merged into it belong to `survivor` from now on."""
    of_duplicate = or_(OrganizationRow.id == duplicate, OrganizationRow.merged_into == duplicate)
    session.execute(update(OrganizationRow).where(of_duplicate).values(merged_into=survivor))


def page(session: Session, before: str, limit: int, ids: Sequence[str] | None = None) -> list[Organization]:
    """The newest `limit` customers created before the one with id `before`; some of them, or of all."""
    query = _FOUND.where(OrganizationRow.merged_into.is_(None)).order_by(OrganizationRow.id.desc()).limit(limit)
    if before:
        query = query.where(OrganizationRow.id < before)
    if ids is not None:
        query = query.where(OrganizationRow.id.in_(ids))
    return [Organization(*row) for row in session.execute(query)]


def contact_count(session: Session) -> int:
    """How many people there are whom we may write to."""
    return session.scalar(select(func.count()).where(ContactRow.erased_at.is_(None))) or 0


def every_contact(session: Session) -> Iterator[ContactLine]:
    """All of them by id, read a thousand at a time; a merged organisation stands as its survivor."""
    head = aliased(OrganizationRow)
    query = (
        select(ContactRow.id, ContactRow.name, ContactRow.email, ContactRow.news_since)
        .add_columns(head.id, head.name, head.country, head.domain)
        .join(OrganizationRow, OrganizationRow.id == ContactRow.organization_id)
        .join(head, head.id == func.coalesce(OrganizationRow.merged_into, OrganizationRow.id))
        .where(ContactRow.erased_at.is_(None))
        .order_by(ContactRow.id)
        .execution_options(yield_per=1_000)
    )
    yield from map(ContactLine._make, session.execute(query))


def search(session: Session, query: str, limit: int, ids: Sequence[str] | None = None) -> list[Organization]:
    """The customers most like `query` (core.searching), the best first; a merged one is found as its survivor."""
    pieces, least = needed(query)
    head = func.coalesce(OrganizationRow.merged_into, OrganizationRow.id).label("head")
    shared = func.count(GramRow.gram.distinct()).label("shared")
    alike = (
        select(head, shared)
        .join(GramRow, GramRow.organization_id == OrganizationRow.id)
        .where(GramRow.gram.in_(sorted(pieces)))
        .group_by(head)
        .having(shared >= least)
    )
    if ids is not None:
        alike = alike.where(OrganizationRow.id.in_(ids))
    found = alike.subquery()
    rows = session.execute(
        _FOUND.join(found, found.c.head == OrganizationRow.id)
        .order_by(found.c.shared.desc(), func.lower(OrganizationRow.name), OrganizationRow.id)
        .limit(limit)
    )
    return [Organization(*row) for row in rows]


def with_trial_key(session: Session, trial_key: str) -> Organization | None:
    """The organisation that has had its trial under `trial_key`."""
    row = session.execute(_FOUND.where(OrganizationRow.trial_key == trial_key)).first()
    return None if row is None else Organization(*row)


def with_contact(session: Session, folded_email: str) -> list[str]:
    """The customers that have this mailbox among their contacts, by id."""
    head = func.coalesce(OrganizationRow.merged_into, OrganizationRow.id)
    rows = session.scalars(
        select(head)
        .join(ContactRow, ContactRow.organization_id == OrganizationRow.id)
        .where(ContactRow.folded_email == folded_email, ContactRow.erased_at.is_(None))
        .distinct()
        .order_by(head)
    )
    return list(rows)


def add_contact(
    session: Session,
    id: str,
    organization_id: str,
    address: Address,
    name: str,
    now: datetime,
    *,
    news: bool = False,
) -> None:
    session.add(
        ContactRow(
            id=id,
            organization_id=organization_id,
            email=address.typed,
            folded_email=address.folded,
            name=name,
            created_at=now,
            news_since=now if news else None,
        )
    )
    session.flush()  # the organisation can be found by it
    _index(session, organization_id)


def contacts(session: Session, organization_id: str) -> list[Contact]:
    """The people of a customer who can be written to, first come first; those of merged organisations, too."""
    return [Contact(*row) for row in _CONTACTS.all(session, asked=organization_id)]


_CONTACTS = Prepared(
    select(*(getattr(ContactRow, field) for field in Contact.__slots__))
    .where(ContactRow.organization_id.in_(FAMILY), ContactRow.erased_at.is_(None))
    .order_by(ContactRow.created_at, ContactRow.id)
)


def of_mailbox(session: Session, folded_email: str) -> list[Contact]:
    """The same person wherever she is a contact, in the order of the organisations' ids."""
    rows = session.scalars(
        select(ContactRow)
        .where(ContactRow.folded_email == folded_email, ContactRow.erased_at.is_(None))
        .order_by(ContactRow.organization_id, ContactRow.id)
    )
    return [Contact(row.id, row.organization_id, row.email, row.folded_email, row.name, row.news_since) for row in rows]


def set_news(session: Session, contact_ids: Sequence[str], since: datetime | None) -> None:
    """Since when we may write to these people about more than their license, or (None) that we may not."""
    session.execute(update(ContactRow).where(ContactRow.id.in_(contact_ids)).values(news_since=since))


def erase_contact(session: Session, contact: Contact, now: datetime) -> None:
    """The person is nobody from now on: address and name are blank, and found by neither."""
    session.execute(
        update(ContactRow)
        .where(ContactRow.id == contact.id)
        .values(email="", folded_email="", name="", news_since=None, erased_at=now)
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    _index(session, contact.organization_id)


def _index(session: Session, id: str) -> None:
    """Brings what a search compares to what the organisation's rows say."""
    named = session.execute(select(OrganizationRow.name, OrganizationRow.domain).where(OrganizationRow.id == id)).one()
    emails = session.scalars(select(ContactRow.email).where(ContactRow.organization_id == id))
    wanted = frozenset[str]().union(*(grams(text) for text in (*named, *emails) if text))
    present = frozenset(session.scalars(select(GramRow.gram).where(GramRow.organization_id == id)))
    if gone := present - wanted:
        session.execute(delete(GramRow).where(GramRow.organization_id == id, GramRow.gram.in_(gone)))
    if fresh := sorted(wanted - present):
        session.execute(insert(GramRow), [{"gram": gram, "organization_id": id} for gram in fresh])
