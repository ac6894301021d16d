"""Licenses as they stand, and the tokens that were issued for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint, bindparam, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.licenses import Edition
from licensing.core.standings import Standing
from licensing.storage.database import Base
from licensing.storage.ledger import IssuanceRow
from licensing.storage.organizations import FAMILY
from licensing.storage.prepared import Prepared, inserting, rewriting


class LicenseRow(Base):
    __tablename__ = "license"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    edition: Mapped[str] = mapped_column(String(10))
    tier: Mapped[str] = mapped_column(String(40))
    support: Mapped[str] = mapped_column(String(40))
    seats: Mapped[int]
    np_seats: Mapped[int]
    seq: Mapped[int]
    jti: Mapped[str] = mapped_column(String(32))
    signed_hash: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None] = mapped_column(index=True)
    ever_pro: Mapped[bool]
    version: Mapped[int]
    suspended_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    bound_fsid: Mapped[str | None] = mapped_column(String(36))
    created_at: Mapped[datetime]
    # The key of the relay that the newest issue names: its name, and its public half in base64url.
    relay_kid: Mapped[str | None] = mapped_column(String(80))
    relay_x: Mapped[str | None] = mapped_column(String(43))


class TokenRow(Base):
    """Erasable: the ledger's leaf keeps the token's hash."""

    __tablename__ = "license_token"
    __table_args__ = (UniqueConstraint("license_id", "seq"),)

    jti: Mapped[str] = mapped_column(String(32), primary_key=True)
    license_id: Mapped[str] = mapped_column(ForeignKey("license.id"))
    seq: Mapped[int]
    token: Mapped[str] = mapped_column(Text)


COLUMNS = tuple(column for column in LicenseRow.__table__.columns)
FOUND = select(*COLUMNS)


def standing_of(row: Any) -> Standing:
    """Where the license stands that is in a row of `FOUND`."""
    id, organization_id, edition, *rest = row
    return Standing(id, organization_id, Edition(edition), *rest)


_FIND = Prepared(FOUND.where(LicenseRow.id == bindparam("license_id")))
_LOCK = Prepared(FOUND.where(LicenseRow.id == bindparam("license_id")).with_for_update())


def find(session: Session, license_id: str) -> Standing | None:
    """Where the license stands."""
    row = _FIND.first(session, license_id=license_id)
    return None if row is None else standing_of(row)


def lock(session: Session, license_id: str) -> Standing | None:
    """Where the license stands, and nobody else changes it or its seats until this transaction ends."""
    row = _LOCK.first(session, license_id=license_id)
    return None if row is None else standing_of(row)


def of_organizations(session: Session, organization_ids: Sequence[str]) -> list[Standing]:
    """The licenses of one customer (all organisations that were merged), oldest first."""
    rows = session.execute(
        FOUND.where(LicenseRow.organization_id.in_(organization_ids)).order_by(LicenseRow.created_at, LicenseRow.id)
    )
    return [standing_of(row) for row in rows]


_OF_CUSTOMER = Prepared(
    FOUND.where(LicenseRow.organization_id.in_(FAMILY)).order_by(LicenseRow.created_at, LicenseRow.id)
)


def of_customer(session: Session, organization_id: str) -> list[Standing]:
    """The same of the customer that the organisation belongs to."""
    return [standing_of(row) for row in _OF_CUSTOMER.all(session, asked=organization_id)]


def signed_by(session: Session, kid: str, after: str, limit: int) -> list[str]:
    """The next `limit` licenses by id whose newest token is signed by the key; not those that are revoked."""
    newest = select(LicenseRow.id).join(IssuanceRow, IssuanceRow.serial == LicenseRow.jti)
    wanted = newest.where(IssuanceRow.kid == kid, LicenseRow.id > after, LicenseRow.revoked_at.is_(None))
    return list(session.scalars(wanted.order_by(LicenseRow.id).limit(limit)))


def first_of(session: Session, organization_id: str) -> Standing | None:
    """The organisation's oldest license: for who had a trial, that trial's, unless it was handed over."""
    return next(iter(of_organizations(session, (organization_id,))), None)


def page(
    session: Session, after: str = "", limit: int = 100, organization_ids: Sequence[str] | None = None
) -> list[Standing]:
    """The next `limit` licenses by id, after the id `after`; of some organisations, or of all."""
    query = FOUND.where(LicenseRow.id > after).order_by(LicenseRow.id).limit(limit)
    if organization_ids is not None:
        query = query.where(LicenseRow.organization_id.in_(organization_ids))
    return [standing_of(row) for row in session.execute(query)]


_REWRITE = rewriting(LicenseRow)
_WRITE, _WRITE_TOKEN = inserting(LicenseRow), inserting(TokenRow)
_TOKEN = Prepared(select(TokenRow.token).where(TokenRow.jti == bindparam("jti")))


def put(session: Session, standing: Standing) -> None:
    """Writes the license as `standing` says, new or changed."""
    if _REWRITE.run(session, own=standing.license_id, **_values(standing)) == 0:
        add(session, standing)


def add(session: Session, standing: Standing) -> None:
    """Writes a license that is new."""
    _WRITE.run(session, **_values(standing))


def _values(standing: Standing) -> dict[str, object]:
    return {column.name: getattr(standing, _FIELD.get(column.name, column.name)) for column in COLUMNS}


_FIELD = {"id": "license_id"}


def add_token(session: Session, jti: str, license_id: str, seq: int, token: str) -> None:
    _WRITE_TOKEN.run(session, jti=jti, license_id=license_id, seq=seq, token=token)


def token(session: Session, jti: str) -> str | None:
    """The token of an issuance, unless it was erased."""
    row = _TOKEN.first(session, jti=jti)
    return None if row is None else row[0]


def bind(session: Session, license_id: str, fsid: str | None) -> None:
    """Binds a trial to a Ceph cluster, or frees it again."""
    session.execute(update(LicenseRow).where(LicenseRow.id == license_id).values(bound_fsid=fsid))


def touch(session: Session, license_id: str) -> None:
    """Raises the license's version: every cluster's next check-in is judged anew."""
    session.execute(update(LicenseRow).where(LicenseRow.id == license_id).values(version=LicenseRow.version + 1))
