"""Reports: what a page costs with millions of customers, what counting costs, and whether wrong counts are found.

`python -m bench.reports` fills both databases and takes its time: 100,000 and 1,000,000 issuances on SQLite, 1,000,000
and 10,000,000 on PostgreSQL, side by side. `--scale 0.1` is a tenth of all, `--only SQLite` one of the databases.
`make bench` runs a short form on SQLite.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import inf
from pathlib import Path
from statistics import median

from bench import report_costs, report_faults, report_pages
from bench.checkins import bench_settings
from bench.report_costs import KnownLinks, Share, timed
from bench.report_rows import Filled, fill
from licensing.bootstrap import House, build, set_up
from licensing.core.errors import Busy
from tests.support.postgres import Postgres, running_postgres

MAX_SECONDS, MAX_GROWTH, MAX_SHARE = 0.1, 1.5, 1.1
ORGANIZATIONS = 20_000
SMALL, LARGE = {"SQLite": 1, "PostgreSQL": 10}, {"SQLite": 10, "PostgreSQL": 100}
"""Copies of that many organisations."""
TIMES, SHORT_TIMES = 21, 3
PATIENCE = 2.0
"""Seconds: what takes longer is far from any goal, and is looked at three times."""
FEW, SOME = 100, 2_000
"""Organisations of the houses that are counted anew, and customers that are counted again."""
LOADING = ("max_wal_size = '8GB'", "checkpoint_timeout = '30min'")


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table."""

    name: str
    cost: str
    ratio: str
    goal: str
    is_met: bool

    def row(self) -> str:
        return f"| {self.name} | {self.cost} | {self.ratio} | – | {self.goal} | {'yes' if self.is_met else '**no**'} |"


def ratios() -> list[Figure]:
    """The short form: 20,000 organisations on SQLite."""
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as name:
        folder = Path(name)
        house = _house(folder / "many", f"sqlite:///{folder}/many.sqlite3")
        filled = fill(house, ORGANIZATIONS // 20, 20)
        slowest, seconds = max(_timed_pages([house], SHORT_TIMES)[0].items(), key=lambda page: page[1])
        issuing = _house(folder / "new", f"sqlite:///{folder}/new.sqlite3")
        few = _house(folder / "few", f"sqlite:///{folder}/few.sqlite3")
        fill(few, FEW, 1)
        return [
            _page(f"slowest report page of {filled.organizations:,} organisations, SQLite: {slowest}", seconds),
            _cost("a sale, and its counting on the same core, SQLite", report_costs.sale(issuing), "a sale"),
            _faults(few, "SQLite"),
        ]


def measure(kind: str, folder: Path, scale: float, postgres: Postgres | None) -> Iterator[Figure]:
    """The long form on one of the databases, figure by figure."""

    def open_house(name: str) -> House:
        if postgres is None:
            return _house(folder / name, f"sqlite:///{folder}/{name}.sqlite3")
        postgres.execute(f"CREATE DATABASE {name}")
        return _house(folder / name, postgres.database(name).dsn)

    yield from _costs(kind, open_house("issuing"))
    few = open_house("few")
    yield from _counted(kind, few, fill(few, max(FEW, int(SOME * scale)), 1))
    small, large = open_house("small"), open_house("large")
    for house, copies in ((small, SMALL[kind]), (large, LARGE[kind])):
        start = time.perf_counter()
        filled = fill(house, int(ORGANIZATIONS * scale), copies)
        print(f"{kind}: {filled} in {time.perf_counter() - start:,.0f} s", flush=True)
    yield from _pages(kind, small, large, filled)
    rate = report_costs.catching_up(large, SOME)
    yield Figure(f"catching up beside {filled.organizations:,} organisations, {kind}", f"{rate:,.0f}/s", "–", "–", True)
    for house in small, large:
        house.database.close()


def _costs(kind: str, house: House) -> Iterator[Figure]:
    sale, trial, batch = (cost(house) for cost in (report_costs.sale, report_costs.trial, report_costs.batch))
    yield _cost(f"a sale, and its counting on the same core, {kind}", sale, "a sale")
    yield _cost(f"a trial, and its counting on the same core, {kind}", trial, "a trial")
    yield _cost(f"a license of a batch, and its counting on the same core, {kind}", batch, "a license of a batch")
    mark = report_costs.mark(house)
    yield _cost(f"a trial, of which a mark, {kind}", Share(trial.deed - mark, mark), "a trial without")
    value = report_costs.beside(house)
    beside = f"{value:.2f} × sales alone"
    yield Figure(f"sales while a worker counts beside them, {kind}", "–", beside, f"≤ {MAX_SHARE}", value <= MAX_SHARE)


def _counted(kind: str, house: House, filled: Filled) -> Iterator[Figure]:
    thousands = filled.base / 1_000
    reconciled = timed(house.rollups.reconcile) / thousands
    yield Figure(f"rebuilding 1,000 customers, {kind}", f"{filled.rebuild_seconds / thousands:.2f} s", "–", "–", True)
    yield Figure(f"reconciling 1,000 customers, {kind}", f"{reconciled:.2f} s", "–", "–", True)
    rate = report_costs.catching_up(house, int(filled.organizations / 2))
    yield Figure(f"catching up beside {filled.organizations:,} organisations, {kind}", f"{rate:,.0f}/s", "–", "–", True)
    yield _faults(house, kind)


def _pages(kind: str, small: House, large: House, filled: Filled) -> Iterator[Figure]:
    few, many = _timed_pages([small, large], TIMES)
    for name, seconds in sorted(many.items(), key=lambda page: -page[1]):
        growth = seconds / few[name]
        met = seconds <= MAX_SECONDS and growth <= MAX_GROWTH
        cost, goal = f"{seconds * 1e3:,.1f} ms", f"≤ {MAX_SECONDS * 1e3:g} ms, ≤ {MAX_GROWTH:g}"
        of = f"{filled.organizations:,} organisations, {kind}"
        yield Figure(f"{name}: {of}", cost, f"{growth:.2f} × a tenth of them", goal, met)


def _timed_pages(houses: list[House], times: int) -> list[dict[str, float]]:
    """The median seconds of each page, by house; the houses take turns, and the first time does not count."""
    pages = [report_pages.calls(house) for house in houses]
    found: list[dict[str, float]] = [{} for _ in houses]
    for name in pages[0]:
        warm = sum(_answered(calls[name]) for calls in pages)
        rounds = [[_answered(calls[name]) for calls in pages] for _ in range(times if warm < PATIENCE else 3)]
        for seconds, column in zip(found, zip(*rounds, strict=True), strict=True):
            seconds[name] = median(column)
    return found


def _answered(call: Callable[[], object]) -> float:
    """Seconds that a page takes, without end for one that the database gives up."""
    try:
        return timed(call)
    except Busy:
        return inf


def _page(name: str, seconds: float) -> Figure:
    return Figure(name, f"{seconds * 1e3:,.1f} ms", "–", f"≤ {MAX_SECONDS * 1e3:g} ms", seconds <= MAX_SECONDS)


def _cost(name: str, share: Share, reference: str) -> Figure:
    cost, ratio = f"{(share.deed + share.counting) * 1e6:,.0f} µs", f"{share.ratio:.2f} × {reference}"
    return Figure(name, cost, ratio, f"≤ {MAX_SHARE:g}", share.ratio <= MAX_SHARE)


def _faults(house: House, kind: str) -> Figure:
    every, found = len(report_faults.FAULTS), report_faults.found(house)
    return Figure(f"planted faults that reconciling names, {kind}", f"{found} of {every}", "–", "all", found == every)


def _house(folder: Path, url: str) -> House:
    house = build(bench_settings(folder, url), KnownLinks())
    set_up(house)
    return house


@contextmanager
def _server(kind: str) -> Iterator[Postgres | None]:
    if kind == "SQLite":
        yield None
        return
    with running_postgres() as postgres:
        postgres.execute(*(f"ALTER SYSTEM SET {setting}" for setting in LOADING), "SELECT pg_reload_conf()")
        yield postgres


def main() -> int:
    """Prints the table; 0 when all goals are met."""
    parser = argparse.ArgumentParser(prog="python -m bench.reports", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", choices=sorted(LARGE), action="append")
    asked = parser.parse_args()
    missed = 0
    for kind in asked.only or LARGE:
        with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder, _server(kind) as postgres:
            for figure in measure(kind, Path(folder), asked.scale, postgres):
                print(figure.row(), flush=True)
                missed += not figure.is_met
    return 1 if missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
