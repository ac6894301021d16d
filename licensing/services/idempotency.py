"""Asking twice is harmless: the answer to an Idempotency-Key is kept in the transaction of the deed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from licensing.core.errors import IdempotencyConflict, InProgress
from licensing.storage import idempotency
from licensing.storage.database import Database

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer as it leaves: status and bytes. `kept` is what a replay gets instead, where a secret is shown once."""

    status: int
    body: bytes
    kept: bytes | None = None


@dataclass(frozen=True, slots=True)
class Once:
    """A caller's wish to do something once: whose key, which key, and the hash of the request."""

    scope: str
    key: str
    request_hash: str


class Idempotency:
    """Deeds of the staff and its machines, each done once a key."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def once(self, wish: Once, act: Callable[[], Rendered]) -> Rendered:
        """The answer of `act`, whose transactions all become one with that of the kept answer.

        Raises InProgress and IdempotencyConflict. A refusal is not kept: nothing happened.
        """
        with self._database.joined() as session:
            return once(session, wish, self._now(), act)


def once(session: Session, wish: Once | None, now: datetime, act: Callable[[], Rendered]) -> Rendered:
    """The answer of `act`, or the kept one when the wish was fulfilled before.

    Raises InProgress while another transaction is at it, IdempotencyConflict for another request under the same key.
    """
    if wish is None:
        return act()
    if not idempotency.is_free(session, wish.scope, wish.key):
        raise InProgress("The first request with this Idempotency-Key has not ended yet; try again.")
    kept = idempotency.find(session, wish.scope, wish.key)
    if kept is None:
        rendered = act()
        body = rendered.body if rendered.kept is None else rendered.kept
        idempotency.keep(session, wish.scope, wish.key, wish.request_hash, rendered.status, body, now)
        return rendered
    if kept.request_hash != wish.request_hash:
        raise IdempotencyConflict("This Idempotency-Key was used with another body.")
    return Rendered(kept.status, kept.body)
