"""Trial registrations that wait for their confirmation. Links and codes are kept as hashes only."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Index, String, func, literal, or_, select, text, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from licensing.core.addresses import Address
from licensing.core.trials import NO_LIKENESS, Likeness, Pending, Registration, Source
from licensing.storage.database import Base


class RegistrationRow(Base):
    __tablename__ = "registration"
    __table_args__ = (
        Index(
            "ix_registration_name_hash",
            "name_hash",
            sqlite_where=text("name_hash IS NOT NULL"),
            postgresql_where=text("name_hash IS NOT NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    email: Mapped[str] = mapped_column(String(320))
    folded_email: Mapped[str] = mapped_column(String(320), index=True)
    trial_key: Mapped[str] = mapped_column(String(320), index=True)
    name: Mapped[str] = mapped_column(String(200))
    organization: Mapped[str] = mapped_column(String(200))
    country: Mapped[str] = mapped_column(String(2))
    expected_nodes: Mapped[int]
    source: Mapped[str] = mapped_column(String(20))
    news: Mapped[bool] = mapped_column(default=False)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    code_hash: Mapped[str] = mapped_column(String(64))
    code_tries: Mapped[int]
    created_at: Mapped[datetime]
    link_expires_at: Mapped[datetime]
    code_expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    # What others may look like; blank after a while. Whether another confirmed one did, is kept.
    network_hash: Mapped[str | None] = mapped_column(String(64), index=True)
    name_hash: Mapped[str | None] = mapped_column(String(64))
    is_alike: Mapped[bool] = mapped_column(default=False)


def add(
    session: Session,
    id: str,
    registration: Registration,
    token_hash: str,
    code_hash: str,
    now: datetime,
    likeness: Likeness = NO_LIKENESS,
) -> None:
    session.add(
        RegistrationRow(
            id=id,
            email=registration.address.typed,
            folded_email=registration.address.folded,
            trial_key=registration.trial_key,
            name=registration.name,
            organization=registration.organization,
            country=registration.country,
            expected_nodes=registration.expected_nodes,
            source=registration.source,
            news=registration.news,
            token_hash=token_hash,
            code_hash=code_hash,
            code_tries=0,
            created_at=now,
            link_expires_at=registration.link_expires_at(now),
            code_expires_at=registration.code_expires_at(now),
            used_at=None,
            network_hash=likeness.network_hash,
            name_hash=likeness.name_hash,
        )
    )


def by_link(session: Session, token_hash: str) -> Pending | None:
    """The registration whose link this is, held against a second use at the same moment."""
    return _pending(session, RegistrationRow.token_hash == token_hash)


def newest_of(session: Session, folded_email: str) -> Pending | None:
    """The latest registration of a mailbox, held likewise; only its code counts."""
    return _pending(session, RegistrationRow.folded_email == folded_email)


def find(session: Session, id: str) -> Pending | None:
    """The registration of this id, held likewise."""
    return _pending(session, RegistrationRow.id == id)


def spend_try(session: Session, folded_email: str, limit: int) -> None:
    """Counts one more try at the mailbox's newest code, up to one above `limit`."""
    newest = (
        select(RegistrationRow.id)
        .where(RegistrationRow.folded_email == folded_email)
        .order_by(RegistrationRow.created_at.desc(), RegistrationRow.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    session.execute(
        update(RegistrationRow)
        .where(RegistrationRow.id == newest, RegistrationRow.code_tries <= limit)
        .values(code_tries=RegistrationRow.code_tries + 1)
    )


def use(session: Session, id: str, now: datetime) -> None:
    """Marks the registration as used: its link and code are spent."""
    session.execute(update(RegistrationRow).where(RegistrationRow.id == id).values(used_at=now))


def find_alike(session: Session, id: str, since: datetime) -> list[str]:
    """The trial keys of other registrations, confirmed `since` then, that look like this one; all are known to, now."""
    own, other = aliased(RegistrationRow), RegistrationRow
    alike = or_(other.network_hash == own.network_hash, other.name_hash == own.name_hash)
    different = (other.id != own.id, other.trial_key != own.trial_key, other.used_at >= since)
    found = session.execute(select(other.id, other.trial_key).join(own, alike).where(own.id == id, *different)).all()
    if found:
        ids = [id, *(each for each, _ in found)]
        session.execute(update(RegistrationRow).where(RegistrationRow.id.in_(ids)).values(is_alike=True))
    return [key for _, key in found]


def forget_likeness(session: Session, before: datetime) -> None:
    """What registered before then looks like nothing any more."""
    old = (RegistrationRow.name_hash.is_not(None), RegistrationRow.created_at < before)
    session.execute(update(RegistrationRow).where(*old).values(network_hash=None, name_hash=None))


def erase(session: Session, folded_email: str, now: datetime) -> set[str]:
    """Forgets who registered from this mailbox, and voids the links; the spellings of the address that were used.

    That its organisation has had a trial is kept elsewhere.
    """
    of_mailbox = RegistrationRow.folded_email == folded_email
    spellings = set(session.scalars(select(RegistrationRow.email).where(of_mailbox)))
    used_at = func.coalesce(RegistrationRow.used_at, literal(now, RegistrationRow.used_at.type))
    blank: dict[str, object] = {"email": "", "folded_email": "", "name": "", "used_at": used_at}
    blank |= {"network_hash": None, "name_hash": None}
    session.execute(update(RegistrationRow).where(of_mailbox).values(**blank))
    return spellings


def _pending(session: Session, *conditions: ColumnElement[bool]) -> Pending | None:
    newest_first = (
        select(RegistrationRow)
        .where(*conditions)
        .order_by(RegistrationRow.created_at.desc(), RegistrationRow.id.desc())
    )
    row = session.scalar(newest_first.limit(1).with_for_update())
    if row is None:
        return None
    registration = Registration(
        address=Address(row.email, row.folded_email),
        name=row.name,
        organization=row.organization,
        country=row.country,
        expected_nodes=row.expected_nodes,
        trial_key=row.trial_key,
        source=Source(row.source),
        news=row.news,
    )
    return Pending(
        row.id, registration, row.code_hash, row.code_tries, row.link_expires_at, row.code_expires_at, row.used_at
    )
