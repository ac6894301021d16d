"""Public documents at hand: everybody asks for them, and they change rarely."""

from __future__ import annotations

import time
from collections.abc import Callable

FRESH_SECONDS = 1.0


class Shelf:
    """A document that is read again after FRESH_SECONDS, and at once where this process changed it (`clear`)."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._kept: tuple[str, float] | None = None

    def get(self, read: Callable[[], str]) -> str:
        """What lies there, or what `read` brings; the same object as long as it stays."""
        kept, now = self._kept, self._monotonic()
        if kept is not None and now < kept[1]:
            return kept[0]
        fresh = read()
        if kept is not None and kept[0] == fresh:
            fresh = kept[0]
        self._kept = fresh, now + FRESH_SECONDS
        return fresh

    def clear(self) -> None:
        """It is read again when it is asked for next."""
        self._kept = None
