"""The months, quarters and years of a period."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from licensing.core.periods import Every, Period, spans


def day(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


def test_the_first_and_the_last_are_what_lies_in_the_period() -> None:
    found = spans(Period(day(1, 20), day(3, 2)), Every.MONTH)

    assert found == [
        ("2026-01", Period(day(1, 20), day(2, 1))),
        ("2026-02", Period(day(2, 1), day(3, 1))),
        ("2026-03", Period(day(3, 1), day(3, 2))),
    ]


def test_a_period_that_ends_with_a_month_has_none_of_the_next() -> None:
    assert [label for label, _ in spans(Period(day(1, 1), day(2, 1)), Every.MONTH)] == ["2026-01"]


@pytest.mark.parametrize(
    ("every", "labels"),
    [(Every.QUARTER, ["2025-Q4", "2026-Q1"]), (Every.YEAR, ["2025", "2026"])],
)
def test_quarters_and_years_start_where_they_do(every: Every, labels: list[str]) -> None:
    assert [label for label, _ in spans(Period(day(12, 31, 2025), day(1, 2)), every)] == labels
