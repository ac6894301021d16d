"""Asking twice is harmless: the answer to an Idempotency-Key is kept in the transaction of the deed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from licensing.core.errors import Busy, IdempotencyConflict
from licensing.storage import idempotency

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Rendered:
    """An answer as it leaves: status and bytes."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Once:
    """A caller's wish to do something once: whose key, which key, and the hash of the request."""

    scope: str
    key: str
    request_hash: str


def once(session: Session, wish: Once | None, now: datetime, act: Callable[[], Rendered]) -> Rendered:
    """The answer of `act`, or the kept one when the wish was fulfilled before; raises IdempotencyConflict."""
    if wish is None:
        return act()
    if idempotency.claim(session, wish.scope, wish.key, wish.request_hash, now):
        rendered = act()
        idempotency.keep(session, wish.scope, wish.key, rendered.status, rendered.body)
        return rendered
    kept = idempotency.find(session, wish.scope, wish.key)
    if kept is None:
        raise Busy("The first request with this Idempotency-Key has not ended yet; try again.")
    if kept.request_hash != wish.request_hash:
        raise IdempotencyConflict("This Idempotency-Key was used with another body.")
    return Rendered(kept.status, kept.body)
