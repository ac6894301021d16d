"""The rules of the reading side of reports: periods, Kaplan and Meier, milestones and leads."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from licensing.core import leads, milestones, periods
from licensing.core.cohorts import Conversions, Registrations, cohorts, median_days, open_after
from licensing.core.errors import MilestoneRefused, PeriodRefused
from licensing.core.funnels import By, funnel
from licensing.core.journeys import Signal
from licensing.core.milestones import Aim, Milestone, Status
from licensing.core.periods import Every, Period, Unit, units
from licensing.core.retention import retention

NOW = datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC)


def on(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_without_days_the_last_twelve_months_are_told_and_today_is_one_of_them() -> None:
    assert periods.period(None, None, NOW) == Period(on("2025-08-01"), on("2026-07-02"))


@pytest.mark.parametrize(
    ("first", "end"),
    [
        ("2026-01-01", "2026-01-01"),
        ("2026-01-02", "2026-01-01"),
        ("2019-12-31", "2026-01-01"),
        ("2100-01-01", "2101-01-02"),
        ("2020-01-01", "2030-01-09"),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(first: str, end: str) -> None:
    with pytest.raises(PeriodRefused):
        periods.period(on(first), on(end), NOW)


def test_the_longest_period_has_3660_days() -> None:
    first = on("2020-01-01")

    assert periods.period(first, first + timedelta(days=3_660), NOW).first == first


@pytest.mark.parametrize(
    ("first", "end", "expected"),
    [
        ("2026-01-01", "2026-03-01", [("month", "2026-01-01", "2026-03-01")]),
        ("2026-01-02", "2026-01-31", [("day", "2026-01-02", "2026-01-31")]),
        ("2026-01-31", "2026-02-02", [("day", "2026-01-31", "2026-02-01"), ("day", "2026-02-01", "2026-02-02")]),
        (
            "2025-12-31",
            "2026-03-02",
            [
                ("day", "2025-12-31", "2026-01-01"),
                ("month", "2026-01-01", "2026-03-01"),
                ("day", "2026-03-01", "2026-03-02"),
            ],
        ),
    ],
)
def test_a_period_is_whole_months_and_the_days_at_its_edges(
    first: str, end: str, expected: list[tuple[str, str, str]]
) -> None:
    found = units(Period(on(first), on(end)))

    days = [(unit, day) for unit, part in found for day in _days(unit, part)]
    wanted = [
        (Unit(unit), day) for unit, start, last in expected for day in _days(Unit(unit), Period(on(start), on(last)))
    ]
    assert days == wanted


def _days(unit: Unit, period: Period) -> list[datetime]:
    return [period.first + timedelta(days=number) for number in range((period.end - period.first).days)]


def test_kaplan_and_meier_on_a_small_example() -> None:
    # Ten watched: conversions on days 2, 2, 5, 9; lost from sight on days 2, 4, 5, 8, 9, 12.
    # Day 2: 10 at risk, 2 convert: 0.8. Three leave. Day 5: 6 at risk (one left on day 4), 1 converts: 0.8 × 5/6.
    # Day 9: 3 at risk (one left on 5, one on 8), 1 converts: × 2/3.
    converted, censored = Counter({2: 2, 5: 1, 9: 1}), Counter({2: 1, 4: 1, 5: 1, 8: 1, 9: 1, 12: 1})

    found = dict(open_after(converted, censored))

    assert found == pytest.approx({2: 0.8, 5: 0.8 * 5 / 6, 9: 0.8 * 5 / 6 * 2 / 3})


@pytest.mark.parametrize(
    ("converted", "total", "median"),
    [({}, 4, None), ({3: 1}, 4, None), ({3: 2}, 4, 3), ({1: 1, 7: 1}, 4, 7), ({0: 4}, 4, 0), ({}, 0, None)],
)
def test_the_median_is_the_first_day_by_which_half_have_converted(
    converted: dict[int, int], total: int, median: int | None
) -> None:
    day = on("2025-01-01")
    registered = [Registrations(day, total, sum(converted.values()), 0)]

    assert median_days(registered, [Conversions(day, days, count) for days, count in converted.items()], NOW) == median


def test_a_cohort_tells_a_share_from_the_second_its_last_day_is_old_enough() -> None:
    registered = [Registrations(on("2026-05-10"), 4, 1, 0)]
    converted = [Conversions(on("2026-05-01"), 29, 1)]

    (young,) = cohorts(registered, converted, on("2026-06-30 23:59:59"))
    (old,) = cohorts(registered, converted, on("2026-07-01"))

    assert (young.within_30, young.share_30) == (None, None)
    assert (old.within_30, old.share_30, old.within_60) == (1, 0.25, None)


def test_nothing_registered_has_no_shares() -> None:
    assert funnel(By.ALL, [("", (0,) * 8)]) == []
    assert funnel(By.COUNTRY, [("DE", (0, 0, 0, 0, 0, 1, 0, 0))])[0].converted_share is None


def test_retention_is_told_when_its_span_is_over() -> None:
    sums = [(on("2026-05-01"), 10, 8, 12), (on("2026-06-01"), 10, 8, 12), (on("2026-07-01"), 12, 12, 12)]

    lines = retention(Every.MONTH, sums, NOW)

    assert [(line.start, line.gross, line.net) for line in lines] == [
        ("2026-05", 0.8, 1.2),
        ("2026-06", 0.8, 1.2),
        ("2026-07", None, None),
    ]


def goal(target: int = 10) -> Milestone:
    return Milestone("0" * 32, "Ten", on("2026-01-01"), on("2026-01-10"), {Aim.NEW_CUSTOMERS: target})


@pytest.mark.parametrize(
    ("attained", "now", "status"),
    [
        (10, "2026-01-01", Status.MET),
        (10, "2027-01-01", Status.MET),
        (9, "2026-01-10 23:59:59", Status.BEHIND),
        (9, "2026-01-11", Status.MISSED),
        (5, "2026-01-06", Status.ON_TRACK),
        (5, "2026-01-06 00:00:01", Status.BEHIND),
        (0, "2025-12-01", Status.ON_TRACK),
        (0, "2026-01-01", Status.ON_TRACK),
    ],
)
def test_a_target_is_met_missed_on_track_or_behind(attained: int, now: str, status: Status) -> None:
    assert milestones.standing(goal(), Aim.NEW_CUSTOMERS, attained, on(now)).status is status


def test_the_pace_is_what_is_missing_by_what_is_left() -> None:
    found = milestones.standing(goal(), Aim.NEW_CUSTOMERS, 4, on("2026-01-08"))

    assert (found.missing, found.per_day, found.per_week) == (6, 2.0, 6.0)
    done = milestones.standing(goal(), Aim.NEW_CUSTOMERS, 12, on("2026-01-08"))
    assert (done.missing, done.per_day, done.per_week) == (0, None, None)


@pytest.mark.parametrize(
    "bad",
    [
        Milestone("", "x", on("2026-01-02"), on("2026-01-01"), {Aim.NEW_CUSTOMERS: 1}),
        Milestone("", "x", on("2026-01-01"), on("2026-01-01"), {}),
        Milestone("", "x", on("2019-12-31"), on("2026-01-01"), {Aim.NEW_CUSTOMERS: 1}),
        Milestone("", "x", on("2026-01-01"), on("2101-01-01"), {Aim.NEW_CUSTOMERS: 1}),
    ],
)
def test_a_milestone_that_makes_no_sense_is_refused(bad: Milestone) -> None:
    with pytest.raises(MilestoneRefused):
        bad.require_valid()


def test_leads_rank_by_the_sum_of_their_weights_and_nothing_is_no_reason() -> None:
    weights = {Signal.FIFTH_NODE: 40, Signal.FULL: 20, Signal.GROWING: 0}
    sets = [Signal.FULL, Signal.FIFTH_NODE | Signal.FULL, Signal.GROWING, Signal.FULL | Signal.GROWING]

    assert leads.ranked(sets, weights) == [
        (60, [Signal.FIFTH_NODE | Signal.FULL]),
        (20, [Signal.FULL, Signal.FULL | Signal.GROWING]),
    ]
    assert leads.reasons(Signal.FULL | Signal.GROWING, weights) == ("used all seats of the trial",)
