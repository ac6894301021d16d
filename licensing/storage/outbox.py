"""Mails to send, written in the transaction of the deed they tell of, so that neither is ever without the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, String, Text, case, func, literal, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.mails import Mail
from licensing.storage.database import Base
from licensing.storage.prepared import inserting


class OutboxRow(Base):
    __tablename__ = "outbox"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    recipient: Mapped[str] = mapped_column(String(320))
    subject: Mapped[str] = mapped_column(String(200))
    text: Mapped[str] = mapped_column(Text)
    attachments: Mapped[list[list[str]]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    # When to try next; null once sent or given up.
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    tries: Mapped[int]
    sent_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None] = mapped_column(index=True)
    last_error: Mapped[str | None] = mapped_column(String(200))
    # The license whose file is attached when the mail is sent; not stored with each of a hundred thousand mails.
    license_id: Mapped[str | None] = mapped_column(String(32))


@dataclass(frozen=True, slots=True)
class Queued:
    """A mail that is due, with the number of tries already made, and the license whose file is still to be attached."""

    id: str
    mail: Mail
    tries: int
    license_id: str | None


class MailState(StrEnum):
    """Where a mail is."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Listed:
    """A mail without its text: `due_at` while it is to be sent, `dead_at` when it was given up."""

    id: str
    recipient: str
    subject: str
    created_at: datetime
    due_at: datetime | None
    tries: int
    sent_at: datetime | None
    dead_at: datetime | None
    last_error: str | None


def add(session: Session, id: str, mail: Mail, now: datetime, license_id: str | None = None) -> None:
    """A mail that is due now; the file of the license `license_id` is attached when it leaves."""
    _ADD.run(session, **_values(id, mail, now, license_id))


def add_each(session: Session, new: Sequence[tuple[str, Mail, str | None]], now: datetime) -> None:
    """The same of several: id, mail and license of each. It takes as long for two as for one."""
    _ADD.run_each(session, [_values(id, mail, now, license_id) for id, mail, license_id in new])


_ADD = inserting(OutboxRow)


def _values(id: str, mail: Mail, now: datetime, license_id: str | None) -> dict[str, object]:
    return {
        "id": id,
        "recipient": mail.recipient,
        "subject": mail.subject,
        "text": mail.text,
        "attachments": [list(attachment) for attachment in mail.attachments],
        "created_at": now,
        "due_at": now,
        "tries": 0,
        "sent_at": None,
        "dead_at": None,
        "last_error": None,
        "license_id": license_id,
    }


def take_due(session: Session, now: datetime, until: datetime, limit: int) -> list[Queued]:
    """Up to `limit` mails that are due; nobody else takes them before `until`, when a lost one is due again."""
    rows: Sequence[OutboxRow] = session.scalars(
        select(OutboxRow)
        .where(OutboxRow.due_at <= now)
        .order_by(OutboxRow.due_at, OutboxRow.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.due_at = until
        row.tries += 1
    return [
        Queued(
            row.id,
            Mail(row.recipient, row.subject, row.text, tuple((name, content) for name, content in row.attachments)),
            row.tries,
            row.license_id,
        )
        for row in rows
    ]


def give_back(session: Session, ids: Sequence[str], now: datetime) -> None:
    """Mails that were taken and not tried are due again."""
    mails = update(OutboxRow).where(OutboxRow.id.in_(ids))
    session.execute(mails.values(due_at=now, tries=OutboxRow.tries - 1))


def sent(session: Session, id: str, now: datetime) -> None:
    session.execute(update(OutboxRow).where(OutboxRow.id == id).values(sent_at=now, due_at=None, last_error=None))


def failed(session: Session, id: str, error: str, retry_at: datetime | None, now: datetime) -> None:
    """The mail is tried again at `retry_at`, or given up when that is None."""
    dead_at = now if retry_at is None else None
    session.execute(
        update(OutboxRow).where(OutboxRow.id == id).values(last_error=error[:200], due_at=retry_at, dead_at=dead_at)
    )


def page(session: Session, state: MailState | None, after: str, limit: int) -> list[Listed]:
    """The newest mails made before the one with id `after`; of one state, or of all."""
    row = OutboxRow
    wanted = {
        MailState.DEAD: row.dead_at.is_not(None),
        MailState.WAITING: row.due_at.is_not(None),
        MailState.SENT: row.sent_at.is_not(None),
    }
    query = select(*(getattr(row, name) for name in Listed.__slots__)).order_by(row.id.desc()).limit(limit)
    if state is not None:
        query = query.where(wanted[state])
    if after:
        query = query.where(row.id < after)
    return [Listed(*found) for found in session.execute(query)]


def text_of(session: Session, id: str) -> tuple[Listed, str] | None:
    """A mail and what it says."""
    row = session.get(OutboxRow, id)
    return None if row is None else (Listed(*(getattr(row, name) for name in Listed.__slots__)), row.text)


def retry(session: Session, id: str, now: datetime) -> bool:
    """A mail that was given up is due again, with all its tries; whether there was one."""
    given_up = (OutboxRow.id == id, OutboxRow.dead_at.is_not(None), OutboxRow.recipient != "")
    found = session.execute(
        update(OutboxRow).where(*given_up).values(due_at=now, dead_at=None, tries=0).returning(OutboxRow.id)
    )
    return found.first() is not None


def erase(session: Session, email: str, now: datetime) -> None:
    """Blanks every mail to or about this address; one that has not left yet never will."""
    about = or_(func.lower(OutboxRow.recipient) == email.lower(), OutboxRow.text.contains(email, autoescape=True))
    blank: dict[str, object] = {
        "recipient": "",
        "subject": "",
        "text": "",
        "attachments": [],
        "due_at": None,
        "last_error": None,
    }
    unsent = case((OutboxRow.sent_at.is_(None), func.coalesce(OutboxRow.dead_at, literal(now, OutboxRow.dead_at.type))))
    session.execute(update(OutboxRow).where(about).values(**blank, dead_at=unsent))
