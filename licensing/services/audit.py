"""The audit: proves every table of the ledger against the others and against what was published of it.

It trusts nothing stored: the tree is built anew from the leaf bodies and compared with the stored nodes and with both
checkpoints; every leaf is compared with its issuance, record and token, and back; every license with its newest
issuance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.checkpoints import Checkpoint
from licensing.core.encoding import read_token_json, unb64url
from licensing.core.errors import LedgerBroken, Unauthentic
from licensing.core.ledger import EMPTY_ROOT, NOTHING_SIGNED, Kind, Node, grow, node_hash, record_hash, signed_hash
from licensing.core.licenses import License, parse_license, verify_license
from licensing.core.standings import issued
from licensing.core.tokens import Headers
from licensing.services.ledger import Ledger
from licensing.services.signing import KeyStore
from licensing.storage import audit as rows
from licensing.storage import ledger
from licensing.storage.database import Database

CHUNK = 5_000
Progress = Callable[[int, int], None]


@dataclass(slots=True)
class Report:
    """What the audit looked at and what it found; no findings means that everything fits."""

    leaves: int = 0
    licenses: int = 0
    checkpoint_size: int = 0
    findings: list[str] = field(default_factory=list)


class _Tree:
    """The tree as it grows from the leaves alone: the rightmost node of each level, and the roots on the way."""

    def __init__(self) -> None:
        self.size = 0
        self._last: dict[int, Node] = {}

    def add(self, body: bytes) -> list[Node]:
        nodes = grow(self.size, body, lambda level, _: self._last[level].hash)
        for node in nodes:
            self._last[node.level] = node
        self.size += 1
        return nodes

    def root(self) -> bytes:
        """The root of the leaves so far: the complete subtrees of its binary size, joined from the right."""
        levels = [level for level in range(self.size.bit_length()) if self.size >> level & 1]
        if not levels:
            return EMPTY_ROOT
        root = self._last[levels[0]].hash
        for level in levels[1:]:
            root = node_hash(self._last[level].hash, root)
        return root


class Audit:
    """One audit at a time over one database."""

    def __init__(self, database: Database, keys: KeyStore, checkpoints: Ledger) -> None:
        self._database = database
        self._keys = keys
        self._checkpoints = checkpoints

    def run(self, progress: Progress = lambda done, total: None) -> Report:
        """The report of a full audit. `progress` is told how many of how many leaves are done."""
        report = Report()
        published = list(self._published(report))
        report.checkpoint_size = max((checkpoint.size for checkpoint in published), default=0)
        with self._database.read() as session:
            self._leaves(session, published, report, progress)
            self._licenses(session, report)
        return report

    def _published(self, report: Report) -> Iterator[Checkpoint]:
        for where, read in (
            ("database", self._checkpoints.inside_checkpoint),
            ("high-water file", self._checkpoints.outside_checkpoint),
        ):
            try:
                checkpoint = read()
            except LedgerBroken as error:
                report.findings.append(f"checkpoint in the {where}: {error.detail}")
                continue
            if checkpoint is not None:
                yield checkpoint

    def _leaves(self, session: Session, published: list[Checkpoint], report: Report, progress: Progress) -> None:
        tree, total = _Tree(), ledger.size(session)
        headers = self._keys.current().keyring.ignoring_revocation()
        roots = {checkpoint.size: checkpoint.root for checkpoint in published}
        if roots.get(0, EMPTY_ROOT) != EMPTY_ROOT:
            report.findings.append("checkpoint of 0 leaves: its root is not that of an empty ledger")
        while chunk := ledger.leaves(session, tree.size, CHUNK):
            start, grown = tree.size, {}
            for index, body in chunk:
                if index != tree.size:
                    report.findings.append(f"leaf {tree.size}: missing")
                    return
                grown.update({(node.level, node.index): node.hash for node in tree.add(body)})
                if roots.get(tree.size) not in (None, tree.root()):
                    report.findings.append(f"leaves 0 to {index}: not those of the published checkpoint")
            _compare_nodes(grown, rows.nodes(session, start, tree.size), report)
            _compare_deeds(dict(chunk), rows.deeds(session, start, tree.size), headers, report)
            progress(tree.size, total)
        report.leaves = tree.size
        for size in roots:
            if size > tree.size:
                report.findings.append(f"leaves {tree.size} to {size - 1}: published, and gone")
        if ledger.node_count(session) != 2 * tree.size - tree.size.bit_count():
            report.findings.append("nodes: more or fewer than the leaves make")
        if ledger.issuance_count(session) != tree.size:
            report.findings.append("issuances: more or fewer than leaves")

    def _licenses(self, session: Session, report: Report) -> None:
        after = ""
        while page := rows.licenses(session, after, CHUNK):
            report.licenses += len(page)
            for audited in page:
                problem = _compare_license(audited)
                if problem is not None:
                    report.findings.append(f"license {audited.standing.license_id}: {problem}")
            after = page[-1].standing.license_id


def _compare_nodes(grown: dict[tuple[int, int], bytes], stored: dict[tuple[int, int], bytes], report: Report) -> None:
    if grown == stored:
        return
    for level, index in sorted(grown.keys() | stored.keys()):
        if grown.get((level, index)) != stored.get((level, index)):
            report.findings.append(f"node {level}/{index}: not what its leaves make")


def _compare_deeds(
    leaves: dict[int, bytes], deeds: dict[int, rows.AuditedDeed], headers: Headers, report: Report
) -> None:
    for index, body in leaves.items():
        deed = deeds.get(index)
        problem = "no issuance belongs to it" if deed is None else _compare_deed(body, deed, headers)
        if problem is not None:
            report.findings.append(f"leaf {index}: {problem}")


def _compare_deed(body: bytes, deed: rows.AuditedDeed, headers: Headers) -> str | None:
    issuance = deed.issuance
    if issuance.leaf().body() != body:
        return "its issuance says something else"
    if deed.salt is not None and deed.record is not None:
        if record_hash(deed.salt, deed.record) != issuance.record_hash:
            return "its private record was altered"
        if _columns(deed.record) != _expected_columns(issuance):
            return "its issuance's columns differ from its private record"
    elif not deed.erased:
        return "its private record is gone, and no erasure is recorded"
    if issuance.signed_hash == NOTHING_SIGNED:
        return None
    if deed.token is None:
        return None if deed.erased else "its token is gone, and no erasure is recorded"
    if signed_hash(deed.token.rpartition(".")[0]) != issuance.signed_hash:
        return "its token was altered"
    try:
        verify_license(deed.token, headers)
    except Unauthentic:
        return "its token's signature was altered"
    return None


def _columns(record: bytes) -> tuple[object, ...] | None:
    try:
        members = read_token_json(record)
    except ValueError:
        return None
    if not isinstance(members, dict):
        return None
    return tuple(members.get(name) for name in _RECORDED)


_RECORDED = (
    *("effective_at", "license", "organization", "edition", "tier", "seats", "support"),
    *("order_number", "amount_minor", "currency", "salesperson", "quote", "refers_to", "starts_at", "ends_at"),
)


def _expected_columns(issuance: ledger.Issuance) -> tuple[object, ...]:
    return (
        int(issuance.effective_at.timestamp()),
        issuance.license_id,
        issuance.organization_id,
        issuance.edition,
        issuance.tier,
        issuance.seats,
        issuance.support,
        issuance.order_number,
        issuance.amount_minor,
        issuance.currency,
        issuance.salesperson_id,
        issuance.quote_id,
        issuance.refers_to,
        _seconds(issuance.starts_at),
        _seconds(issuance.ends_at),
    )


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


_SAME = (
    *("organization_id", "edition", "tier", "support", "seats", "np_seats", "seq", "starts_at", "ends_at"),
    *("relay_kid", "relay_x"),
)


def _compare_license(audited: rows.AuditedLicense) -> str | None:
    """What is wrong with a license's row; its token was compared with its leaf already."""
    standing = audited.standing
    if audited.newest_seq != standing.seq:
        return f"its row is at seq {standing.seq}, its newest token at {audited.newest_seq}"
    if audited.issuance is None or audited.issuance.signed_hash != standing.signed_hash:
        return "its newest issuance is not in the ledger"
    if audited.token is None:
        return None
    license = _claims(audited.token)
    if license is None:
        return "its newest token can't be read"
    told = issued(license, standing.signed_hash, standing)
    wrong = [name for name in _SAME if getattr(told, name) != getattr(standing, name)]
    if wrong:
        return f"its row differs from its newest token in {', '.join(wrong)}"
    if (standing.revoked_at is not None) != _is_revoked(audited.states):
        return "its row and the ledger disagree on whether it is revoked"
    if (standing.suspended_at is not None) != _is_suspended(audited.states):
        return "its row and the ledger disagree on whether it is suspended"
    return None


def _is_suspended(states: tuple[Kind, ...]) -> bool:
    """Whether the last of the license's suspensions and reinstatements was a suspension."""
    changes = [state for state in states if state in (Kind.SUSPENDED, Kind.REINSTATED)]
    return bool(changes) and changes[-1] is Kind.SUSPENDED


def _is_revoked(states: tuple[Kind, ...]) -> bool:
    """Whether the license was revoked, or the sale that made it was voided."""
    return Kind.REVOKED in states or Kind.VOIDED in states


def _claims(token: str) -> License | None:
    try:
        claims = read_token_json(unb64url(token.split(".")[1]))
        return parse_license(claims) if isinstance(claims, dict) else None
    except (ValueError, IndexError, Unauthentic):
        return None
