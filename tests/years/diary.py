"""The diary of a play: what was answered on both sides, and whether `docs/answers.md` knows of each difference.

An answer is spelled `CODE`, then `restricted` if it is, then its warnings: `NOT_YET_VALID CLOCK_SUSPECT`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

ANSWERS = Path(__file__).parents[2] / "docs" / "answers.md"
HEADING = "## Where offline and server may differ"
AGREED = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """One documented row: any of the `offline` answers may stand beside any of the `server` answers."""

    offline: frozenset[str]
    server: frozenset[str]

    def allows(self, offline: str, server: str) -> bool:
        return offline != server and offline in self.offline and server in self.server


@dataclass(frozen=True, slots=True)
class Line:
    """One step as it went; `problem` is empty when it went as written."""

    at: datetime
    event: str
    offline: str
    server: str
    difference: str
    problem: str

    def __str__(self) -> str:
        mark = f"  !! {self.problem}" if self.problem else ""
        cells = f"{self.at:%Y-%m-%d %H:%M:%S}  {self.event:<66}  {self.offline:<27}  {self.server:<27}"
        return f"{cells}  {self.difference}{mark}".rstrip()


@dataclass(slots=True)
class Diary:
    """Every step in order; `tell` gets each line as it is written."""

    differences: Mapping[str, Difference]
    tell: Callable[[str], object]
    lines: list[Line] = field(default_factory=list)

    def compare(
        self, at: datetime, event: str, answered: tuple[str, str], expected: tuple[str, str], difference: str = AGREED
    ) -> None:
        """The answers of client and server: both as expected, and different only as the row `difference` allows."""
        problem = "" if answered == expected else f"expected {expected[0]} and {expected[1]}"
        if not problem and not self._is_documented(answered, difference):
            problem = f"docs/answers.md does not allow this under {difference or 'agreement'}"
        self._write(Line(at, event, *answered, difference, problem))

    def fact(self, at: datetime, event: str, *, holds: bool) -> None:
        """Something that is true beside the answers."""
        self._write(Line(at, event, "", "", AGREED, "" if holds else "this is not so"))

    def problems(self) -> list[str]:
        """What went otherwise than written, and which documented differences never occurred."""
        wrong = [f"{line.at:%Y-%m-%d} {line.event}: {line.problem}" for line in self.lines if line.problem]
        seen = {line.difference for line in self.lines}
        return wrong + [
            f"the difference {id} is documented and never occurred" for id in self.differences.keys() - seen
        ]

    def _is_documented(self, answered: tuple[str, str], difference: str) -> bool:
        if difference == AGREED:
            return answered[0] == answered[1]
        row = self.differences.get(difference)
        return row is not None and row.allows(*answered)

    def _write(self, line: Line) -> None:
        self.lines.append(line)
        self.tell(str(line))


def read_differences(page: Path = ANSWERS) -> dict[str, Difference]:
    """The table of documented differences, by id."""
    _, _, section = page.read_text("utf-8").partition(HEADING)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:3] == "| `"]
    return {row[0].strip("`"): Difference(_answers(row[1]), _answers(row[2])) for row in rows}


def _answers(cell: str) -> frozenset[str]:
    return frozenset(re.findall("`([^`]+)`", cell))
