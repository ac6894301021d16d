"""The relay's worker: takes in the vendor's file whenever it changes, and signs a checkpoint every minute."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Event

from licensing.core.errors import Busy, Refusal
from licensing.services.carrying import Carrying
from licensing.services.ledger import Ledger
from licensing.services.worker import CHECKPOINT_EVERY, PAUSE_SECONDS
from licensing.storage import keyfiles

log = logging.getLogger(__name__)


class RelayWorker:
    """`source` is where the vendor's files are put; `problem` is where a refused one's reason stands."""

    def __init__(
        self, carrying: Carrying, ledger: Ledger, source: Path, problem: Path, now: Callable[[], datetime]
    ) -> None:
        self._carrying = carrying
        self._ledger = ledger
        self._source = source
        self._problem = problem
        self._now = now
        self._seen: tuple[int, int, int] | None = None
        self._last_minute: datetime | None = None

    def run(self, stop: Event) -> None:
        """Works until `stop` is set. One failure is logged and never ends the work."""
        while not stop.wait(PAUSE_SECONDS):
            try:
                self.tick()
            except Exception:  # whatever happens to one round, the next file must still be taken in
                log.exception("the relay's worker could not finish a round")

    def tick(self) -> None:
        """One round."""
        stamp = self._stamp()
        if stamp is not None and stamp != self._seen:
            self._take()
            self._seen = stamp
        now = self._now()
        if self._last_minute is None or abs(now - self._last_minute) >= CHECKPOINT_EVERY:
            self._last_minute = now
            self._ledger.checkpoint()

    def _take(self) -> None:
        try:
            license = self._carrying.take(self._source.read_bytes())
        except Busy:
            raise  # the database's, and not the file's: the next round tries again
        except Refusal as refusal:
            log.error("%s was refused: %s", self._source, refusal.detail)
            keyfiles.write_text(self._problem, refusal.detail)
            return
        log.info("issue %d of the license %s is in force", license.seq, license.lid)
        self._problem.unlink(missing_ok=True)

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            status = self._source.stat()
        except OSError:
            return None  # between two files; what is kept stays in force
        return status.st_mtime_ns, status.st_ino, status.st_size
