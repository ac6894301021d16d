"""What the audit reads: the ledger's tables side by side, in chunks."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session, aliased

from licensing.core.ledger import NOTHING_SIGNED, Kind
from licensing.core.standings import Standing
from licensing.storage.ledger import Issuance, IssuanceRow, NodeRow, RecordRow, from_row
from licensing.storage.licenses import TokenRow, page

_STATES = (Kind.SUSPENDED, Kind.REINSTATED, Kind.REVOKED, Kind.VOIDED)


@dataclass(frozen=True, slots=True)
class AuditedDeed:
    """An issuance with its erasable parts; `erased` when an erasure that names it is recorded."""

    issuance: Issuance
    salt: bytes | None
    record: bytes | None
    token: str | None
    erased: bool


@dataclass(frozen=True, slots=True)
class AuditedLicense:
    """A license with its newest issuance and token, and the deeds that changed its state, in order."""

    standing: Standing
    issuance: Issuance | None
    token: str | None
    newest_seq: int
    states: tuple[Kind, ...]


def nodes(session: Session, start: int, end: int) -> dict[tuple[int, int], bytes]:
    """The stored nodes that leaves [start, end) complete, by level and index."""
    ranges = [
        and_(NodeRow.level == level, NodeRow.idx >= start >> level, NodeRow.idx < end >> level)
        for level in range(end.bit_length())
    ]
    found = session.execute(select(NodeRow.level, NodeRow.idx, NodeRow.hash).where(or_(*ranges)))
    return {(level, idx): hash for level, idx, hash in found}


def deeds(session: Session, start: int, end: int) -> dict[int, AuditedDeed]:
    """The issuances of leaves [start, end), by leaf index."""
    erasure = aliased(IssuanceRow)
    erased = select(erasure.serial).where(erasure.refers_to == IssuanceRow.serial, erasure.kind == Kind.ERASED).exists()
    found = session.execute(
        select(IssuanceRow, RecordRow.salt, RecordRow.record, TokenRow.token, erased)
        .outerjoin(RecordRow, RecordRow.serial == IssuanceRow.serial)
        .outerjoin(TokenRow, TokenRow.jti == IssuanceRow.serial)
        .where(IssuanceRow.leaf_idx >= start, IssuanceRow.leaf_idx < end)
    )
    return {
        row.leaf_idx: AuditedDeed(from_row(row), salt, record, token, is_erased)
        for row, salt, record, token, is_erased in found
    }


def licenses(session: Session, after: str, limit: int) -> list[AuditedLicense]:
    """Up to `limit` licenses by id, after the id `after`."""
    standings = page(session, after, limit)
    if not standings:
        return []
    first, last = standings[0].license_id, standings[-1].license_id
    within = (IssuanceRow.license_id >= first, IssuanceRow.license_id <= last)
    issuances = {row.serial: from_row(row) for row in session.scalars(select(IssuanceRow).where(*within))}
    states: dict[str | None, list[Kind]] = {}
    for license_id, kind in session.execute(
        select(IssuanceRow.license_id, IssuanceRow.kind)
        # A voided sale that signed a license anew went back to the issue before; else it ended the license.
        .where(*within, IssuanceRow.kind.in_(_STATES), IssuanceRow.signed_hash == NOTHING_SIGNED)
        .order_by(IssuanceRow.leaf_idx)
    ):
        states.setdefault(license_id, []).append(Kind(kind))
    tokens: dict[str, str] = {}
    newest: dict[str, int] = {}
    of_page = (TokenRow.license_id >= first, TokenRow.license_id <= last)
    for row in session.scalars(select(TokenRow).where(*of_page)):
        tokens[row.jti] = row.token
        newest[row.license_id] = max(row.seq, newest.get(row.license_id, 0))
    return [
        AuditedLicense(
            standing,
            issuances.get(standing.jti),
            tokens.get(standing.jti),
            newest.get(standing.license_id, standing.seq),
            tuple(states.get(standing.license_id, ())),
        )
        for standing in standings
    ]
