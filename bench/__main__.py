"""`make bench`: measures, prints, and writes bench/RESULTS.md. Exits 1 when a goal is missed."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path
from typing import Protocol, TypeVar

from bench import audits, batches, checkins, counts, issuance, pages, reports, tokens
from bench.load import checkins as load_checkins
from bench.load import growth, pair
from bench.load.shares import HEAD as SHARES

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """# What things cost

Written by `make bench`. Each row compares two things in one run, taking turns. The ratio is that of their cheapest
rounds, the spread the middle half of all rounds. Absolute times belong to the machine: Python {python}, {cores}
cores, {machine}.

The last rows are rates, by the wall clock: the database works in processes of its own.

| what | CPU time | ratio | spread | goal | met |
|---|---|---|---|---|---|
"""


COUNTED = """
What is counted, not timed: the tests that prove it, run with the rest.

| what | outcome | met |
|---|---|---|
"""


class HasRow(Protocol):
    """What is in the table."""

    @property
    def is_met(self) -> bool: ...

    def row(self) -> str: ...


Result = TypeVar("Result", bound=HasRow)


def main() -> int:
    """Runs every bench; 0 when all goals are met."""
    results = [told(result) for bench in (tokens, checkins, batches, reports) for result in bench.ratios()]
    results += map(told, (*issuance.issuances(), *audits.audits(), *growth.growths(), pair.pair()))
    shares = list(map(told, load_checkins.shares()))
    opened = list(map(told, pages.opened_pages()))
    proofs = counts.rows()
    head = HEAD.format(python=platform.python_version(), cores=os.cpu_count(), machine=platform.machine())
    table = "".join(f"{result.row()}\n" for result in results)
    rates = SHARES + "".join(f"{share.row()}\n" for share in shares)
    spent = checkins.SPENT + "".join(f"{line}\n" for line in checkins.spent())
    costs = pages.HEAD + "".join(f"{page.row()}\n" for page in opened)
    report = f"{head}{table}{rates}{spent}{costs}{COUNTED}" + "".join(f"{row}\n" for row, _ in proofs)
    RESULTS.write_text(report, "utf-8")
    print(report)
    met = all(each.is_met for each in (*results, *shares, *opened))
    return 0 if met and all(held for _, held in proofs) else 1


def told(result: Result) -> Result:
    """The result, told at once to whoever waits."""
    print(result.row(), end="" if result.row().endswith("\n") else "\n", file=sys.stderr, flush=True)
    return result


if __name__ == "__main__":
    sys.exit(main())
