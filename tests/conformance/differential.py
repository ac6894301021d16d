"""Asks both readers about the same mutants: `python -m tests.conformance.differential 100000 [seed]`.

Ends with 1 when they disagree, and prints the first cases of it. Needs Go.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from tests.conformance.cases import Bench, Document
from tests.conformance.mutants import mutant
from tests.vectors.setting import SETTING

CLIENT = Path(__file__).parents[2] / "clients" / "go"
BATCH = 5_000


def disagreements(count: int, seed: int) -> tuple[list[tuple[Document, Document, Document]], Counter[str]]:
    """Each case with Python's answer and Go's where they differ, and how often each outcome was Python's."""
    random, bench = Random(seed), Bench(SETTING)
    found, outcomes = [], Counter[str]()
    with Judge() as judge:
        for start in range(0, count, BATCH):
            cases = [mutant(random) for _ in range(min(BATCH, count - start))]
            for case, theirs in zip(cases, judge.answers(cases), strict=True):
                ours = json.loads(json.dumps(bench.run(case)))
                outcomes[_kind(case, ours)] += 1
                if ours != theirs:
                    found.append((case, ours, theirs))
    return found, outcomes


class Judge:
    """The Go reader as a program, built once."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory()
        self._program = Path(self._folder.name) / "judge"

    def __enter__(self) -> Judge:
        command = ["go", "build", "-buildvcs=false", "-o", str(self._program), "./internal/judge"]
        subprocess.run(command, cwd=CLIENT, check=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def answers(self, cases: list[Document]) -> Iterator[Document]:
        """Go's answer to each case."""
        lines = "\n".join(json.dumps(line) for line in (SETTING, *cases))
        done = subprocess.run([str(self._program)], input=lines, capture_output=True, text=True, check=True)
        yield from (json.loads(line) for line in done.stdout.splitlines())


def _kind(case: Document, outcome: Document) -> str:
    name, found = next(iter(outcome.items()))
    detail = {"reason": found, "verdict": found.get("code") if isinstance(found, dict) else None}.get(name, "")
    return f"{case['read']} {name} {detail}".strip()


def main(count: int, seed: int = 1) -> int:
    found, outcomes = disagreements(count, seed)
    for outcome, number in sorted(outcomes.items()):
        sys.stdout.write(f"{number:8} {outcome}\n")
    for case, ours, theirs in found[:10]:
        sys.stdout.write(json.dumps({"case": case, "python": ours, "go": theirs}) + "\n")
    sys.stdout.write(f"{count} cases of seed {seed}, {len(found)} disagreements\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
