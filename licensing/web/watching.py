"""What every request leaves behind: a count, its time, and a line in the log where it deserves one.

The hot path pays for two looks at a clock and one append; a thread of the process adds things up once a second
(`Watch.run`) and keeps the sums in a file of its own, so that whichever process is asked for `/metrics` can tell of
all. A process that dies leaves its file: what it counted stays counted until the server is started anew.
"""

from __future__ import annotations

import json
import logging
import os
import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

from flask import Flask

from licensing.web.requests import CODE, REQUEST_ID, RULE, STATUS, TRACE_ID

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds of the seconds that a request took; the last bucket has no bound."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN = "other"
"""A method that is none, a path that is no route: strangers must not make up labels."""
SLOW_SECONDS = 1.0
NEVER_LOGGED = frozenset({"api_health.healthz", "api_health.readyz", "metrics.show", "static"})
LOGGED_WHEN_ODD = frozenset(
    {
        *("api_checkins.check_in", "api_validations.validate"),
        *("api_revocations.revoked", "api_keys.statement", "api_keys.jwks", "api_ledger.checkpoint"),
    }
)
"""Too many for a line each, which costs as much as the answer: one that was refused or slow has one."""
EVERY_SECONDS = 1.0
MOST = 100_000
"""Requests that wait to be added up; more in a second there will not be."""
FOLDER = "metrics"
"""In the data folder."""


class Seen(NamedTuple):
    """One request, answered."""

    route: str
    method: str
    status: str
    seconds: float
    code: str | None


class Sums:
    """What was counted in one process."""

    def __init__(self) -> None:
        self.requests: dict[tuple[str, str, str], list[float]] = {}
        self.codes: dict[str, int] = {}
        self.in_use = 0

    def add(self, seen: Seen) -> None:
        """The row of (method, route, status) is one bucket a column, and the sum of seconds last."""
        row = self.requests.setdefault((_method(seen), seen.route, seen.status), [0] * (len(BUCKETS) + 1) + [0.0])
        row[bisect_left(BUCKETS, seen.seconds)] += 1
        row[-1] += seen.seconds
        if seen.code is not None:
            self.codes[seen.code] = self.codes.get(seen.code, 0) + 1

    def merge(self, other: Sums) -> None:
        for key, row in other.requests.items():
            known = self.requests.setdefault(key, [0] * len(row))
            self.requests[key] = [mine + theirs for mine, theirs in zip(known, row, strict=True)]
        for code, count in other.codes.items():
            self.codes[code] = self.codes.get(code, 0) + count
        self.in_use += other.in_use

    def text(self) -> str:
        """What `read` reads."""
        rows = [[*key, row] for key, row in self.requests.items()]
        return json.dumps({"requests": rows, "codes": self.codes, "in_use": self.in_use})

    @classmethod
    def read(cls, text: str) -> Sums:
        sums, document = cls(), json.loads(text)
        sums.requests = {(method, route, status): row for method, route, status, row in document["requests"]}
        sums.codes, sums.in_use = document["codes"], document["in_use"]
        return sums


class Watch:
    """What this process has answered, and where all processes of the server keep their sums."""

    def __init__(self, folder: Path, name: str, in_use: Callable[[], int]) -> None:
        """`name` is that of no other process; `in_use` tells how many database connections are lent."""
        self._folder = folder
        self._file = folder / f"{os.getpid()}-{name}.json"
        self._in_use = in_use
        self.seen: deque[Seen] = deque(maxlen=MOST)
        self._sums = Sums()
        self._adding = Lock()

    def note(self, environ: WSGIEnvironment, seconds: float) -> None:
        """One request was answered; as cheap as can be."""
        rule, status = environ.get(RULE), environ.get(STATUS, "500")[:3]
        endpoint, route = ("", UNKNOWN) if rule is None else (rule.endpoint, rule.rule)
        seen = Seen(route, environ["REQUEST_METHOD"], status, seconds, environ.get(CODE))
        self.seen.append(seen)
        if endpoint in LOGGED_WHEN_ODD:
            if status < "400" and seconds < SLOW_SECONDS:
                return
        elif endpoint in NEVER_LOGGED:
            return
        _log(seen, environ)

    def run(self, stop: Event) -> None:
        """Adds up once a second, until `stop` is set."""
        while not stop.wait(EVERY_SECONDS):
            self.keep()

    def keep(self) -> None:
        """The file has what was seen so far. Where it can't be written, what was seen waits for the next time."""
        with self._adding:
            before = self._sums.in_use, len(self.seen)
            self._sums.in_use = self._in_use()
            if before == (self._sums.in_use, 0):
                return
            while self.seen:
                self._sums.add(self.seen.popleft())
            with suppress(OSError):
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                beside = self._file.with_suffix(".new")
                beside.write_text(self._sums.text(), "utf-8")
                beside.replace(self._file)

    def of_all(self) -> Sums:
        """The sums of every process of this server since it was started."""
        self.keep()
        total = Sums()
        for path in sorted(self._folder.glob("*.json")):
            with suppress(OSError):
                sums = Sums.read(path.read_text("utf-8"))
                if not _is_alive(path):
                    sums.in_use = 0
                total.merge(sums)
        return total


class Watched:
    """Notes each request, around all of the application."""

    def __init__(self, application: WSGIApplication, watch: Watch) -> None:
        self._application = application
        self._note = watch.note

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        begun = time.perf_counter()
        answer = self._application(environ, start_response)
        self._note(environ, time.perf_counter() - begun)
        return answer


def register(app: Flask, folder: Path) -> None:
    """Every request of the application is watched; the sums of all processes are in `folder`."""
    house = app.extensions["house"]
    pool = house.database.engine.pool
    watch = app.extensions["watch"] = Watch(folder, house.system.new_id(), lambda: int(pool.checkedout()))
    app.wsgi_app = Watched(app.wsgi_app, watch)  # type: ignore[method-assign]


def start(app: Flask) -> None:
    """What is seen is added up beside the requests, as long as the process lives."""
    Thread(target=app.extensions["watch"].run, args=(Event(),), name="watch", daemon=True).start()


def forget(folder: Path) -> None:
    """A server that starts counts from nothing."""
    for path in folder.glob("*.json"):
        path.unlink(missing_ok=True)


def _log(seen: Seen, environ: WSGIEnvironment) -> None:
    """The line of a request: the pattern of its route, never the path with what stands in it."""
    milliseconds = round(seen.seconds * 1000, 1)
    fields = {"method": _method(seen), "route": seen.route, "status": int(seen.status), "ms": milliseconds}
    ids = {"request_id": environ[REQUEST_ID]} | ({"trace_id": environ[TRACE_ID]} if TRACE_ID in environ else {})
    log.info("request", extra={**fields, **ids})


def _method(seen: Seen) -> str:
    return seen.method if seen.method in METHODS else UNKNOWN


def _is_alive(path: Path) -> bool:
    try:
        os.kill(int(path.name.partition("-")[0]), 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True
