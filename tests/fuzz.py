"""Requests that schemathesis makes up from the API's own document, sent by everybody to everything.

`python -m tests.fuzz SECONDS` fuzzes for that long, half of it on each database, and fails on any answer of 500 and
above, on any that is not as the document says, and on any refusal that changed a row. Half of the requests name objects
that exist: they come further.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from licensing.bootstrap import build, set_up
from licensing.core.callers import FOR_PERSONS_ONLY, OPERATOR, Permission, Role
from licensing.system import System
from licensing.web.access import IDEMPOTENCY_KEY, SESSION_COOKIE
from licensing.web.api.openapi import LICENSE
from tests.support.changes import Changes
from tests.support.documents import Documented
from tests.support.postgres import running_postgres
from tests.support.worlds import FSID, ORIGIN, Clock, World, make_settings, make_world, nodes, token_of
from tests.web import staff_routes

HELD = (
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
PAUSE_MINUTES = 16
"""Between two bursts, so that no limit on tries is all that is ever tested."""
LIVES = 10
"""After so many bursts everybody is somebody else: sessions end, licenses are revoked."""
EXAMPLES = 60


@dataclass
class Tally:
    """What was sent and what came of it."""

    statuses: Counter[int] = field(default_factory=Counter)
    wrong: dict[str, str] = field(default_factory=dict)
    changed: Counter[str] = field(default_factory=Counter)
    refused_in: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        answers = ", ".join(f"{status}: {n}" for status, n in sorted(self.statuses.items()))
        failed = sum(n for status, n in self.statuses.items() if status >= 500)
        slow = (sorted(self.refused_in) or [0.0])[int(0.99 * len(self.refused_in))] * 1000
        return (
            f"{self.statuses.total()} requests ({answers}); 5xx {failed}, violations {len(self.wrong)}; "
            f"{len(self.refused_in)} refused, a hundredth in more than {slow:.0f} ms, "
            f"tables changed by refusals {dict(self.changed) or 0}"
        )


class Fuzz:
    """A world with something of everything in it, and the callers who may do something."""

    def __init__(self, world: World, seed: int, document: dict[str, Any]) -> None:
        self._world = world
        self._seed = seed
        self._serial = count()
        self._operations = list(_operations(world, document))
        self._bursts = count()
        self._callers: dict[str, list[Speaker]] = {}
        self._known: dict[str, str] = {}
        self._changes = Changes(world)
        self.tally = Tally()

    def round(self, examples: int, until: float = float("inf")) -> None:
        """A burst for each operation and kind of caller, with good requests and with bad ones."""
        for operation in self._operations:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if time.monotonic() > until:
                    return
                self._burst(operation, mode, examples)
                self._world.clock.advance(minutes=PAUSE_MINUTES)

    def _burst(self, operation: Any, mode: GenerationMode, examples: int) -> None:
        schemes = {name for each in operation.definition.raw.get("security", []) for name in each}
        callers, known = self._scene(LICENSE if LICENSE in schemes else "".join(sorted(schemes)))
        turn = count()

        @hypothesis.seed(self._seed + next(self._serial))
        @hypothesis.settings(
            max_examples=examples,
            database=None,
            deadline=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        def send(case: Any) -> None:
            number = next(turn)
            if number % 2:
                _about(case, known)
            self._send(case, callers[number % len(callers)])

        try:
            send()
        except hypothesis.errors.Unsatisfiable:
            return  # a route without anything to be wrong about

    def _scene(self, scheme: str) -> tuple[list[Speaker], dict[str, str]]:
        """Who sends, and what they name; new ones after a while, for deeds use them up."""
        if next(self._bursts) % LIVES == 0:
            self._callers.clear()
            self._known = _something(self._world)
        if scheme not in self._callers:
            self._callers[scheme] = _callers(self._world, scheme)
        return self._callers[scheme], self._known

    def _send(self, case: Any, speaker: Speaker) -> None:
        if IDEMPOTENCY_KEY in (case.headers or {}) and next(self._serial) % 8:
            case.headers[IDEMPOTENCY_KEY] = f"fuzz-{next(self._serial)}"
        case.headers = {**(case.headers or {}), **speaker.headers}
        case.cookies = speaker.cookies
        self._changes.tables()
        begun = time.perf_counter()
        response = case.call()
        took = time.perf_counter() - begun
        self.tally.statuses[response.status_code] += 1
        if response.status_code >= 400:
            self.tally.refused_in.append(took)
            for table in self._changes.tables():
                self.tally.changed[f"{table} by {case.method} {case.operation.path} {response.status_code}"] += 1
        try:
            case.validate_response(response, checks=HELD)
        except FailureGroup as group:
            for failure in group.exceptions:
                where = f"{case.method} {case.operation.path} {response.status_code} {failure.title}"
                self.tally.wrong.setdefault(
                    where, f"{failure.message}\n{case.as_curl_command()}\n{response.text[:500]}"
                )


def _operations(world: World, document: dict[str, Any]) -> Iterator[Any]:
    schema = schemathesis.openapi.from_dict(document)
    schema.app = world.house.app
    for operation in schema.get_all_operations():
        assert isinstance(operation, Ok)
        yield operation.ok()


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who sends a request, by what comes along with it."""

    headers: dict[str, str] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)


def _callers(world: World, scheme: str) -> list[Speaker]:
    """Whom the route is for: a license, or each role and a machine; and some whom it is not for."""
    _, license_id, _ = staff_routes.paid(world)
    licensed = Speaker({"Authorization": f"Bearer {token_of(world, license_id)}"})
    if scheme == LICENSE:
        return [licensed, licensed, licensed, Speaker()]
    if scheme == "":
        return [Speaker(), licensed]
    keys = [_machine(world, None), _machine(world, staff_routes.customer(world))]
    return [*(_person(world, role) for role in Role), *keys, _person(world, Role.MANAGER), licensed, Speaker()]


def _person(world: World, role: Role) -> Speaker:
    secret = world.sign_in(role).client.get_cookie(SESSION_COOKIE)
    assert secret is not None
    return Speaker({"Origin": ORIGIN}, {SESSION_COOKIE: secret.value})


def _machine(world: World, organization_id: str | None) -> Speaker:
    scopes = sorted(set(Permission) - FOR_PERSONS_ONLY)
    made = world.house.api_keys.create(OPERATOR, "fuzz", scopes, 30, organization_id)
    return Speaker({"Authorization": f"Bearer {made.key}"})


def _something(world: World) -> dict[str, str]:
    """An object of each kind that requests name."""
    buyer, license_id, serial = staff_routes.paid(world)
    _, quote_id = staff_routes.quote(world)
    milestone = staff_routes.of_milestone("")(world).path.rpartition("/")[2]
    token = token_of(world, license_id)
    world.check_in(token, nodes(3))
    [contact] = world.house.organizations.show(OPERATOR, buyer).contacts
    return {
        "license_id": license_id,
        "organization_id": buyer,
        "serial": serial,
        "quote_id": quote_id,
        "milestone_id": milestone,
        "contact_id": contact.id,
        "fsid": FSID,
        "organization": buyer,
        "license": token,
        "into": staff_routes.customer(world),
        "staff_id": world.sign_in(Role.SALES).id.removeprefix("staff:"),
        "currency": "EUR",
    }


def _about(case: Any, known: dict[str, str]) -> None:
    """The case names what exists, wherever it names anything."""
    for part in (case.path_parameters, case.query, case.body):
        if isinstance(part, dict):
            part.update({name: known[name] for name in part if name in known})


def fuzz(world: World, seconds: float) -> Tally:
    """Rounds until the seconds are over."""
    until = time.monotonic() + seconds
    running = Fuzz(world, time.monotonic_ns() % 2**32, Documented().document)
    while time.monotonic() < until:
        running.round(EXAMPLES, until)
    return running.tally


def _in_world(folder: Path, database_url: str, act: Callable[[World], Tally]) -> Tally:
    settings = make_settings(folder, database_url)
    set_up(build(settings, System(Clock())))
    return act(make_world(settings))


def main() -> int:
    seconds = float(sys.argv[1]) / 2
    tallies = []
    with tempfile.TemporaryDirectory() as folder, running_postgres() as postgres:
        postgres.execute("CREATE DATABASE fuzz")
        Path(folder, "sqlite").mkdir()
        Path(folder, "postgresql").mkdir()
        url = f"sqlite:///{folder}/sqlite/licensing.sqlite3"
        for name, database in (("sqlite", url), ("postgresql", postgres.database("fuzz").dsn)):
            tally = _in_world(Path(folder, name), database, lambda world: fuzz(world, seconds))
            sys.stdout.write(f"{name}: {tally}\n")
            tallies.append(tally)
    for tally in tallies:
        for where, what in tally.wrong.items():
            sys.stdout.write(f"\n{where}\n{what}\n")
    return 1 if any(tally.wrong or tally.changed for tally in tallies) else 0


if __name__ == "__main__":
    sys.exit(main())
