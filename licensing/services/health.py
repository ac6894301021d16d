"""Whether this server can do its work."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from licensing.core.errors import Refusal
from licensing.core.key_days import WARN_DAYS
from licensing.core.keys import Purpose, WorkingKey
from licensing.core.webhooks import DeliveryState
from licensing.services.ledger import Ledger
from licensing.services.signing import KeyStore
from licensing.storage import metrics, schema, webhooks, worker
from licensing.storage.database import Database

PARTS = ("database", "keys", "ledger")
"""What answers depend on."""
KEY_WARNING = timedelta(days=WARN_DAYS)
WORKER_SILENT = timedelta(minutes=5)


class Health:
    """Asks every part that an answer depends on. `signs` is what this server signs by the key statement.

    `has_worker` is whether its worker gives signs of life (a relay's does not).
    """

    def __init__(
        self,
        database: Database,
        keys: KeyStore,
        ledger: Ledger,
        now: Callable[[], datetime],
        signs: Collection[Purpose] = tuple(Purpose),
        *,
        has_worker: bool = True,
    ) -> None:
        self._database = database
        self._keys = keys
        self._ledger = ledger
        self._now = now
        self._signs = signs
        self._has_worker = has_worker

    def problems(self) -> dict[str, str]:
        """What is wrong, by part; empty when the server is ready."""
        return _answers(zip(PARTS, (self._database_problem, self._keys_problem, self._ledger.problem), strict=True))

    def warnings(self) -> dict[str, str]:
        """What somebody should see to, by part; answers do not depend on it, so the server is ready all the same."""
        asked = {
            "keys": self._keys_end_soon,
            "worker": self._worker_stopped,
            "outbox": self._mails_given_up,
            "webhooks": self._messages_given_up,
        }
        return _answers(asked.items())

    def _database_problem(self) -> str | None:
        with self._database.read() as session:
            session.execute(text("SELECT 1"))
        schema.assert_current(self._database)
        return None

    def _keys_problem(self) -> str | None:
        keyring, seconds = self._keys.current().keyring, int(self._now().timestamp())
        over = [purpose.value for purpose in self._signs if _is_over(keyring.active(purpose), seconds)]
        if over:
            return f"The active key may sign no longer, or is missing: {', '.join(over)}; run: licensing keys rotate"
        if self._keys.elsewhere is not None:
            self._keys.elsewhere.ask()
        return self._keys.problem

    def _keys_end_soon(self) -> str | None:
        keyring, now = self._keys.current().keyring, self._now()
        ends = {purpose: key.sign_until for purpose in self._signs if (key := keyring.active(purpose)) is not None}
        soon = {purpose: end for purpose, end in ends.items() if end - now.timestamp() < KEY_WARNING.total_seconds()}
        if not soon:
            return None
        told = ", ".join(f"{purpose} at {datetime.fromtimestamp(end, UTC):%Y-%m-%d}" for purpose, end in soon.items())
        return f"Active keys end: {told}; run: licensing keys new and keys rotate"

    def _worker_stopped(self) -> str | None:
        if not self._has_worker:
            return None
        with self._database.read() as session:
            beat = worker.last_beat(session)
        if beat is not None and self._now() - beat <= WORKER_SILENT:
            return None
        since = "ever" if beat is None else f"since {beat:%Y-%m-%dT%H:%M:%SZ}"
        return f"No worker has finished a round {since}: no mails leave, no checkpoints are signed"

    def _mails_given_up(self) -> str | None:
        with self._database.read() as session:
            _, given_up, _ = metrics.mails(session)
        return f"{given_up} mails were given up: see /console/outbox?state=dead" if given_up else None

    def _messages_given_up(self) -> str | None:
        with self._database.read() as session:
            given_up = webhooks.counts(session)[DeliveryState.DEAD]
        return f"{given_up} messages to webhooks were given up: see /console/webhooks" if given_up else None


def _answers(parts: Iterable[tuple[str, Callable[[], str | None]]]) -> dict[str, str]:
    answers = {part: _told(ask) for part, ask in parts}
    return {part: problem for part, problem in answers.items() if problem is not None}


def _is_over(key: WorkingKey | None, seconds: int) -> bool:
    return key is None or seconds >= key.sign_until


def _told(ask: Callable[[], str | None]) -> str | None:
    try:
        return ask()
    except Refusal as refusal:
        return refusal.detail
