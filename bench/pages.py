"""Pages: what each page of the console and of the portal costs with the demo's data and two large customers, warm.

`python -m bench.pages` plays the demo first, which takes some minutes; `--data <folder>` takes one that is played
already (`LICENSING_DATA_DIR=<folder> licensing demo`), and leaves the two in it. `--over` prints those
pages alone that miss a goal. Statements are those of the database.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from flask.testing import FlaskClient

from bench.checkins import bench_settings
from bench.page_addresses import Address, chosen
from bench.page_load import load
from licensing.bootstrap import House, build, migrate, open_system, set_up
from licensing.core.callers import PERMISSIONS, Role
from licensing.core.periods import day_of
from licensing.core.portal import opened
from licensing.core.sessions import secret_hash
from licensing.services.demo import Demo, first_day
from licensing.services.demo_people import Scene, staged
from licensing.settings import Settings
from licensing.storage import portal, staff
from licensing.web.access import SESSION_COOKIE
from licensing.web.app import create_app
from licensing.web.portal.access import PORTAL_COOKIE
from tests.support.statements import heard

MAX_SECONDS, MAX_BYTES = 0.05, 100_000
UNMEASURED, MEASURED = 2, 7
SEED, TRIALS = 7, 2_500
ROLES = (Role.MANAGER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Opened:
    """A page, how it was answered, and what that cost. `best` and `typical` are seconds."""

    address: Address
    status: int
    best: float
    typical: float
    bytes: int
    statements: int

    @property
    def is_met(self) -> bool:
        return self.status == 200 and self.typical <= MAX_SECONDS and self.bytes <= MAX_BYTES

    def row(self) -> str:
        verdict = "yes" if self.is_met else "**no**"
        times = f"{self.typical * 1e3:.1f} ms | {self.best * 1e3:.1f} ms"
        return f"| `{self.address.name}` | {times} | {self.bytes / 1e3:.1f} kB | {self.statements} | {verdict} |"


HEAD = f"""
Pages with the demo's data and two customers who have more of everything, warm, through the whole application without a
network. Goals: at most {MAX_SECONDS * 1e3:g} ms in the middle of {MEASURED} times, and {MAX_BYTES / 1e3:g} kB of HTML.

| page | time | best | HTML | statements | met |
|---|---|---|---|---|---|
"""


def opened_pages() -> list[Opened]:
    """Every page, with a demo of its own."""
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder:
        settings = _settings(Path(folder))
        _play(settings)
        return list(measure(settings))


def measure(settings: Settings) -> Iterator[Opened]:
    """Every page of the installation, one after the other."""
    migrate(settings)
    house = build(settings)
    app = create_app(house)
    load(house, app)
    house.rollups.catch_up()
    found = chosen(house, app)
    clients = {role: _staff_client(house, role) for role in ROLES}
    visitor = _visitor_client(house, found.folded_email)
    for address in found.addresses:
        permission = getattr(app.view_functions[address.endpoint], "permission", None)
        role = next(role for role in ROLES if permission is None or permission in PERMISSIONS[role])
        yield _opened(house, visitor if address.endpoint.startswith("portal_") else clients[role], address)
    house.database.close()


def _opened(house: House, client: FlaskClient, address: Address) -> Opened:
    def get() -> tuple[int, int]:
        answer = client.get(address.path)
        return answer.status_code, len(answer.data)

    for _ in range(UNMEASURED):
        get()
    times = []
    for _ in range(MEASURED):
        start = time.perf_counter()
        get()
        times.append(time.perf_counter() - start)
    with heard(house.database.engine) as statements:
        status, length = get()
    return Opened(address, status, min(times), median(times), length, len(statements))


def _staff_client(house: House, role: Role) -> FlaskClient:
    """The browser of a new person of that role."""
    now, id = house.system.now(), house.system.new_id()
    with house.database.write() as session:
        staff.add(session, id, f"{role}.{id[-8:]}@koor.example", role, None, now, role.title())
        secret = house.sign_in.open(session, id, True, now)
    client = house.app.test_client()
    client.set_cookie(SESSION_COOKIE, secret)
    return client


def _visitor_client(house: House, folded_email: str) -> FlaskClient:
    """The browser of a customer."""
    secret = house.system.new_session()
    with house.database.write() as session:
        portal.open_session(session, secret_hash(secret), opened(folded_email, house.system.now()))
    client = house.app.test_client()
    client.set_cookie(PORTAL_COOKIE, secret, path="/licenses")
    return client


def _play(settings: Settings) -> None:
    """The demo's two years have happened."""
    end = day_of(open_system(settings).now())
    scene = Scene(first_day(end))
    house = build(settings, staged(scene))
    set_up(house)
    Demo(house, scene).play(SEED, TRIALS, end)
    house.database.close()


def _settings(folder: Path) -> Settings:
    return bench_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}")


def _printed(pages: Iterator[Opened], *, is_wanted: Callable[[Opened], bool]) -> int:
    """Prints the table; how many miss a goal."""
    print(HEAD, end="")
    missed = 0
    for each in pages:
        missed += not each.is_met
        if is_wanted(each):
            print(each.row(), flush=True)
    return missed


def main() -> int:
    """Prints the table; 0 when all goals are met."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--over", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder:
        settings = _settings(Path(folder) if asked.data is None else asked.data.resolve())
        if asked.data is None:
            _play(settings)
        return 1 if _printed(measure(settings), is_wanted=lambda page: not (asked.over and page.is_met)) else 0


if __name__ == "__main__":
    raise SystemExit(main())
