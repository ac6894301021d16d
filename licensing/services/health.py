"""Whether this server can do its work."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

from sqlalchemy import text

from licensing.core.errors import Refusal
from licensing.core.keys import Purpose, WorkingKey
from licensing.services.ledger import Ledger
from licensing.services.signing import KeyStore
from licensing.storage import schema
from licensing.storage.database import Database


class Health:
    """Asks every part that an answer depends on. `signs` is what this server signs by the key statement."""

    def __init__(
        self,
        database: Database,
        keys: KeyStore,
        ledger: Ledger,
        now: Callable[[], datetime],
        signs: Collection[Purpose] = tuple(Purpose),
    ) -> None:
        self._database = database
        self._keys = keys
        self._ledger = ledger
        self._now = now
        self._signs = signs

    def problems(self) -> dict[str, str]:
        """What is wrong, by part; empty when the server is ready."""
        parts: dict[str, Callable[[], str | None]] = {
            "database": self._database_problem,
            "keys": self._keys_problem,
            "ledger": self._ledger.problem,
        }
        answers = {part: _told(ask) for part, ask in parts.items()}
        return {part: problem for part, problem in answers.items() if problem is not None}

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
        return self._keys.problem


def _is_over(key: WorkingKey | None, seconds: int) -> bool:
    return key is None or seconds >= key.sign_until


def _told(ask: Callable[[], str | None]) -> str | None:
    try:
        return ask()
    except Refusal as refusal:
        return refusal.detail
