"""Copies of the newest checkpoint, out of the reach of whoever can write the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from licensing.core.alarms import AlarmKind
from licensing.core.errors import LedgerBroken, SetupRefused
from licensing.services.ledger import Ledger
from licensing.storage import alarms, checkpoint_copies
from licensing.storage.database import Database


class CheckpointCopies:
    """Keeps them in `folder`; with none does nothing."""

    def __init__(self, database: Database, ledger: Ledger, folder: Path | None, now: Callable[[], datetime]) -> None:
        self._database = database
        self._ledger = ledger
        self._folder = folder
        self._now = now

    def keep(self) -> bool:
        """Whether the newest checkpoint is new among the copies; it is there now.

        An alarm rings, and SetupRefused or LedgerBroken is raised, when the folder can't be written, and when the
        ledger is not what the newest copy says it was: then nothing is copied.
        """
        if self._folder is None:
            return False
        try:
            known = checkpoint_copies.newest(self._folder)
            if known is not None:
                self._ledger.require_kept(known)
            published = self._ledger.newest()
            return checkpoint_copies.keep(self._folder, published.size, published.note)
        except OSError as error:
            self._ring(AlarmKind.NOT_COPIED)
            raise SetupRefused(f"The folder of checkpoints {self._folder} can't be used: {error.strerror}.") from error
        except LedgerBroken:
            self._ring(AlarmKind.CONTRADICTED)
            raise

    def _ring(self, kind: AlarmKind) -> None:
        with self._database.write() as session:
            alarms.ring(session, kind, str(self._folder)[-80:], self._now())


def notes_in(place: Path) -> list[tuple[str, str]]:
    """Each note in a folder of copies, or in one file, by its file's name. Raises SetupRefused."""
    try:
        return checkpoint_copies.notes_in(place)
    except OSError as error:
        raise SetupRefused(f"The checkpoints in {place} can't be read: {error.strerror}.") from error
