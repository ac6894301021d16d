"""The audit: proves every table of the ledger against the others and against what was published of it.

It trusts nothing stored: the tree is built anew from the leaf bodies and compared with the stored nodes, whose roots
must be those of the checkpoints; every leaf is compared with its issuance, record and token, and back; every license
with its newest issuance and token, and with the deeds that suspend and revoke.

Rows that did not change since an audit found them good are good. So it keeps the hashes of groups of rows, in a file
outside of the database, reads and hashes all rows each time, and looks closer at groups that are new or differ: to
verify a signature takes three times as long as to read a leaf's rows, and to compare them as long (docs/adr/0020).
"""

from __future__ import annotations

import hashlib
import json
import marshal
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from licensing import __version__
from licensing.core.checkpoints import Checkpoint
from licensing.core.encoding import unb64url
from licensing.core.errors import KeyUnusable, LedgerBroken, Unauthentic
from licensing.core.ledger import (
    EMPTY_ROOT,
    NOTHING_SIGNED,
    Kind,
    complete_levels,
    leaf_body,
    leaf_hash,
    record_hash,
    signed_hash,
)
from licensing.core.licenses import verify_license
from licensing.core.tokens import Headers
from licensing.services.ledger import Ledger
from licensing.services.signing import KeyStore
from licensing.storage import audit as rows
from licensing.storage import keyfiles, ledger
from licensing.storage.database import Database, without_time_limit

LEVELS = 12
CHUNK = 1 << LEVELS
"""Leaves that are looked at together: a complete subtree."""
TOGETHER = 512
"""Rows that are remembered by one hash."""
_LEAF, _RECORDED = len(rows.LEAF), len(rows.RECORDED)
Look = Callable[[Sequence[rows.Row]], Iterable[str]]
Progress = Callable[[int, int], None]
NamedNote = tuple[str, str]
"""Where a checkpoint's note was found, and the note."""


@dataclass(slots=True)
class Report:
    """What the audit looked at and what it found; no findings means that everything fits."""

    leaves: int = 0
    licenses: int = 0
    checkpoint_size: int = 0
    signatures: int = 0
    findings: list[str] = field(default_factory=list)


class Audit:
    """One audit at a time over one database. `verified` is the file that remembers which signatures were good."""

    def __init__(self, database: Database, keys: KeyStore, checkpoints: Ledger, verified: Path) -> None:
        self._database = database
        self._keys = keys
        self._checkpoints = checkpoints
        self._verified = verified

    def run(
        self, progress: Progress = lambda done, total: None, outside: Sequence[NamedNote] = (), *, anew: bool = False
    ) -> Report:
        """The report of the moment at which it begins. `progress` is told how many of how many leaves are done.

        `outside` are notes that were kept where nobody who can write the database can write. With `anew` nothing that
        is remembered counts.
        """
        report = Report()
        published = [*self._published(report), *self._outside(outside, report)]
        report.checkpoint_size = max((checkpoint.size for checkpoint in published), default=0)
        headers = self._keys.current().keyring.ignoring_revocation()
        known = _Known(set() if anew else self._remembered())
        with self._database.snapshot() as session:
            without_time_limit(session)
            self._leaves(session, published, known, headers, report, progress)
            self._licenses(session, known, report)
        keyfiles.write_text(self._verified, "\n".join(known.good))
        return report

    def _remembered(self) -> set[str]:
        try:
            return set((keyfiles.read_text(self._verified) or "").split())
        except KeyUnusable:
            return set()

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

    def _outside(self, notes: Sequence[NamedNote], report: Report) -> Iterator[Checkpoint]:
        for name, note in notes:
            try:
                yield self._checkpoints.read(note)
            except LedgerBroken as error:
                report.findings.append(f"checkpoint in {name}: {error.detail}")

    def _leaves(
        self,
        session: Session,
        published: Sequence[Checkpoint],
        known: _Known,
        headers: Headers,
        report: Report,
        progress: Progress,
    ) -> None:
        total, subtrees = ledger.size(session), list[bytes]()
        while chunk := rows.deeds(session, report.leaves, report.leaves + CHUNK):
            start = report.leaves
            for expected, row in enumerate(chunk, start):
                if row[0] != expected:
                    report.findings.append(f"leaf {expected}: missing")
                    return
            levels = list(complete_levels([leaf_hash(row[1]) for row in chunk]))
            for level, made in enumerate(levels):
                _compare_nodes(session, level, start >> level, made, report)
            subtrees += levels[LEVELS] if len(levels) > LEVELS else []
            compare = partial(_compare_deed, headers=headers, report=report, is_erased=partial(rows.is_erased, session))
            report.findings += known.problems("deeds", chunk, partial(_each, compare))
            report.leaves += len(chunk)
            progress(report.leaves, total)
        for level, made in enumerate(islice(complete_levels(subtrees), 1, None), LEVELS + 1):
            _compare_nodes(session, level, 0, made, report)
        if ledger.node_count(session) != 2 * report.leaves - report.leaves.bit_count():
            report.findings.append("nodes: more or fewer than the leaves make")
        if ledger.issuance_count(session) != report.leaves:
            report.findings.append("issuances: more or fewer than leaves")
        report.findings += filter(None, (_compare_root(session, each, report.leaves) for each in published))

    def _licenses(self, session: Session, known: _Known, report: Report) -> None:
        after, revoked, suspended = "", set[str](), set[str]()
        while page := rows.licenses(session, after, CHUNK):
            report.licenses += len(page)
            report.findings += known.problems("licenses", page, partial(_compare_licenses, session))
            revoked.update(id for id, _, _, at, *_ in page if at is not None)
            suspended.update(id for id, _, _, _, at, *_ in page if at is not None)
            after = page[-1][0]
        for id, seq, newest in rows.behind(session):
            report.findings.append(f"license {id}: its row is at seq {seq}, its newest token at {newest}")
        report.findings += _compare_states(rows.states(session), revoked, suspended)


class _Known:
    """Looks closer at groups of rows that are not known to be good, and knows more afterwards."""

    def __init__(self, known: set[str]) -> None:
        self._known = known
        self.good: list[str] = []

    def problems(self, what: str, found: Sequence[rows.Row], look: Look) -> Iterator[str]:
        """What `look` says is wrong with the rows of a table or join called `what`."""
        for start in range(0, len(found), TOGETHER):
            group = found[start : start + TOGETHER]
            digest = _digest(what, group)
            wrong = [] if digest in self._known else list(look(group))
            if not wrong:
                self.good.append(digest)
            yield from wrong


def _digest(what: str, group: Any) -> str:
    """SHA-256 hex of the rows, for this version: another one may look for more."""
    digest = hashlib.sha256(f"{__version__} {what}\n".encode())
    digest.update(marshal.dumps(group, 2))  # of equal rows always the same bytes, and of no others
    return digest.hexdigest()


def _compare_nodes(session: Session, level: int, first: int, made: list[bytes], report: Report) -> None:
    stored = rows.nodes(session, level, first, first + len(made))
    if stored == made:
        return
    wrong = next((at for at, (one, other) in enumerate(zip(made, stored, strict=False)) if one != other), len(stored))
    report.findings.append(f"node {level}/{first + wrong}: not what its leaves make")


def _compare_root(session: Session, checkpoint: Checkpoint, size: int) -> str | None:
    """What is wrong with what was published; the stored nodes were compared with the leaves before."""
    if checkpoint.size > size:
        return f"leaves {size} to {checkpoint.size - 1}: published, and gone"
    if checkpoint.size == 0:
        empty = checkpoint.root == EMPTY_ROOT
        return None if empty else "checkpoint of 0 leaves: its root is not that of an empty ledger"
    try:
        fits = ledger.root(session, checkpoint.size) == checkpoint.root
    except LedgerBroken as error:
        return error.detail
    return None if fits else f"leaves 0 to {checkpoint.size - 1}: not those of the published checkpoint"


def _each(compare: Callable[[rows.Row], str | None], group: Sequence[rows.Row]) -> Iterator[str]:
    """The findings on leaves."""
    for row in group:
        problem = compare(row)
        if problem is not None:
            yield f"leaf {row[0]}: {problem}"


def _compare_deed(row: rows.Row, *, headers: Headers, report: Report, is_erased: Callable[[str], bool]) -> str | None:
    _, body, *told = row
    said, columns, (salt, record, token) = told[:_LEAF], told[_LEAF : _LEAF + _RECORDED], told[_LEAF + _RECORDED :]
    _, serial, _, _, signed, sealed = said
    if serial is None:
        return "no issuance belongs to it"
    if leaf_body(*said) != body:
        return "its issuance says something else"
    if record is not None:
        if record_hash(salt, record) != sealed:
            return "its private record was altered"
        if _columns(record) != columns:
            return "its issuance's columns differ from its private record"
    elif not is_erased(serial):
        return "its private record is gone, and no erasure is recorded"
    if signed == NOTHING_SIGNED:
        return None
    if token is None:
        return None if is_erased(serial) else "its token is gone, and no erasure is recorded"
    if signed_hash(token.rpartition(".")[0]) != signed:
        return "its token was altered"
    report.signatures += 1
    try:
        verify_license(token, headers)
    except Unauthentic:
        return "its token's signature was altered"
    return None


_read = json.JSONDecoder().raw_decode
"""The value at the beginning of a text. Its hash was compared before: nothing that we did not write comes here."""
_NAMES = tuple(rows.RECORDED.values())


def _columns(record: bytes) -> list[object] | None:
    """What the private record says of the issuance's columns; its hash was compared before."""
    try:
        return list(map(_read(record.decode())[0].get, _NAMES))
    except (ValueError, AttributeError):
        return None


_of_claims, _of_koor = itemgetter("sub", "nbf"), itemgetter("edition", "tier", "support", "seats", "np_seats", "seq")


def _compare_licenses(session: Session, group: Sequence[rows.Row]) -> Iterator[str]:
    """The findings on licenses' rows; their tokens were compared with the leaves already."""
    issued = rows.issued(session, group[0][0], group[-1][0])
    for id, _, signed, _, _, *columns in group:
        problem = _compare_license(signed, columns, *issued[id])
        if problem is not None:
            yield f"license {id}: {problem}"


def _compare_license(signed: str, columns: list[object], newest_signed: str | None, token: str | None) -> str | None:
    if newest_signed is None or newest_signed != signed:
        return "its newest issuance is not in the ledger"
    if token is None:
        return None
    claimed = _claimed(token)
    if claimed is None:
        return "its newest token can't be read"
    if claimed != columns:
        wrong = [name for name, one, other in zip(rows.CLAIMED, claimed, columns, strict=True) if one != other]
        return f"its row differs from its newest token in {', '.join(wrong)}"
    return None


def _claimed(token: str) -> list[Any] | None:
    """What the token says of the license's columns; None for one that can't be read."""
    try:
        claims = _read(unb64url(token.split(".")[1]).decode())[0]
        organization, starts_at = _of_claims(claims)
        koor = claims["koor"]
        relay = koor.get("relay") or {}
        return [organization, *_of_koor(koor), starts_at, claims.get("exp"), relay.get("kid"), relay.get("x")]
    except (ValueError, LookupError, TypeError, AttributeError):
        return None


def _compare_states(deeds: Iterable[tuple[str, Kind]], revoked: set[str], suspended: set[str]) -> Iterator[str]:
    """The findings on licenses that are revoked or suspended by their rows, or by the deeds, and not by both."""
    revoked_by_deeds, suspended_by_deeds = set[str](), set[str]()
    for id, kind in deeds:
        if kind is Kind.SUSPENDED:
            suspended_by_deeds.add(id)
        elif kind is Kind.REINSTATED:
            suspended_by_deeds.discard(id)
        else:
            revoked_by_deeds.add(id)
    for what, one, other in (
        ("revoked", revoked, revoked_by_deeds),
        ("suspended", suspended, suspended_by_deeds),
    ):
        for id in sorted(one ^ other):
            yield f"license {id}: its row and the ledger disagree on whether it is {what}"
