"""Two servers on one PostgreSQL against one of them, each on a core of its own: `python -m bench.load.pair`."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median, quantiles

from bench.checkins import bench_settings
from bench.load.checkins import environment_of, sold
from bench.load.requests import NODES, checkins
from bench.load.servers import CORES, ROUNDS, SECONDS, Server, load, started
from licensing.bootstrap import build, set_up
from tests.support.postgres import running_postgres

GOAL = 1.7


@dataclass(frozen=True, slots=True)
class Pair:
    """How much more two servers do than one."""

    rate: float
    ratios: list[float]

    @property
    def is_met(self) -> bool:
        return median(self.ratios) >= GOAL

    def row(self) -> str:
        low, middle, high = quantiles(self.ratios, n=4)
        verdict = "yes" if self.is_met else "**no**"
        return (
            f"| unchanged check-ins, two servers on one PostgreSQL | {self.rate:,.0f}/s | {middle:.2f} × one server |"
            f" {low:.2f} – {high:.2f} | ≥ {GOAL:g} | {verdict} |"
        )


def pair() -> Pair:
    """The load comes from the other cores, where the database works, too."""
    with ExitStack() as stack:
        postgres = stack.enter_context(running_postgres())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="licensing-bench-")))
        settings = replace(bench_settings(folder, postgres.dsn), workers=1)
        house = build(settings)
        set_up(house)
        token, _ = sold(house)
        house.database.close()
        servers = [
            stack.enter_context(started(["licensing", "serve"], environment_of(settings), cores=[core]))
            for core in CORES[-2:]
        ]
        requests = [checkins(token, NODES, 1), checkins(token, NODES, 1_000)]
        _together(servers, requests)
        rounds = [(_together(servers, requests), _together(servers[:1], requests[:1])) for _ in range(ROUNDS)]
    return Pair(max(both for both, _ in rounds), [both / one for both, one in rounds])


def _together(servers: Sequence[Server], requests: Sequence[Sequence[bytes]]) -> float:
    """Requests a second of all of them at once."""
    with ExitStack() as stack:
        told = [
            stack.enter_context(load(server.port, some, 2 * SECONDS, CORES[:-2] or CORES))
            for server, some in zip(servers, requests, strict=True)
        ]
        return sum(each()["rate"] for each in told)


if __name__ == "__main__":
    print(pair().row())
