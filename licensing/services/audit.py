"""The audit: proves every table of the ledger against the others and against what was published of it.

It trusts nothing stored: the tree is built anew from the leaf bodies and compared with the stored nodes, whose roots
must be those of the checkpoints; every leaf is compared with its issuance, record and token, and back; every license
with its newest issuance and token, and with the deeds that suspend and revoke.

Rows that did not change since an audit found them good are good. So it keeps the hashes of groups of rows, in a file
outside of the database, reads and hashes all rows each time, and looks closer at groups that are new or differ: to
verify a signature takes three times as long as to read a leaf's rows, and to compare them as long (docs/adr/0020).
The work is in parts that need no others, so processes may share it.
"""

from __future__ import annotations

import hashlib
import marshal
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from licensing import __version__
from licensing.core.checkpoints import Checkpoint
from licensing.core.errors import KeyUnusable, LedgerBroken
from licensing.core.ledger import EMPTY_ROOT, complete_levels, leaf_hash
from licensing.core.licenses import verify_license
from licensing.core.tokens import Headers
from licensing.services.aside import doing
from licensing.services.audit_rows import compare_deeds, compare_licenses, compare_states
from licensing.services.ledger import Ledger
from licensing.services.signing import KeyStore
from licensing.storage import audit as rows
from licensing.storage import keyfiles, ledger
from licensing.storage.database import Database

LEVELS = 11
CHUNK = 1 << LEVELS
"""Leaves that are looked at together: a complete subtree."""
TOGETHER = 512
"""Rows that are remembered by one hash."""
ROUND = 64
"""Chunks and pages that each process looks at before `progress` is told."""
PROCESSES = min(4, os.cpu_count() or 1)
"""As many as there are cores; on PostgreSQL each has one connection."""
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

    def sum_up(self, looked: Sequence[_Looked]) -> None:
        self.leaves = sum(each.leaves for each in looked)
        self.licenses = sum(each.licenses for each in looked)
        self.signatures = sum(each.signatures for each in looked)
        self.findings += [finding for each in looked for finding in each.findings]


class Audit:
    """One audit at a time over one database. `verified` is the file that remembers which rows were good."""

    def __init__(self, database: Database, keys: KeyStore, checkpoints: Ledger, verified: Path) -> None:
        self._database = database
        self._keys = keys
        self._checkpoints = checkpoints
        self._verified = verified

    def run(
        self,
        progress: Progress = lambda done, total: None,
        outside: Sequence[NamedNote] = (),
        *,
        anew: bool = False,
        processes: int = 1,
    ) -> Report:
        """The report of what was there when it began. `progress` is told how many of how many leaves are done.

        `outside` are notes that were kept where nobody who can write the database can write. With `anew` nothing that
        is remembered counts. More than one of `processes` may be asked for only where nothing else of this process has
        a connection to the database: they are all closed first.
        """
        report = Report()
        published = [*self._published(report), *self._outside(outside, report)]
        report.checkpoint_size = max((checkpoint.size for checkpoint in published), default=0)
        headers = self._keys.current().keyring.ignoring_revocation()
        look = partial(self._looked, headers, set() if anew else self._remembered())
        with self._snapshot() as session:
            size, pages = ledger.size(session), list(rows.pages(session, CHUNK))
        looked = list[_Looked]()
        for work in _rounds(size, pages, processes):
            looked += self._shared(look, work, processes)
            progress(sum(each.leaves for each in looked), size)
        report.sum_up(looked)
        with self._snapshot() as session:
            subtrees = [each.subtree for each in looked if each.subtree is not None]
            if len(subtrees) == size >> LEVELS:  # else a leaf is missing
                report.findings += _compare_top(session, subtrees)
            report.findings += filter(None, (_compare_root(session, each) for each in published))
        keyfiles.write_text(self._verified, "\n".join(good for each in looked for good in each.good))
        return report

    @contextmanager
    def _snapshot(self) -> Iterator[Session]:
        with self._database.snapshot() as session:
            rows.read_in_parts(session)
            yield session

    def _shared(
        self, look: Callable[[Sequence[Work]], list[_Looked]], work: Sequence[Work], processes: int
    ) -> list[_Looked]:
        """What was found, in order."""
        if processes == 1:
            return look(work)
        self._database.close()  # a fork would believe that it holds the locks that SQLite has of this process
        with doing(look, work, processes) as aside:
            return [each for share in aside.results() for each in share]

    def _looked(self, headers: Headers, known: set[str], work: Sequence[Work]) -> list[_Looked]:
        with self._snapshot() as session:
            return [each(session, headers, known) for each in work]

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


@dataclass(slots=True)
class _Looked:
    """What was found in a chunk of leaves, or in a page of licenses, and which groups of rows were good."""

    leaves: int = 0
    licenses: int = 0
    signatures: int = 0
    subtree: bytes | None = None
    findings: list[str] = field(default_factory=list)
    good: list[str] = field(default_factory=list)

    def verify(self, headers: Headers, token: str) -> None:
        self.signatures += 1
        verify_license(token, headers)

    def compare(self, what: str, found: Sequence[rows.Row], known: set[str], look: Look) -> None:
        """Looks closer at those groups of rows, of a table or join called `what`, that are not known to be good."""
        for start in range(0, len(found), TOGETHER):
            group = found[start : start + TOGETHER]
            digest = _digest(what, group)
            wrong = [] if digest in known else list(look(group))
            if not wrong:
                self.good.append(digest)
            self.findings += wrong


Work = Callable[[Session, Headers, set[str]], _Looked]


def _rounds(size: int, pages: Sequence[tuple[str, str]], processes: int) -> Iterator[Sequence[Work]]:
    """The work on the whole, in which each of the processes has a share of leaves and licenses in each round."""
    leaves: list[Work] = [partial(_leaves, start, min(start + CHUNK, size)) for start in range(0, size, CHUNK)]
    licenses: list[Work] = [partial(_licenses, first, last) for first, last in pages]
    work = [each for pair in zip_longest(leaves, licenses) for each in pair if each is not None] + [_whole]
    for start in range(0, len(work), ROUND * processes):
        yield work[start : start + ROUND * processes]


def _leaves(start: int, end: int, session: Session, headers: Headers, known: set[str]) -> _Looked:
    """The leaves [start, end), with all that belongs to them; and the tree above them."""
    looked, chunk = _Looked(), rows.deeds(session, start, end)
    if [row[0] for row in chunk] != list(range(start, end)):
        looked.findings.append(_gap(start, end, chunk))
        return looked
    levels = list(complete_levels([leaf_hash(row[1]) for row in chunk]))
    for level, made in enumerate(levels):
        looked.findings += _compare_nodes(session, level, start >> level, made)
    if len(levels) > LEVELS:
        (looked.subtree,) = levels[LEVELS]
    looked.compare("deeds", chunk, known, partial(compare_deeds, session, partial(looked.verify, headers)))
    looked.leaves = len(chunk)
    return looked


def _gap(start: int, end: int, chunk: Sequence[rows.Row]) -> str:
    there = {row[0] for row in chunk}
    missing = next((index for index in range(start, end) if index not in there), None)
    return f"leaves {start} to {end - 1}: one of them twice" if missing is None else f"leaf {missing}: missing"


def _licenses(first: str, last: str, session: Session, _: Headers, known: set[str]) -> _Looked:
    """The licenses with ids from `first` to `last`."""
    page = rows.licenses(session, first, last)
    looked = _Looked(licenses=len(page))
    looked.compare("licenses", page, known, partial(compare_licenses, session))
    return looked


def _whole(session: Session, _: Headers, __: set[str]) -> _Looked:
    """What no row alone can have wrong."""
    looked, size = _Looked(), ledger.size(session)
    if ledger.node_count(session) != 2 * size - size.bit_count():
        looked.findings.append("nodes: more or fewer than the leaves make")
    if ledger.issuance_count(session) != size:
        looked.findings.append("issuances: more or fewer than leaves")
    for id, seq, newest in rows.behind(session):
        looked.findings.append(f"license {id}: its row is at seq {seq}, its newest token at {newest}")
    looked.findings += compare_states(rows.states(session), *rows.ended(session))
    return looked


def _compare_top(session: Session, subtrees: list[bytes]) -> Iterator[str]:
    """The findings on the nodes above those of all chunks."""
    for level, made in enumerate(islice(complete_levels(subtrees), 1, None), LEVELS + 1):
        yield from _compare_nodes(session, level, 0, made)


def _digest(what: str, group: Any) -> str:
    """SHA-256 hex of the rows, for this version: another one may look for more."""
    digest = hashlib.sha256(f"{__version__} {what}\n".encode())
    digest.update(marshal.dumps(group, 2))  # of equal rows always the same bytes, and of no others
    return digest.hexdigest()


def _compare_nodes(session: Session, level: int, first: int, made: list[bytes]) -> Iterator[str]:
    stored = rows.nodes(session, level, first, first + len(made))
    if stored != made:
        pairs = enumerate(zip(made, stored, strict=False))
        wrong = next((at for at, (one, other) in pairs if one != other), len(stored))
        yield f"node {level}/{first + wrong}: not what its leaves make"


def _compare_root(session: Session, checkpoint: Checkpoint) -> str | None:
    """What is wrong with what was published; the stored nodes were compared with the leaves before."""
    size = ledger.size(session)
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
