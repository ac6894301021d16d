"""The append-only ledger tables, and the erasable records beside them.

`ledger_leaf`, `ledger_node`, `ledger_checkpoint` and `issuance` are written once: triggers refuse UPDATE and DELETE on
both databases, and on PostgreSQL the server's role has no right to either.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter

from sqlalchemy import BigInteger, LargeBinary, String, Text, and_, bindparam, delete, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.errors import LedgerBroken
from licensing.core.ledger import Kind, Leaf, Node, grow
from licensing.core.ledger import root as ledger_root
from licensing.storage import bulk
from licensing.storage.database import Base, take_turns
from licensing.storage.prepared import Prepared, inserting

APPEND_ONLY = ("ledger_leaf", "ledger_node", "ledger_checkpoint", "issuance")


class LeafRow(Base):
    __tablename__ = "ledger_leaf"

    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)


class NodeRow(Base):
    __tablename__ = "ledger_node"

    level: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes] = mapped_column(LargeBinary)


class CheckpointRow(Base):
    __tablename__ = "ledger_checkpoint"

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    note: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime]


class IssuanceRow(Base):
    """One deed, in columns that reports can count. No personal data."""

    __tablename__ = "issuance"

    serial: Mapped[str] = mapped_column(String(32), primary_key=True)
    leaf_idx: Mapped[int] = mapped_column(BigInteger, unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    license_id: Mapped[str | None] = mapped_column(String(32), index=True)
    organization_id: Mapped[str | None] = mapped_column(String(32), index=True)
    kid: Mapped[str] = mapped_column(String(80))
    signed_hash: Mapped[str] = mapped_column(String(64))
    record_hash: Mapped[str] = mapped_column(String(64))
    edition: Mapped[str | None] = mapped_column(String(10))
    tier: Mapped[str | None] = mapped_column(String(40))
    seats: Mapped[int | None]
    effective_at: Mapped[datetime]
    recorded_at: Mapped[datetime]
    support: Mapped[str | None] = mapped_column(String(40))
    order_number: Mapped[str | None] = mapped_column(String(80), index=True)
    amount_minor: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[str | None] = mapped_column(String(3))
    salesperson_id: Mapped[str | None] = mapped_column(String(40))
    quote_id: Mapped[str | None] = mapped_column(String(32))
    # The issuance that a voided sale, a refund or an erasure is about.
    refers_to: Mapped[str | None] = mapped_column(String(32), index=True)
    # The term that is paid for starts; the license ends. Null for trials, and the start for what buys no term.
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]


class RecordRow(Base):
    """Erasable: the salt and the private record that a leaf's last line hashes."""

    __tablename__ = "issuance_record"

    serial: Mapped[str] = mapped_column(String(32), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    record: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Issuance:
    """A deed as it is counted and hashed. Fields that do not fit its kind are None.

    `amount_minor` is what is paid, or paid back by a refund, in minor units of `currency`. `starts_at` is when the term
    that is bought starts, `ends_at` when the license ends.
    """

    serial: str
    kind: Kind
    license_id: str | None
    organization_id: str | None
    kid: str
    signed_hash: str
    record_hash: str
    edition: str | None
    tier: str | None
    seats: int | None
    effective_at: datetime
    recorded_at: datetime
    support: str | None = None
    order_number: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    salesperson_id: str | None = None
    quote_id: str | None = None
    refers_to: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def leaf(self) -> Leaf:
        return Leaf(
            self.kind, self.serial, int(self.recorded_at.timestamp()), self.kid, self.signed_hash, self.record_hash
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """A deed with the salt and the private record that its leaf holds the hash of."""

    issuance: Issuance
    salt: bytes
    record: bytes


@dataclass(frozen=True, slots=True)
class EntryRows:
    """Entries as the database keeps them, but for the index that each gets when it is appended."""

    bodies: Sequence[bytes]
    issuances: Sequence[bulk.Row]
    records: Sequence[bulk.Row]


@dataclass(frozen=True, slots=True)
class Published:
    """A signed checkpoint."""

    size: int
    note: str
    published_at: datetime


_NEWEST = Prepared(select(func.max(LeafRow.idx)))
_NODE = Prepared(select(NodeRow.hash).where(NodeRow.level == bindparam("level"), NodeRow.idx == bindparam("idx")))


def size(session: Session) -> int:
    """Number of leaves."""
    row = _NEWEST.first(session)
    return 0 if row is None or row[0] is None else int(row[0]) + 1


def node(session: Session, level: int, index: int) -> bytes:
    """The hash of a complete subtree."""
    row = _NODE.first(session, level=level, idx=index)
    if row is None:
        raise LedgerBroken(f"The ledger's node {index} of level {level} is missing.")
    return bytes(row[0])


def root(session: Session, size: int) -> bytes:
    """The root hash of the first `size` leaves, from the stored nodes."""
    return ledger_root(size, lambda level, index: node(session, level, index))


def lock(session: Session) -> None:
    """Whoever else writes the ledger, a checkpoint or a revoked list waits until this transaction ends."""
    take_turns(session, "ledger")


_ADD_LEAF, _ADD_NODE = inserting(LeafRow), inserting(NodeRow)
_ADD_ISSUANCE, _ADD_RECORD = inserting(IssuanceRow), inserting(RecordRow)


def append(session: Session, entry: Entry) -> int:
    """The index of the new leaf. Other writers wait until this transaction ends, so call it late."""
    lock(session)
    index = size(session)
    issuance, body = entry.issuance, entry.issuance.leaf().body()
    for new in grow(index, body, lambda level, at: node(session, level, at)):
        _ADD_NODE.run(session, level=new.level, idx=new.index, hash=new.hash)
    _ADD_LEAF.run(session, idx=index, body=body)
    values = {field: getattr(issuance, field) for field in Issuance.__slots__}
    _ADD_ISSUANCE.run(session, leaf_idx=index, **values)
    _ADD_RECORD.run(session, serial=issuance.serial, salt=entry.salt, record=entry.record)
    return index


def rows_of(entries: Sequence[Entry]) -> EntryRows:
    """What `append_many` writes."""
    issuances = [entry.issuance for entry in entries]
    return EntryRows(
        [each.leaf().body() for each in issuances],
        [tuple(map(bulk.stored, _FIELDS(each))) for each in issuances],
        [(entry.issuance.serial, entry.salt, entry.record) for entry in entries],
    )


_FIELDS = attrgetter(*Issuance.__slots__)


def append_many(session: Session, entries: EntryRows) -> None:
    """As `append`, for many: one query, and one statement a table."""
    lock(session)
    start = size(session)
    bulk.insert(session, LeafRow, ("idx", "body"), list(enumerate(entries.bodies, start)))
    nodes = _grow(session, start, entries.bodies)
    bulk.insert(session, NodeRow, ("level", "idx", "hash"), [(new.level, new.index, new.hash) for new in nodes])
    issuances = [(index, *row) for index, row in enumerate(entries.issuances, start)]
    bulk.insert(session, IssuanceRow, ("leaf_idx", *Issuance.__slots__), issuances)
    bulk.insert(session, RecordRow, ("serial", "salt", "record"), entries.records)


def _grow(session: Session, start: int, bodies: Sequence[bytes]) -> list[Node]:
    """The nodes that `bodies` add to a tree of `start` leaves; the stored ones they need come in one query."""
    known = _left_siblings(session, start, start + len(bodies))
    nodes: list[Node] = []
    for index, body in enumerate(bodies, start):
        grown = grow(index, body, lambda level, idx: known[level, idx])
        known.update(((new.level, new.index), new.hash) for new in grown)
        nodes += grown
    return nodes


def _left_siblings(session: Session, start: int, end: int) -> dict[tuple[int, int], bytes]:
    """The stored nodes whose right siblings are completed while a tree grows from `start` to `end` leaves."""
    wanted = [
        and_(NodeRow.level == level, NodeRow.idx == (start >> level) - 1)
        for level in range(start.bit_length())
        if start >> level & 1 and ((start >> level) + 1) << level <= end
    ]
    if not wanted:
        return {}
    rows = session.execute(select(NodeRow.level, NodeRow.idx, NodeRow.hash).where(or_(*wanted)))
    return {(level, idx): hash for level, idx, hash in rows}


def find(session: Session, serial: str) -> Issuance | None:
    row = session.get(IssuanceRow, serial)
    return None if row is None else from_row(row)


def index_of(session: Session, serial: str) -> int | None:
    """The leaf's index."""
    return session.scalar(select(IssuanceRow.leaf_idx).where(IssuanceRow.serial == serial))


def of_license(session: Session, license_id: str) -> list[Issuance]:
    """The license's deeds in the order of the ledger."""
    rows = session.scalars(
        select(IssuanceRow).where(IssuanceRow.license_id == license_id).order_by(IssuanceRow.leaf_idx)
    )
    return [from_row(row) for row in rows]


def actor_of_last(session: Session, license_id: str, kind: Kind) -> str | None:
    """Who did the license's last deed of the kind, as its private record says; None if there is none, or no more."""
    record = session.scalar(
        select(RecordRow.record)
        .select_from(IssuanceRow)
        .outerjoin(RecordRow, RecordRow.serial == IssuanceRow.serial)
        .where(IssuanceRow.license_id == license_id, IssuanceRow.kind == kind)
        .order_by(IssuanceRow.leaf_idx.desc())
        .limit(1)
    )
    return None if record is None else str(json.loads(record)["actor"])


def of_organizations(session: Session, ids: Sequence[str]) -> list[Issuance]:
    """The organisations' deeds in the order of the ledger."""
    rows = session.scalars(
        select(IssuanceRow).where(IssuanceRow.organization_id.in_(ids)).order_by(IssuanceRow.leaf_idx)
    )
    return [from_row(row) for row in rows]


def page(session: Session, before: int | None, kind: Kind | None, limit: int) -> list[tuple[int, Issuance]]:
    """The newest deeds below the leaf `before`, each with its leaf's index; of one kind, if it is not None."""
    query = select(IssuanceRow).order_by(IssuanceRow.leaf_idx.desc()).limit(limit)
    if before is not None:
        query = query.where(IssuanceRow.leaf_idx < before)
    if kind is not None:
        query = query.where(IssuanceRow.kind == kind)
    return [(row.leaf_idx, from_row(row)) for row in session.scalars(query)]


def referring(session: Session, serial: str, kind: Kind) -> list[Issuance]:
    """The deeds of a kind that are about the issuance `serial`, in order."""
    rows = session.scalars(
        select(IssuanceRow)
        .where(IssuanceRow.refers_to == serial, IssuanceRow.kind == kind)
        .order_by(IssuanceRow.leaf_idx)
    )
    return [from_row(row) for row in rows]


def erase_record(session: Session, serial: str) -> bool:
    """Whether the private record of an issuance was there; it is gone now, with its salt. The leaf stays."""
    deleted = session.execute(delete(RecordRow).where(RecordRow.serial == serial).returning(RecordRow.serial))
    return deleted.first() is not None


def leaves(session: Session, start: int, limit: int) -> list[tuple[int, bytes]]:
    """Up to `limit` leaf bodies from index `start` on, with their indexes."""
    query = select(LeafRow.idx, LeafRow.body).where(LeafRow.idx >= start).order_by(LeafRow.idx).limit(limit)
    return [(idx, body) for idx, body in session.execute(query)]


def node_count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(NodeRow)) or 0


def issuance_count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(IssuanceRow)) or 0


def newest_checkpoint(session: Session) -> Published | None:
    row = session.scalar(select(CheckpointRow).order_by(CheckpointRow.size.desc()).limit(1))
    return None if row is None else Published(row.size, row.note, row.published_at)


def publish_checkpoint(session: Session, size: int, note: str, now: datetime) -> None:
    session.add(CheckpointRow(size=size, note=note, published_at=now))


def from_row(row: IssuanceRow) -> Issuance:
    """The row as a value."""
    values = {field: getattr(row, field) for field in Issuance.__slots__}
    return Issuance(**{**values, "kind": Kind(row.kind)})
