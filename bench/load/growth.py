"""Check-ins on a grown database against an empty one: `python -m bench.load.growth [ISSUANCES [DATABASE …]]`.

Both servers run as users start them, on the same core, and take turns. There are five issuances to an organisation, and
a bit more than one license; half of them have clusters. More than MANY issuances are of `bench.load.millions`: ten to
a license. `python -m bench.load.growth 10000000 PostgreSQL` takes some minutes and 10 GB.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import func, select

from bench.checkins import bench_settings
from bench.load import millions
from bench.load.checkins import environment_of, sold
from bench.load.requests import NODES, checkins
from bench.load.servers import ROUNDS, Server, started
from bench.report_customers import DEEDS_EACH
from bench.report_rows import fill
from licensing.bootstrap import build, set_up
from licensing.storage.clusters import ClusterRow
from licensing.storage.ledger import IssuanceRow
from licensing.storage.licenses import LicenseRow
from tests.support.postgres import running_postgres

ISSUANCES, BASE, GOAL = 1_000_000, 2_000, 1.2
MANY = 2_000_000
DATABASES = ("SQLite", "PostgreSQL")


@dataclass(frozen=True, slots=True)
class Growth:
    """The middle check-in's milliseconds on a grown database, and its ratios to an empty one's."""

    name: str
    p50: float
    ratios: list[float]

    @property
    def is_met(self) -> bool:
        return median(self.ratios) <= GOAL

    def row(self) -> str:
        low, middle, high = quantiles(self.ratios, n=4)
        verdict = "yes" if self.is_met else "**no**"
        what = f"{middle:.2f} × that of an empty database"
        return f"| {self.name} | {self.p50:.2f} ms | {what} | {low:.2f} – {high:.2f} | ≤ {GOAL:g} | {verdict} |"


def growths(issuances: int = ISSUANCES, databases: Sequence[str] = DATABASES) -> list[Growth]:
    """On each database."""
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as name, running_postgres() as postgres:
        folder = Path(name)
        postgres.execute("CREATE DATABASE empty", "CREATE DATABASE grown")
        urls = {
            "SQLite": (f"sqlite:///{folder}/empty.sqlite3", f"sqlite:///{folder}/grown.sqlite3"),
            "PostgreSQL": (postgres.database("empty").dsn, postgres.database("grown").dsn),
        }
        return [_growth(name, folder / name, issuances, *urls[name]) for name in databases]


def _growth(database: str, folder: Path, issuances: int, empty_url: str, grown_url: str) -> Growth:
    with ExitStack() as stack:
        empty, few, _ = _served(stack, folder / "empty", empty_url, 0)
        grown, many, size = _served(stack, folder / "grown", grown_url, issuances)
        for server, requests in ((empty, few), (grown, many)):
            server.measure(requests)
        pairs = [(grown.measure(many).p50, empty.measure(few).p50) for _ in range(ROUNDS)]
    name = f"unchanged check-in of {NODES} nodes, the middle one, {database} with {size}"
    return Growth(name, median(one for one, _ in pairs), [one / other for one, other in pairs])


def _served(stack: ExitStack, folder: Path, url: str, issuances: int) -> tuple[Server, list[bytes], str]:
    settings = replace(bench_settings(folder, url), workers=1)
    house = build(settings)
    set_up(house)
    token, _ = sold(house)
    if issuances > MANY:
        millions.fill(house, issuances)
    elif issuances:
        fill(house, BASE, max(1, issuances // (BASE * DEEDS_EACH)))
    with house.database.read() as session:
        counts = [
            session.scalar(select(func.count()).select_from(row)) for row in (IssuanceRow, LicenseRow, ClusterRow)
        ]
    house.database.close()
    server = stack.enter_context(started(["licensing", "serve"], environment_of(settings)))
    size = "{:,} issuances, {:,} licenses, {:,} clusters".format(*counts)
    return server, checkins(token, NODES, 1), size


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else ISSUANCES
    for growth in growths(wanted, sys.argv[2:] or DATABASES):
        print(growth.row())
