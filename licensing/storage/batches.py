"""How far a batch file has been issued, by the hash of its bytes, and the rows of a batch, many at a time.

What a row says is what `storage.organizations`, `licenses`, `events` and `outbox` write for one sale; a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from operator import attrgetter

from sqlalchemy import String, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.addresses import Address
from licensing.core.mails import Mail
from licensing.core.searching import grams
from licensing.core.standings import Standing
from licensing.storage.bulk import Row, Rows, insert, stored
from licensing.storage.database import Base, insert_into, take_turns
from licensing.storage.events import EventRow
from licensing.storage.licenses import LicenseRow, TokenRow
from licensing.storage.organizations import ContactRow, GramRow, OrganizationRow
from licensing.storage.outbox import OutboxRow


class BatchRow(Base):
    __tablename__ = "batch"

    file_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    rows_done: Mapped[int]
    rows_total: Mapped[int]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Batch:
    """How far the file has been issued: its first `rows_done` lines of `rows_total`."""

    rows_done: int
    rows_total: int
    started_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Customer:
    """A new organisation with its one contact."""

    id: str
    name: str
    country: str
    contact_id: str
    address: Address
    contact: str


@dataclass(frozen=True, slots=True)
class LicenseMail:
    """A mail that brings the file of a license."""

    id: str
    mail: Mail
    license_id: str


@dataclass(frozen=True, slots=True)
class LicenseRows:
    """New licenses as the database keeps them, and their tokens' rows as far as they are known before the signing."""

    licenses: Sequence[Row]
    tokens: Sequence[Row]


_FOUND = select(*(getattr(BatchRow, field) for field in Batch.__slots__))


def find(session: Session, file_hash: str) -> Batch | None:
    """How far the file is, unless it is new."""
    row = session.execute(_FOUND.where(BatchRow.file_hash == file_hash)).first()
    return None if row is None else Batch(*row)


def get(session: Session, file_hash: str) -> Batch:
    """How far a file is that was begun."""
    return Batch(*session.execute(_FOUND.where(BatchRow.file_hash == file_hash)).one())


def claim(session: Session, file_hash: str, rows_total: int, now: datetime) -> int:
    """How many lines are done. Whoever else issues the same file waits until this transaction ends."""
    take_turns(session, f"batch {file_hash}")
    values = {"file_hash": file_hash, "rows_done": 0, "rows_total": rows_total, "started_at": now}
    session.execute(insert_into(session, BatchRow).values(values).on_conflict_do_nothing())
    return session.execute(select(BatchRow.rows_done).where(BatchRow.file_hash == file_hash)).scalar_one()


def advance(session: Session, file_hash: str, rows_done: int, finished_at: datetime | None) -> None:
    """The first `rows_done` lines are done: written in the transaction that issues them."""
    session.execute(
        update(BatchRow).where(BatchRow.file_hash == file_hash).values(rows_done=rows_done, finished_at=finished_at)
    )


def add(session: Session, tables: Sequence[Rows]) -> None:
    """Writes the rows of each table."""
    for rows in tables:
        insert(session, *rows)


def customer_rows(customers: Sequence[Customer], actor: str, now: datetime) -> list[Rows]:
    """The organisations, their contacts, what a search finds them by, and the trail of who made them."""
    at = stored(now)
    return [
        Rows(
            OrganizationRow,
            ("id", "name", "country", "created_at"),
            [(each.id, each.name, each.country, at) for each in customers],
        ),
        Rows(
            ContactRow,
            ("id", "organization_id", "email", "folded_email", "name", "created_at"),
            [
                (each.contact_id, each.id, each.address.typed, each.address.folded, each.contact, at)
                for each in customers
            ],
        ),
        Rows(
            GramRow,
            ("gram", "organization_id"),
            # In the order of the table's key: many organisations share its pages, instead of each going through all.
            sorted((gram, each.id) for each in customers for gram in _grams(each)),
        ),
        Rows(
            EventRow,
            ("at", "actor", "action", "subject", "details"),
            [(at, actor, "organization.created", each.id, "{}") for each in customers],
        ),
    ]


def _grams(customer: Customer) -> frozenset[str]:
    """The pieces of name and address, word by word: no piece spans two, and the words of many names are the same."""
    words = _BETWEEN_WORDS.split(f"{customer.name} {customer.address.typed}")
    return frozenset().union(*map(_word_grams, words))


_BETWEEN_WORDS = re.compile(r"[\s@._-]+")
_word_grams = lru_cache(maxsize=100_000)(grams)


def mail_rows(mails: Sequence[LicenseMail], now: datetime) -> Rows:
    """The mails, due now; the file of each is attached when it is sent."""
    at = stored(now)
    return Rows(
        OutboxRow,
        ("id", "recipient", "subject", "text", "attachments", "created_at", "due_at", "tries", "license_id"),
        [
            (each.id, each.mail.recipient, each.mail.subject, each.mail.text, "[]", at, at, 0, each.license_id)
            for each in mails
        ],
    )


_LICENSE = tuple(column.name for column in LicenseRow.__table__.columns)
_FIELDS = attrgetter(*("license_id" if name == "id" else name for name in _LICENSE))


def license_rows(standings: Sequence[Standing]) -> LicenseRows:
    """What `add_licenses` writes."""
    return LicenseRows(
        [tuple(map(stored, _FIELDS(each))) for each in standings],
        [(each.jti, each.license_id, each.seq) for each in standings],
    )


def add_licenses(session: Session, rows: LicenseRows, tokens: Iterable[str]) -> None:
    """New licenses and the token of each."""
    insert(session, LicenseRow, _LICENSE, rows.licenses)
    signed = [(*row, token) for row, token in zip(rows.tokens, tokens, strict=True)]
    insert(session, TokenRow, ("jti", "license_id", "seq", "token"), signed)
