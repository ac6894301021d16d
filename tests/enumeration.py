"""How long the answers about a customer's address take, beside those about a stranger's: `python -m tests.enumeration`.

Each is asked TIMES times, in turn, and the clock of the world moves on so that no limit answers instead. In the suite
the same work is counted (tests/web/test_enumeration.py): a time depends on what else the machine does.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from licensing.bootstrap import build, set_up
from licensing.system import System
from tests.support.postgres import running_postgres
from tests.support.worlds import Clock, World, make_settings, make_world
from tests.web.test_enumeration import (
    CUSTOMER,
    GONE,
    HOLDER,
    NOBODY,
    STAFF,
    STRANGER,
    WRONG,
    Ask,
    ask_again,
    ask_for_link,
    guess_code,
    inhabited,
    register,
    sign_in_by_api,
)

TIMES = 500
MOST_MILLISECONDS = 5.0
PAUSE_MINUTES = 16
WAYS: dict[str, tuple[Ask, tuple[str, str]]] = {
    "register": (register, (HOLDER, STRANGER)),
    "ask again": (ask_again, (HOLDER, STRANGER)),
    "guess a code": (guess_code, (HOLDER, STRANGER)),
    "ask for a link": (ask_for_link, (CUSTOMER, STRANGER)),
    "sign in": (sign_in_by_api(WRONG, None), (STAFF, NOBODY)),
    "sign in, disabled": (sign_in_by_api(WRONG, None), (GONE, NOBODY)),
}


def differences(world: World, times: int) -> Iterator[tuple[str, float]]:
    """Each way to ask, and by how many milliseconds the medians differ."""
    inhabited(world)
    for name, (ask, emails) in WAYS.items():
        took: dict[str, list[float]] = {email: [] for email in emails}
        for number in range(times):
            for email in emails if number % 2 else reversed(emails):
                began = time.perf_counter()
                ask(world, email)
                took[email].append(time.perf_counter() - began)
            world.clock.advance(minutes=PAUSE_MINUTES)
        known, unknown = (median(each) for each in took.values())
        yield name, abs(known - unknown) * 1_000


def main() -> int:
    """Prints the figures of both databases; 1 where one is too large."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder, running_postgres() as postgres:
        postgres.execute("CREATE DATABASE enumeration")
        for kind in ("sqlite", "postgresql"):
            place = Path(folder, kind)
            place.mkdir()
            here = f"sqlite:///{place / 'licensing.sqlite3'}"
            settings = make_settings(place, here if kind == "sqlite" else postgres.database("enumeration").dsn)
            set_up(build(settings, System(Clock())))
            for name, difference in differences(make_world(settings), TIMES):
                sys.stdout.write(f"{kind}: {name}: medians of {TIMES} differ by {difference:.2f} ms\n")
                worst = max(worst, difference)
    return 1 if worst >= MOST_MILLISECONDS else 0


if __name__ == "__main__":
    sys.exit(main())
