"""When a client does what: pauses in monotonic seconds, so that a clock set back delays nothing."""

from __future__ import annotations

from licensing.client.system import ClientSystem

LOOK_SECONDS = 30
COUNT_SECONDS = 300
JUDGE_SECONDS = 60
DAY_SECONDS = 86_400
CHECK_IN_SECONDS = 12 * 3_600
SHORTEST_SECONDS, LONGEST_SECONDS = 5 * 60, 24 * 3_600
FIRST_SECONDS = 60
SOON_SECONDS = 5
CALM_SECONDS = 60
CHANGE_SECONDS = 600
BACK_OFF_SECONDS, LONGEST_BACK_OFF_SECONDS = 60, 6 * 3_600


class Schedule:
    """The next time of each deed. Asking whether looking or counting is due sets its next time."""

    def __init__(self, system: ClientSystem) -> None:
        self._system = system
        start = system.monotonic()
        self._look = self._count = self._judge = self._list = start
        self._call = start + FIRST_SECONDS * system.share()
        self._after_change = start
        self._failures = 0

    def look(self) -> bool:
        due = self._look <= self._now
        if due:
            self._look = self._now + LOOK_SECONDS
        return due

    def count(self) -> bool:
        due = self._count <= self._now
        if due:
            self._count = self._now + COUNT_SECONDS
        return due

    def call(self) -> bool:
        return self._call <= self._now

    def judge(self) -> bool:
        return self._judge <= self._now

    def pause(self) -> float:
        """Seconds until the first of them."""
        return max(0.0, min(self._look, self._count, self._call, self._judge) - self._now)

    def idle(self) -> None:
        """There is nobody to call, or nothing to show."""
        self._call = self._now + CHECK_IN_SECONDS

    def called(self, wait: int | None) -> None:
        """A check-in is over: the next after `wait` seconds, as the server said, or in half a day."""
        seconds = CHECK_IN_SECONDS if wait is None else min(max(wait, SHORTEST_SECONDS), LONGEST_SECONDS)
        self._failures = 0
        self._call = self._now + self._system.jittered(seconds)

    def failed(self, retry_after: int | None) -> None:
        """A check-in failed: a minute's pause, doubled with each failure; never before the server wants."""
        pause = min(BACK_OFF_SECONDS * 2 ** min(self._failures, 20), LONGEST_BACK_OFF_SECONDS)
        self._failures += 1
        self._call = self._now + max(self._system.jittered(pause), retry_after or 0)

    def call_at_once(self) -> None:
        self._call = self._now

    def call_soon(self) -> None:
        """A license file came."""
        self._call = min(self._call, self._now + SOON_SECONDS * self._system.share())

    def call_after_change(self) -> None:
        """The nodes changed: not at once, for the next may follow; and not for each in a day of changes."""
        due = max(self._now + CALM_SECONDS, self._after_change)
        if due < self._call:
            self._call, self._after_change = due, due + CHANGE_SECONDS

    def judge_now(self) -> None:
        self._judge = self._now

    def judged(self) -> None:
        self._judge = self._now + JUDGE_SECONDS

    def list_is_due(self) -> bool:
        return self._list <= self._now

    def list_came(self) -> None:
        self._list = self._now + DAY_SECONDS

    @property
    def _now(self) -> float:
        return self._system.monotonic()
