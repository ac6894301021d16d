"""The page of hostile inputs names tests that there are, and leaves no case out."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent.parent
PAGE = (TESTS.parent / "docs" / "reliability-cases.md").read_text("utf-8")
CASES = {
    "A": (1, 2, 3, 4, 5, 6, 7, 9, 10, 12, 14, 16, 17, 18, 19, 20),
    "B": (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 14, 15),
    "C": (1, 2, 4, 5, 7, 8, 9, 12),
    "D": (1, 2, 4, 5, 7, 8, 9, 10, 11),
    "E": (1, 2, 4),
}


def test_every_case_has_tests_and_every_test_is_there() -> None:
    rows = dict(re.findall(r"^\| ([A-E]\d+) \| [^|]+ \| (.+) \|$", PAGE, re.M))

    absent = [
        f"{case}: {file}::{name}"
        for case, cell in rows.items()
        for file, name in re.findall(r"`([\w/]+\.py)::(\w+)`", cell)
        if not (TESTS / file).exists() or f"def {name}(" not in (TESTS / file).read_text("utf-8")
    ]

    assert absent == []
    assert list(rows) == [f"{group}{number}" for group, numbers in CASES.items() for number in numbers]
    assert all("::" in cell for cell in rows.values())
