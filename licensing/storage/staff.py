"""The people who run this server."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import BigInteger, LargeBinary, String, false, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.callers import SEAT_LIMIT, Role
from licensing.storage.database import Base


class StaffRow(Base):
    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    # In lower case: a mailbox is one person, however she types it.
    email: Mapped[str] = mapped_column(String(320), unique=True)
    role: Mapped[str] = mapped_column(String(20))
    # Argon2id; null for who signs in through the identity provider alone.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    must_change_password: Mapped[bool]
    created_at: Mapped[datetime]
    name: Mapped[str] = mapped_column(String(200), server_default="")
    # Percent that she may take off the list price alone.
    discount_limit: Mapped[int] = mapped_column(server_default="0")
    # Seats that she may let a customer grow to alone.
    seat_limit: Mapped[int] = mapped_column(server_default="1000")
    totp_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_confirmed: Mapped[bool] = mapped_column(server_default=false())
    # The last time step whose code was used: none is taken twice.
    totp_last_step: Mapped[int] = mapped_column(BigInteger, server_default="0")
    oidc_subject: Mapped[str | None] = mapped_column(String(300), unique=True)
    disabled_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A person of the staff.

    Alone she may take `discount_limit` percent off the list price, and let a customer grow to `seat_limit` seats.
    """

    id: str
    email: str
    name: str
    role: Role
    discount_limit: int
    seat_limit: int
    must_change_password: bool
    has_second_factor: bool
    created_at: datetime
    disabled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a person signs in with. `totp_last_step` is the newest time step whose code was taken."""

    password_hash: str | None = field(repr=False)
    totp_secret: bytes | None = field(repr=False)
    totp_confirmed: bool
    totp_last_step: int


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(StaffRow)) or 0


def enabled_admins(session: Session) -> list[str]:
    """The ids of those who can let people in."""
    statement = select(StaffRow.id).where(StaffRow.role == str(Role.ADMIN), StaffRow.disabled_at.is_(None))
    return list(session.scalars(statement))


def add(
    session: Session,
    id: str,
    email: str,
    role: str,
    password_hash: str | None,
    now: datetime,
    name: str = "",
    discount_limit: int = 0,
    seat_limit: int = SEAT_LIMIT,
) -> None:
    """Adds a person whose password, if there is one, is for one use."""
    session.add(
        StaffRow(
            id=id,
            email=email.lower(),
            role=str(role),
            password_hash=password_hash,
            must_change_password=password_hash is not None,
            created_at=now,
            name=name,
            discount_limit=discount_limit,
            seat_limit=seat_limit,
            totp_confirmed=False,
            totp_last_step=0,
        )
    )
    session.flush()  # sessions refer to it in the same transaction


def every(session: Session) -> list[StaffMember]:
    """All accounts, disabled ones too, by address."""
    return [_member(row) for row in session.scalars(select(StaffRow).order_by(StaffRow.email))]


def find(session: Session, id: str) -> StaffMember | None:
    row = session.get(StaffRow, id)
    return None if row is None else _member(row)


def by_email(session: Session, email: str) -> StaffMember | None:
    """Whose address it is, in whatever case."""
    row = session.scalar(select(StaffRow).where(StaffRow.email == email.lower()))
    return None if row is None else _member(row)


def by_subject(session: Session, oidc_subject: str) -> StaffMember | None:
    """Who is linked to this subject of the identity provider."""
    row = session.scalar(select(StaffRow).where(StaffRow.oidc_subject == oidc_subject))
    return None if row is None else _member(row)


def link_subject(session: Session, staff_id: str, subject: str) -> StaffMember | None:
    """The person, known to the identity provider as `subject` from now on; None when she is known as another."""
    free = update(StaffRow).where(StaffRow.id == staff_id, StaffRow.oidc_subject.is_(None))
    linked = session.scalar(free.values(oidc_subject=subject).returning(StaffRow.id))
    return None if linked is None else find(session, linked)


def lock(session: Session, id: str) -> StaffMember | None:
    """The person, as she is now and stays until the transaction ends."""
    row = session.get(StaffRow, id, with_for_update=True, populate_existing=True)
    return None if row is None else _member(row)


def credentials(session: Session, id: str) -> Credentials:
    """What the person signs in with, nothing where there is none; `lock` her first where it is to be used up."""
    row = session.get(StaffRow, id)
    if row is None:
        return Credentials(None, None, False, 0)
    return Credentials(row.password_hash, row.totp_secret, row.totp_confirmed, row.totp_last_step)


def set_password(session: Session, id: str, password_hash: str, *, for_one_use: bool) -> None:
    _set(session, id, password_hash=password_hash, must_change_password=for_one_use)


def rehash(session: Session, old: str, new: str) -> None:
    """The password whose hash was `old` is kept as `new`; hashes are salted, so nobody else has the same."""
    session.execute(update(StaffRow).where(StaffRow.password_hash == old).values(password_hash=new))


def begin_second_factor(session: Session, id: str, totp_secret: bytes) -> None:
    """The secret waits for its first code."""
    _set(session, id, totp_secret=totp_secret, totp_confirmed=False, totp_last_step=0)


def use_second_factor(session: Session, id: str, step: int) -> None:
    """The code of `step` was taken: it, and all before it, never are again."""
    _set(session, id, totp_confirmed=True, totp_last_step=step)


def forget_factors(session: Session, id: str) -> None:
    """Neither a second factor nor an account at the identity provider belongs to the person any more."""
    _set(session, id, totp_secret=None, totp_confirmed=False, totp_last_step=0, oidc_subject=None)


def change(session: Session, id: str, name: str, role: Role, discount_limit: int, seat_limit: int) -> None:
    _set(session, id, name=name, role=str(role), discount_limit=discount_limit, seat_limit=seat_limit)


def set_disabled(session: Session, id: str, disabled_at: datetime | None) -> None:
    _set(session, id, disabled_at=disabled_at)


def _set(session: Session, id: str, **columns: object) -> None:
    session.execute(update(StaffRow).where(StaffRow.id == id).values(**columns))


def _member(row: StaffRow) -> StaffMember:
    return StaffMember(
        row.id,
        row.email,
        row.name,
        Role(row.role),
        row.discount_limit,
        row.seat_limit,
        row.must_change_password,
        row.totp_confirmed,
        row.created_at,
        row.disabled_at,
    )
