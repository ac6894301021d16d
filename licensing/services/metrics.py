"""Figures for whoever watches the server, asked of the database when they are wanted, once in a few seconds at most."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from sqlalchemy.orm import Session

from licensing.core.alarms import AlarmKind
from licensing.core.errors import KeyUnusable
from licensing.core.keys import Purpose
from licensing.core.licenses import Edition
from licensing.services.health import PARTS, Health
from licensing.services.rollups import Rollups
from licensing.services.signing import KeyStore
from licensing.storage import alarms, ledger, metrics, webhooks, worker
from licensing.storage.database import Database

FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Figures:
    """One look at everything. Times are Unix seconds; 0 is never."""

    ready: Mapping[str, bool]
    issuances: Mapping[str, int]
    licenses: Mapping[str, int]
    mails_waiting: int
    mails_given_up: int
    oldest_mail_at: float
    messages: Mapping[str, int]
    movements_pending: int
    ledger_leaves: int
    checkpoint_leaves: int
    checkpoint_at: float
    keys_end_at: Mapping[str, int]
    alarms: Mapping[str, int]
    worker_at: float


class Metrics:
    """Looks, and remembers for a moment: many who scrape cost as much as one."""

    def __init__(
        self,
        database: Database,
        keys: KeyStore,
        rollups: Rollups,
        health: Health,
        now: Callable[[], datetime],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._keys = keys
        self._rollups = rollups
        self._health = health
        self._now = now
        self._monotonic = monotonic
        self._looking = Lock()
        self._kept: tuple[Figures, float] | None = None
        # The ledger only grows: what was counted once is never counted again.
        self._counted, self._issuances = 0, dict[str, int]()

    def figures(self) -> Figures:
        """The figures as of a few seconds ago at most. Raises Busy when the database can't be asked."""
        with self._looking:
            kept, now = self._kept, self._monotonic()
            if kept is None or now >= kept[1]:
                kept = self._kept = self._look(), now + FRESH_SECONDS
            return kept[0]

    def _look(self) -> Figures:
        now, problems, pending = self._now(), self._health.problems(), self._rollups.freshness().pending
        with self._database.read() as session:
            self._count(session)
            waiting, given_up, oldest = metrics.mails(session)
            published, beat, rang = ledger.newest_checkpoint(session), worker.last_beat(session), alarms.counts(session)
            return Figures(
                ready={part: part not in problems for part in PARTS},
                issuances=dict(self._issuances),
                licenses={edition: metrics.licenses(session, now).get(edition, 0) for edition in Edition},
                mails_waiting=waiting,
                mails_given_up=given_up,
                oldest_mail_at=_seconds(oldest),
                messages={state.value: count for state, count in webhooks.counts(session).items()},
                movements_pending=pending,
                ledger_leaves=ledger.size(session),
                checkpoint_leaves=0 if published is None else published.size,
                checkpoint_at=_seconds(None if published is None else published.published_at),
                keys_end_at=self._key_ends(),
                alarms={kind: rang.get(kind, 0) for kind in (*AlarmKind, *(rang.keys() - set(AlarmKind)))},
                worker_at=_seconds(beat),
            )

    def _count(self, session: Session) -> None:
        self._counted, found = metrics.issuances(session, self._counted)
        for kind, count in found.items():
            self._issuances[kind] = self._issuances.get(kind, 0) + count

    def _key_ends(self) -> dict[str, int]:
        """The last second of each purpose's active key; nothing where the keys can't be read, which `ready` tells."""
        try:
            keyring = self._keys.current().keyring
        except KeyUnusable:
            return {}
        active = {purpose: keyring.active(purpose) for purpose in Purpose}
        return {purpose.value: key.sign_until for purpose, key in active.items() if key is not None}


def _seconds(moment: datetime | None) -> float:
    return 0 if moment is None else moment.timestamp()
