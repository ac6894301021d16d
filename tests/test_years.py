"""The years pass as `make years` plays them, and the diary would notice if they did not."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from licensing.verifier import Code, Warning
from tests.years.diary import ANSWERS, Diary, Difference, read_differences

SOURCE = Path(__file__).parents[1]
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
FORGED = Difference(offline=frozenset({"VALID"}), server=frozenset({"NOT_FOUND restricted"}))


def make_diary() -> Diary:
    return Diary({"forged": FORGED}, tell=lambda line: None)


def test_two_years_of_a_customer_go_as_documented() -> None:
    played = subprocess.run(
        [sys.executable, "-m", "tests.years"], cwd=SOURCE, capture_output=True, text=True, check=False
    )

    assert played.returncode == 0, played.stdout + played.stderr


def test_every_code_and_warning_is_documented() -> None:
    page = ANSWERS.read_text("utf-8")

    assert [name for name in (*Code, *Warning) if f"| `{name}` |" not in page] == []


def test_the_documented_differences_are_read_from_the_page() -> None:
    differences = read_differences()

    assert differences["copied-trial"].allows("VALID", "CLUSTER_MISMATCH restricted")
    assert not differences["copied-trial"].allows("VALID", "CLUSTER_MISMATCH")


def test_a_documented_difference_that_occurs_is_no_problem() -> None:
    diary = make_diary()

    diary.compare(NOW, "a theft", ("VALID", "NOT_FOUND restricted"), ("VALID", "NOT_FOUND restricted"), "forged")

    assert diary.problems() == []


def test_a_documented_difference_that_never_occurs_is_a_problem() -> None:
    diary = make_diary()

    diary.compare(NOW, "a good day", ("VALID", "VALID"), ("VALID", "VALID"))

    assert diary.problems() == ["the difference forged is documented and never occurred"]


def test_a_difference_that_is_not_documented_is_a_problem() -> None:
    diary = Diary({}, tell=lambda line: None)

    diary.compare(NOW, "a theft", ("VALID", "NOT_FOUND restricted"), ("VALID", "NOT_FOUND restricted"), "forged")
    diary.compare(NOW, "another", ("VALID", "NOT_FOUND restricted"), ("VALID", "NOT_FOUND restricted"))

    assert len(diary.problems()) == 2


def test_an_answer_that_is_not_the_expected_one_is_a_problem_even_when_both_agree() -> None:
    diary = Diary({}, tell=lambda line: None)

    diary.compare(NOW, "the end", ("VALID", "VALID"), ("EXPIRED", "EXPIRED"))

    assert diary.problems() == ["2026-01-15 the end: expected EXPIRED and EXPIRED"]


def test_a_fact_that_does_not_hold_is_a_problem() -> None:
    diary = Diary({}, tell=lambda line: None)

    diary.fact(NOW, "ready", holds=False)

    assert diary.problems() == ["2026-01-15 ready: this is not so"]
