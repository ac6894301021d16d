"""A client's clock and randomness: arguments, so that a test plays three days in a moment."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from licensing.system import now, random_bytes

JITTER = 0.2
"""Every pause is up to this share longer or shorter, so that a fleet does not call in step."""


@dataclass(frozen=True, slots=True)
class ClientSystem:
    """`now` is the clock on the wall (aware, UTC), which people set; `monotonic` (seconds) times the pauses."""

    now: Callable[[], datetime] = now
    monotonic: Callable[[], float] = time.monotonic
    random: Callable[[int], bytes] = random_bytes

    def share(self) -> float:
        """A number of 0 up to, not with, 1: each as likely."""
        return int.from_bytes(self.random(7), "big") / 2**56

    def jittered(self, seconds: float) -> float:
        """`seconds`, ± 20 %."""
        return seconds * (1 - JITTER + 2 * JITTER * self.share())
