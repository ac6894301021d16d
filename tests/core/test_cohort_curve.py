"""The curve of conversions: the share that has converted when so many days have passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from licensing.core.cohorts import Conversions, Registrations, curve

DAY = datetime(2026, 1, 1, tzinfo=UTC)


def test_the_curve_grows_with_each_conversion_and_goes_on_to_the_last_day_that_was_watched() -> None:
    registered = [Registrations(DAY, 4, 2, 0)]
    converted = [Conversions(DAY, 10, 1), Conversions(DAY, 20, 1)]

    points = curve(registered, converted, DAY + timedelta(days=31))

    assert points == [(0, 0.0), (10, 0.25), (20, 0.5), (30, 0.5)]


def test_who_was_not_watched_long_enough_does_not_pull_the_curve_down() -> None:
    registered = [Registrations(DAY, 2, 1, 0), Registrations(DAY + timedelta(days=26), 2, 0, 0)]

    points = curve(registered, [Conversions(DAY, 10, 1)], DAY + timedelta(days=31))

    assert dict(points)[10] == 0.5


def test_a_conversion_on_the_first_day_is_there_from_the_start() -> None:
    points = curve([Registrations(DAY, 1, 1, 0)], [Conversions(DAY, 0, 1)], DAY + timedelta(days=5))

    assert points == [(0, 1.0), (4, 1.0)]


def test_without_a_conversion_there_is_no_curve() -> None:
    assert curve([Registrations(DAY, 3, 0, 1)], [], DAY + timedelta(days=5)) == []
