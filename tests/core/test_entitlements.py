"""What support may give: which licenses count, and until when."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from licensing.core.entitlements import GRACE, entitlement
from licensing.core.licenses import Edition
from licensing.core.standings import Standing
from licensing.core.supports import SupportLevel
from tests.core.factories import make_standing

START = datetime(2026, 1, 15, tzinfo=UTC)
END = datetime(2027, 1, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LEVELS = [SupportLevel("community", 0, "Community", ()), SupportLevel("standard", 1, "Standard", ())]
BEST = SupportLevel("dedicated-24x7", 3, "Dedicated 24/7", ())
PAID = make_standing(START, ends_at=END)
TRIAL = replace(PAID, license_id="b" * 32, edition=Edition.TRIAL, support="community", ends_at=None, ever_pro=False)


def level_of(*standings: Standing, at: datetime) -> str:
    return entitlement(standings, [*LEVELS, BEST], at).level.name


@pytest.mark.parametrize(
    ("at", "level"),
    [
        (START - SECOND, "community"),
        (START, "standard"),
        (END - SECOND, "standard"),
        (END, "standard"),
        (END + GRACE - SECOND, "standard"),
        (END + GRACE, "community"),
    ],
)
def test_a_paid_license_counts_from_its_start_to_the_end_of_its_grace(at: datetime, level: str) -> None:
    assert level_of(PAID, at=at) == level


def test_the_grace_has_thirty_days() -> None:
    assert timedelta(days=30) == GRACE


def test_renewal_is_overdue_from_the_end_on() -> None:
    before, after = (entitlement([PAID], LEVELS, at).because for at in (END - SECOND, END))

    assert "overdue" not in before
    assert "2027-01-15" in after
    assert "overdue" in after


def test_the_best_license_that_counts_wins() -> None:
    better = replace(PAID, license_id="e" * 32, support=BEST.name)

    assert level_of(PAID, better, TRIAL, at=START) == BEST.name
    assert level_of(PAID, replace(better, revoked_at=START), at=START) == "standard"


@pytest.mark.parametrize(
    ("standings", "reason"),
    [
        ((), "No license."),
        ((TRIAL,), "trial"),
        ((replace(PAID, suspended_at=START),), "suspended"),
        ((replace(PAID, revoked_at=START),), "revoked"),
        ((replace(PAID, starts_at=END, ends_at=END + GRACE),), "starts on 2027-01-15"),
        ((replace(PAID, ends_at=START - GRACE), TRIAL), "ended on 2025-12-16"),
    ],
)
def test_without_a_license_that_counts_there_is_community_support_and_a_reason(
    standings: tuple[Standing, ...], reason: str
) -> None:
    found = entitlement(standings, LEVELS, START)

    assert (found.level.name, found.counting) == ("community", frozenset())
    assert reason in found.because
