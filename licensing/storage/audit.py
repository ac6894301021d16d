"""What the audit reads: the ledger's tables side by side, in chunks, as the database keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, or_, select, text, type_coerce
from sqlalchemy.orm import Session
from sqlalchemy.types import NullType

from licensing.core.ledger import NOTHING_SIGNED, Kind
from licensing.storage.database import without_time_limit
from licensing.storage.ledger import IssuanceRow, LeafRow, NodeRow, RecordRow
from licensing.storage.licenses import LicenseRow, TokenRow
from licensing.storage.prepared import Prepared

_STATES = (Kind.SUSPENDED, Kind.REINSTATED, Kind.REVOKED, Kind.VOIDED)
LEAF = ("kind", "serial", "recorded_at", "kid", "signed_hash", "record_hash")
"""The issuance's columns that its leaf says."""
RECORDED = {
    "effective_at": "effective_at",
    "license_id": "license",
    "organization_id": "organization",
    "edition": "edition",
    "tier": "tier",
    "seats": "seats",
    "support": "support",
    "order_number": "order_number",
    "amount_minor": "amount_minor",
    "currency": "currency",
    "salesperson_id": "salesperson",
    "quote_id": "quote",
    "refers_to": "refers_to",
    "starts_at": "starts_at",
    "ends_at": "ends_at",
}
"""Those that its private record says, too, by their names there."""
CLAIMED = (
    *("organization_id", "edition", "tier", "support", "seats", "np_seats", "seq", "starts_at", "ends_at"),
    *("relay_kid", "relay_x"),
)
"""The license's columns that its token says, too."""
Row = tuple[Any, ...]


def _raw(of: Any, *names: str) -> list[Any]:
    """Columns as the driver gives them: times are Unix seconds."""
    return [type_coerce(getattr(of, name), NullType()) for name in names]


def _within(index: Any) -> ColumnElement[bool]:
    return and_(index >= bindparam("start"), index < bindparam("end"))


_DEEDS = Prepared(
    select(
        *_raw(LeafRow, "idx", "body"),
        *_raw(IssuanceRow, *LEAF, *RECORDED),
        *_raw(RecordRow, "salt", "record"),
        *_raw(TokenRow, "token"),
    )
    .outerjoin(IssuanceRow, and_(IssuanceRow.leaf_idx == LeafRow.idx, _within(IssuanceRow.leaf_idx)))
    .outerjoin(RecordRow, RecordRow.serial == IssuanceRow.serial)
    .outerjoin(TokenRow, TokenRow.jti == IssuanceRow.serial)
    .where(_within(LeafRow.idx))
    .order_by(LeafRow.idx)
)
_NODES = Prepared(
    select(*_raw(NodeRow, "hash"))
    .where(NodeRow.level == bindparam("level"), _within(NodeRow.idx))
    .order_by(NodeRow.idx)
)
_LICENSES = Prepared(
    select(*_raw(LicenseRow, "id", "jti", "signed_hash", "revoked_at", "suspended_at", *CLAIMED))
    .where(LicenseRow.id >= bindparam("first"), LicenseRow.id <= bindparam("last"))
    .order_by(LicenseRow.id)
)
_PAGE = Prepared(
    select(LicenseRow.id)
    .where(LicenseRow.id >= bindparam("first"))
    .order_by(LicenseRow.id)
    .limit(2)
    .offset(bindparam("others"))
)
_NEWEST = Prepared(select(func.max(LicenseRow.id)))
_ISSUED = Prepared(
    select(*_raw(LicenseRow, "id"), *_raw(IssuanceRow, "signed_hash"), *_raw(TokenRow, "token"))
    .outerjoin(IssuanceRow, and_(IssuanceRow.serial == LicenseRow.jti, IssuanceRow.license_id == LicenseRow.id))
    .outerjoin(TokenRow, TokenRow.jti == LicenseRow.jti)
    .where(LicenseRow.id >= bindparam("first"), LicenseRow.id <= bindparam("last"))
)
_BEHIND = Prepared(
    select(LicenseRow.id, LicenseRow.seq, TokenRow.seq)
    .join(TokenRow, TokenRow.license_id == LicenseRow.id)
    .where(TokenRow.seq > LicenseRow.seq)
    .order_by(LicenseRow.id)
)
_SIGNED = Prepared(
    select(*_raw(IssuanceRow, "leaf_idx", "kid", "signed_hash", "recorded_at"))
    .where(IssuanceRow.signed_hash != NOTHING_SIGNED)
    .order_by(IssuanceRow.leaf_idx)
)


def read_in_parts(session: Session) -> None:
    """The whole ledger is read in this transaction, part by part: each by the indexes, and as long as it takes.

    PostgreSQL would rather read whole tables for each part, with all cores: it thinks of disks that turn.
    """
    without_time_limit(session)
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL random_page_cost = 1.1"))
        session.execute(text("SET LOCAL max_parallel_workers_per_gather = 0"))


def deeds(session: Session, start: int, end: int) -> list[Row]:
    """The leaves [start, end) in order: index, body; LEAF and RECORDED of the issuance; salt, record, and token.

    What is missing is None.
    """
    return _DEEDS.all(session, start=start, end=end)


def nodes(session: Session, level: int, start: int, end: int) -> list[bytes]:
    """The stored hashes of a level's nodes [start, end), those that are there, in order."""
    return [hash for (hash,) in _NODES.all(session, level=level, start=start, end=end)]


def pages(session: Session, most: int) -> Iterator[tuple[str, str]]:
    """The first and the last id of pages of `most` licenses by id; no id is less than the first of all."""
    first = ""
    while len(ends := _PAGE.all(session, first=first, others=most - 1)) > 1:
        (last,), (following,) = ends
        yield first, last
        first = following
    for (newest,) in _NEWEST.all(session):
        if newest is not None:
            yield first, newest


def licenses(session: Session, first: str, last: str) -> list[Row]:
    """The licenses with ids from `first` to `last`, by id: id, serial and signed hash of the newest issuance, when it
    was revoked and suspended; and then CLAIMED.
    """
    return _LICENSES.all(session, first=first, last=last)


def issued(session: Session, first: str, last: str) -> dict[str, tuple[str | None, str | None]]:
    """What was signed for the licenses with ids from `first` to `last` last, by their ids: its hash, and the token."""
    return {id: (hash, token) for id, hash, token in _ISSUED.all(session, first=first, last=last)}


def ended(session: Session) -> tuple[set[str], set[str]]:
    """The ids of the licenses that are revoked by their rows, and of those that are suspended."""
    query = select(*_raw(LicenseRow, "id", "revoked_at", "suspended_at"))
    either = or_(LicenseRow.revoked_at.is_not(None), LicenseRow.suspended_at.is_not(None))
    found = session.execute(query.where(either)).all()
    return {id for id, revoked, _ in found if revoked is not None}, {id for id, *_, at in found if at is not None}


def behind(session: Session) -> list[Row]:
    """The licenses whose rows are older than one of their tokens: id, the row's number, the token's."""
    return _BEHIND.all(session)


def signed(session: Session) -> list[Row]:
    """The leaves that signed something, in order: index, `kid`, hash of what was signed, Unix seconds."""
    return _SIGNED.all(session)


def is_erased(session: Session, serial: str) -> bool:
    """Whether an erasure that names the issuance is recorded."""
    erasure = select(IssuanceRow.serial).where(IssuanceRow.refers_to == serial, IssuanceRow.kind == Kind.ERASED)
    return session.scalar(erasure.limit(1)) is not None


def states(session: Session) -> Iterator[tuple[str, Kind]]:
    """The deeds that changed the state of a license, in order: its id, and the kind."""
    query = (
        select(IssuanceRow.license_id, IssuanceRow.kind)
        # A voided sale that signed a license anew went back to the issue before; else it ended the license.
        .where(IssuanceRow.kind.in_(_STATES), IssuanceRow.signed_hash == NOTHING_SIGNED)
        .where(IssuanceRow.license_id.is_not(None))  # a sale that was over when it was imported made none
        .order_by(IssuanceRow.leaf_idx)
        .execution_options(yield_per=10_000)
    )
    for license_id, kind in session.execute(query):
        yield str(license_id), Kind(kind)
