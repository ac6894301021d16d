"""The ledger's public side: checkpoints and proofs."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.orm import Session

from licensing.core.alarms import AlarmKind
from licensing.core.checkpoints import Checkpoint, read_note, write_note, write_proof
from licensing.core.errors import LedgerBroken, NotFound
from licensing.core.keys import Purpose
from licensing.core.ledger import Kind, inclusion_proof
from licensing.services.shelf import Shelf
from licensing.services.signing import KeyStore
from licensing.storage import alarms, keyfiles, ledger, licenses, organizations
from licensing.storage.database import Database

log = logging.getLogger(__name__)

ROLLBACKS = 100
"""Accepted rollbacks that are looked at: as many as nobody will ever have."""


@dataclass(frozen=True, slots=True)
class Entered:
    """A deed with its leaf's index, and what its organisation is called."""

    index: int
    issuance: ledger.Issuance
    organization: str


class Ledger:
    """Signs what the ledger holds, never anything that contradicts what was signed before.

    The high-water file keeps the last checkpoint outside the database, so that a database restored from an older
    backup is noticed.
    """

    def __init__(
        self, database: Database, keys: KeyStore, now: Callable[[], datetime], origin: str, high_water: Path
    ) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self.origin = origin
        self._high_water = high_water
        self._shelf = Shelf()

    def checkpoint(self) -> ledger.Published:
        """The checkpoint of all leaves there are, signed now if it is new. Raises LedgerBroken, KeyUnusable."""
        try:
            with self._database.write() as session:
                published = self._publish(session)
        except LedgerBroken as error:
            self._alarm(error)
            raise
        keyfiles.write_text(self._high_water, published.note)
        self._shelf.clear()
        return published

    def note(self) -> str:
        """The note of the newest checkpoint, as of a second ago."""
        return self._shelf.get(lambda: self.newest().note)

    def newest(self) -> ledger.Published:
        """The checkpoint published last; the first one is signed when it is asked for."""
        with self._database.read() as session:
            published = ledger.newest_checkpoint(session)
        return published if published is not None else self.checkpoint()

    def problem(self) -> str | None:
        """How the database contradicts what was published; None when it does not."""
        try:
            with self._database.read() as session:
                self._require_consistent(session, ledger.size(session))
        except LedgerBroken as error:
            return error.detail
        return None

    def outside_checkpoint(self) -> Checkpoint | None:
        """The checkpoint kept outside the database, if there is one. Raises LedgerBroken when it is not ours."""
        note = keyfiles.read_text(self._high_water)
        return None if note is None else read_note(f"{note}\n", self._keys.current().log_keys())

    def read(self, note: str) -> Checkpoint:
        """The checkpoint of a note that was kept elsewhere. Raises LedgerBroken when it is not ours."""
        return read_note(note, self._keys.current().log_keys())

    def require_kept(self, note: str) -> None:
        """Raises LedgerBroken unless the tree still has the root of a note that was kept elsewhere."""
        with self._database.read() as session:
            _require_root(session, self.read(note), ledger.size(session))

    def may_have_lost(self, at: int) -> bool:
        """Whether a deed of the second `at` may be missing here.

        The database is older than what was published of it; or it was once, and two people accepted that.
        """
        with self._database.read() as session:
            size = ledger.size(session)
            if any(
                each is not None and each.size > size for each in (self._inside(session), self.outside_checkpoint())
            ):
                return True
            accepted = [each for _, each in ledger.page(session, None, Kind.ROLLED_BACK, ROLLBACKS)]
        return any(each.effective_at.timestamp() <= at < each.recorded_at.timestamp() for each in accepted)

    def inside_checkpoint(self) -> Checkpoint | None:
        """The checkpoint published last, from the database."""
        with self._database.read() as session:
            return self._inside(session)

    def page(self, before: int | None, kind: Kind | None, limit: int) -> list[Entered]:
        """The newest `limit` deeds below the leaf `before`; of one kind, or of all."""
        with self._database.read() as session:
            found = ledger.page(session, before, kind, limit)
            names = organizations.names(session, (each.organization_id for _, each in found if each.organization_id))
        return [Entered(index, each, names.get(each.organization_id or "", "")) for index, each in found]

    def prove(self, name: str) -> str:
        """The proof file (C2SP tlog-proof) of an issuance, or of a license's newest. Raises NotFound."""
        with self._database.read() as session:
            standing = licenses.find(session, name)
            index = ledger.index_of(session, name if standing is None else standing.jti)
        if index is None:
            raise NotFound(f"There is no license or issuance {name}.")
        published = self.newest()
        if published.size <= index:
            published = self.checkpoint()
        with self._database.read() as session:
            proof = inclusion_proof(index, published.size, lambda level, at: ledger.node(session, level, at))
        return write_proof(index, proof, published.note)

    def _alarm(self, error: LedgerBroken) -> None:
        log.error("alarm %s: %s", AlarmKind.CHECKPOINT_MISMATCH, error.detail)
        with self._database.write() as session:
            alarms.ring(session, AlarmKind.CHECKPOINT_MISMATCH, self.origin[-80:], self._now())

    def _publish(self, session: Session) -> ledger.Published:
        ledger.lock(session)
        size, now = ledger.size(session), self._now()
        self._require_consistent(session, size)
        newest = ledger.newest_checkpoint(session)
        if newest is not None and newest.size == size:
            return newest
        key = self._keys.current().key(Purpose.LOG)
        checkpoint = Checkpoint(self.origin, size, ledger.root(session, size))
        note = write_note(checkpoint, key.x, key.signer.sign)
        ledger.publish_checkpoint(session, size, note, now)
        return ledger.Published(size, note, now)

    def _inside(self, session: Session) -> Checkpoint | None:
        newest = ledger.newest_checkpoint(session)
        return None if newest is None else read_note(newest.note, self._keys.current().log_keys())

    def _require_consistent(self, session: Session, size: int) -> None:
        """Raises LedgerBroken unless the tree still has each root that was published."""
        for checkpoint in (self._inside(session), self.outside_checkpoint()):
            if checkpoint is not None:
                _require_root(session, checkpoint, size)


def _require_root(session: Session, checkpoint: Checkpoint, size: int) -> None:
    if checkpoint.size > size:
        raise LedgerBroken(
            f"The ledger has {size} leaves, but a checkpoint of {checkpoint.size} was published:"
            " the database is older than it was."
        )
    if ledger.root(session, checkpoint.size) != checkpoint.root:
        raise LedgerBroken(f"The ledger's first {checkpoint.size} leaves are not those that were published.")
