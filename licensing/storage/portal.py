"""The portal's links in mails, and the sessions that they open. Secrets are kept as hashes.

A link is kept for an unknown address, too, for an hour: whoever watches can't tell it from a known one.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.portal import LINK_LIFE, SESSION_IDLE, Link, VisitorSession
from licensing.storage.database import Base, take_turns


class PortalLinkRow(Base):
    __tablename__ = "portal_link"

    link_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    folded_email: Mapped[str] = mapped_column(String(320), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PortalSessionRow(Base):
    __tablename__ = "portal_session"

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    folded_email: Mapped[str] = mapped_column(String(320), index=True)
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


def lock_mailbox(session: Session, folded_email: str) -> None:
    """Whoever else asks for or uses a link of this mailbox waits until this transaction ends."""
    take_turns(session, f"portal {folded_email}")


def unused_links(session: Session, folded_email: str, since: datetime) -> int:
    """How many links were made for the mailbox after `since` and not used."""
    unused = (PortalLinkRow.folded_email == folded_email, PortalLinkRow.used_at.is_(None))
    counted = select(func.count()).select_from(PortalLinkRow).where(*unused, PortalLinkRow.created_at > since)
    return session.scalar(counted) or 0


def add_link(session: Session, link_hash: str, folded_email: str, now: datetime) -> None:
    expires_at = now + LINK_LIFE
    session.add(PortalLinkRow(link_hash=link_hash, folded_email=folded_email, created_at=now, expires_at=expires_at))
    session.flush()  # the mail's savepoint comes after it


def find_link(session: Session, link_hash: str) -> Link | None:
    row = session.get(PortalLinkRow, link_hash, populate_existing=True)
    return None if row is None else Link(row.folded_email, row.expires_at, row.used_at)


def use_links(session: Session, folded_email: str, now: datetime) -> None:
    """Every link of the mailbox is used up."""
    of_mailbox = (PortalLinkRow.folded_email == folded_email, PortalLinkRow.used_at.is_(None))
    session.execute(update(PortalLinkRow).where(*of_mailbox).values(used_at=now))


def open_session(session: Session, secret_hash: str, opened: VisitorSession) -> None:
    session.add(
        PortalSessionRow(
            secret_hash=secret_hash,
            folded_email=opened.folded_email,
            last_seen_at=opened.last_seen_at,
            expires_at=opened.expires_at,
        )
    )


def find_session(session: Session, secret_hash: str) -> VisitorSession | None:
    row = session.get(PortalSessionRow, secret_hash, populate_existing=True)
    return None if row is None else VisitorSession(row.folded_email, row.last_seen_at, row.expires_at)


def see(session: Session, secret_hash: str, now: datetime) -> None:
    """The session was used now."""
    of_secret = PortalSessionRow.secret_hash == secret_hash
    session.execute(update(PortalSessionRow).where(of_secret).values(last_seen_at=now))


def end_session(session: Session, secret_hash: str) -> None:
    session.execute(delete(PortalSessionRow).where(PortalSessionRow.secret_hash == secret_hash))


def forget_mailbox(session: Session, folded_email: str) -> None:
    """The person is signed out everywhere, and no link of hers works."""
    for row in (PortalLinkRow, PortalSessionRow):
        session.execute(delete(row).where(row.folded_email == folded_email))


def forget_over(session: Session, now: datetime, links_before: datetime) -> None:
    """Deletes the links made before `links_before`, and the sessions that are over."""
    session.execute(delete(PortalLinkRow).where(PortalLinkRow.created_at <= links_before))
    is_over = or_(PortalSessionRow.expires_at <= now, PortalSessionRow.last_seen_at <= now - SESSION_IDLE)
    session.execute(delete(PortalSessionRow).where(is_over))
