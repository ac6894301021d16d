"""`make bench`: measures, prints, and writes bench/RESULTS.md. Exits 1 when a goal is missed."""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from bench import checkins, tokens

RESULTS = Path(__file__).parent / "RESULTS.md"
HEAD = """# What things cost

Written by `make bench`. Each row compares two things in one run, taking turns. The ratio is that of their cheapest
rounds, the spread the middle half of all rounds. Absolute times belong to the
machine: Python {python}, {cores} cores, {machine}.

| what | CPU time | ratio | spread | goal | met |
|---|---|---|---|---|---|
"""


def main() -> int:
    """Runs every bench; 0 when all goals are met."""
    results = []
    for bench in (tokens, checkins):
        for result in bench.ratios():
            print(result.row(), flush=True)
            results.append(result)
    head = HEAD.format(python=platform.python_version(), cores=os.cpu_count(), machine=platform.machine())
    RESULTS.write_text(head + "".join(f"{result.row()}\n" for result in results), "utf-8")
    return 0 if all(result.is_met for result in results) else 1


if __name__ == "__main__":
    sys.exit(main())
