"""The worker: what has to happen without being asked. One runs beside every server; several do no harm."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Event, Thread

from licensing.core.trials import ALIKE_WITHIN
from licensing.services import devices, portal
from licensing.services.alarms import Alarms
from licensing.services.checkpoint_copies import CheckpointCopies
from licensing.services.idempotency import KEPT
from licensing.services.ledger import Ledger
from licensing.services.outbox import Outbox
from licensing.services.revocations import RevokedLists
from licensing.services.rollups import Rollups
from licensing.services.webhooks import Webhooks
from licensing.storage import idempotency, registrations, retention, worker
from licensing.storage.database import Database

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.5
CHECKPOINT_EVERY = timedelta(seconds=60)
DETAIL_KEPT, DAYS_AT_ONCE = timedelta(days=90), 30
"""How long each line of the clusters' history stays; how many older days are condensed a minute."""
COUNTED_AT_ONCE = 5
"""Transactions of counting before the mails are looked at again."""


class Worker:
    """Sends mails, tells webhooks and counts as things come; every minute signs and copies a checkpoint, and tidies."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        ledger: Ledger,
        revoked_lists: RevokedLists,
        rollups: Rollups,
        copies: CheckpointCopies,
        alarms: Alarms,
        webhooks: Webhooks,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._ledger = ledger
        self._revoked_lists = revoked_lists
        self._rollups = rollups
        self._copies = copies
        self._alarms = alarms
        self._webhooks = webhooks
        self._now = now
        self._last_minute: datetime | None = None
        self._stop = Event()

    def run(self, stop: Event) -> None:
        """Works until `stop` is set. One failure is logged and never ends the work."""
        self._stop = stop
        telling = Thread(target=self._webhooks.run, args=(stop,), name="webhooks", daemon=True)
        telling.start()
        while not stop.wait(PAUSE_SECONDS):
            self.tick()
        telling.join()

    def tick(self) -> None:
        """One round."""
        self._try(self._mail)
        self._try(self._count)
        now = self._now()
        if self._last_minute is None or abs(now - self._last_minute) >= CHECKPOINT_EVERY:
            self._last_minute = now
            self._try(self._ledger.checkpoint)
            self._try(self._copies.keep)
            self._try(self._alarms.tell)
            self._try(self._webhooks.forget_old)
            self._try(self._tidy)

    def _mail(self) -> None:
        self._outbox.deliver_due(self._stop.is_set)

    def _count(self) -> None:
        self._rollups.catch_up(COUNTED_AT_ONCE)

    def _tidy(self) -> None:
        now = self._now()
        with self._database.write() as session:
            self._revoked_lists.refresh(session, now)
            idempotency.forget_before(session, now - KEPT)
            portal.forget_over(session, now)
            devices.forget_over(session, now)
            registrations.forget_likeness(session, now - ALIKE_WITHIN)
            retention.condense(session, now - DETAIL_KEPT, DAYS_AT_ONCE)
            worker.beat(session, now)

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Exception:  # whatever happens to one round, the next mail must still leave
            log.exception("the worker could not finish %s", getattr(work, "__qualname__", work))
