"""The worker: what has to happen without being asked. One runs beside every server; several do no harm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event

from licensing.services import devices, portal
from licensing.services.idempotency import KEPT
from licensing.services.ledger import Ledger
from licensing.services.outbox import Outbox
from licensing.services.revocations import RevokedLists
from licensing.services.rollups import Rollups
from licensing.storage import idempotency, retention
from licensing.storage.database import Database

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5
CHECKPOINT_EVERY = timedelta(seconds=60)
DETAIL_KEPT, DAYS_AT_ONCE = timedelta(days=90), 30
"""How long each line of the clusters' history stays; how many older days are condensed a minute."""
COUNTED_AT_ONCE = 5
"""Transactions of counting before the mails are looked at again."""


class Worker:
    """Sends mails and counts for the reports as things come; every minute signs a checkpoint, and tidies up."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        ledger: Ledger,
        revoked_lists: RevokedLists,
        rollups: Rollups,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._ledger = ledger
        self._revoked_lists = revoked_lists
        self._rollups = rollups
        self._now = now
        self._last_minute: datetime | None = None

    def run(self, stop: Event) -> None:
        """Works until `stop` is set. One failure is logged and never ends the work."""
        while not stop.wait(PAUSE_SECONDS):
            self.tick()

    def tick(self) -> None:
        """One round."""
        self._try(self._outbox.deliver_due)
        self._try(self._count)
        now = self._now()
        if self._last_minute is None or abs(now - self._last_minute) >= CHECKPOINT_EVERY:
            self._last_minute = now
            self._try(self._ledger.checkpoint)
            self._try(self._tidy)

    def _count(self) -> None:
        self._rollups.catch_up(COUNTED_AT_ONCE)

    def _tidy(self) -> None:
        now = self._now()
        with self._database.write() as session:
            self._revoked_lists.refresh(session, now)
            idempotency.forget_before(session, now - KEPT)
            portal.forget_over(session, now)
            devices.forget_over(session, now)
            retention.condense(session, now - DETAIL_KEPT, DAYS_AT_ONCE)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:  # whatever happens to one round, the next mail must still leave
            log.exception("the worker could not finish %s", getattr(work, "__qualname__", work))
