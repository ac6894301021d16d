"""What was revoked, and the signed lists that told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CheckConstraint, Integer, String, Text, bindparam, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.revocations import Revocation
from licensing.storage.database import Base
from licensing.storage.prepared import Prepared


class RevocationRow(Base):
    __tablename__ = "revocation"
    __table_args__ = (CheckConstraint("(license_id IS NULL) <> (jti IS NULL)", name="one_subject"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    license_id: Mapped[str | None] = mapped_column(String(32), unique=True)
    jti: Mapped[str | None] = mapped_column(String(32), unique=True)
    at: Mapped[datetime]
    # When the entry may leave the list; null for never.
    leaves_at: Mapped[datetime | None]


class RevokedListRow(Base):
    __tablename__ = "revoked_list"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    token: Mapped[str] = mapped_column(Text)
    entries: Mapped[str] = mapped_column(String(64))
    issued_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class PublishedList:
    """A signed list; `entries` is a digest of what it lists and the key it was signed with."""

    seq: int
    token: str
    entries: str


def add(session: Session, revocation: Revocation, at: datetime, leaves_at: datetime | None) -> None:
    session.add(RevocationRow(license_id=revocation.lid, jti=revocation.jti, at=at, leaves_at=leaves_at))
    session.flush()  # the list is signed anew in the same transaction


_LISTED = Prepared(
    select(RevocationRow.at, RevocationRow.license_id, RevocationRow.jti)
    .where(or_(RevocationRow.leaves_at.is_(None), RevocationRow.leaves_at > bindparam("now")))
    .order_by(RevocationRow.id)
)
_PUBLISHED = Prepared(
    select(RevokedListRow.seq, RevokedListRow.token, RevokedListRow.entries)
    .order_by(RevokedListRow.seq.desc())
    .limit(1)
)


def listed(session: Session, now: datetime) -> list[Revocation]:
    """The entries that stand on the list at `now`, in the order they were made."""
    return [Revocation(int(at.timestamp()), license_id, jti) for at, license_id, jti in _LISTED.all(session, now=now)]


def newest(session: Session) -> PublishedList | None:
    """The list in force."""
    row = _PUBLISHED.first(session)
    return None if row is None else PublishedList(*row)


SKIPPED = 1_000_000
"""More lists than are ever signed between a backup and the loss of what it was made of."""


def skip(session: Session, now: datetime) -> None:
    """No list is ever signed under a `seq` again that one of a lost time may have had.

    The row that says so holds no list: whoever asks for the newest signs one.
    """
    found = newest(session)
    publish(session, PublishedList((0 if found is None else found.seq) + SKIPPED, "", ""), now)


def publish(session: Session, published: PublishedList, now: datetime) -> None:
    session.add(RevokedListRow(seq=published.seq, token=published.token, entries=published.entries, issued_at=now))
