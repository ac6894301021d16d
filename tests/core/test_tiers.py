"""Tiers: a label by seats bought, by the bounds that hold on the day."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.core.errors import TermRefused
from licensing.core.licenses import Edition
from licensing.core.tiers import Tier, tier_for, trial_tier
from tests.core.factories import DAY, NOW, at


def make_tier(name: str, min_seats: int, max_seats: int | None = None, **changes: Any) -> Tier:
    return Tier(
        name=name,
        edition=changes.get("edition", Edition.PRO),
        min_seats=min_seats,
        max_seats=max_seats,
        support="business",
        valid_from=at(changes.get("since", 0)),
    )


TRIAL = make_tier("trial", 1, 4, edition=Edition.TRIAL)
TIERS = [make_tier("L", 40), make_tier("S", 5), TRIAL, make_tier("M", 16)]


@pytest.mark.parametrize(("seats", "name"), [(5, "S"), (15, "S"), (16, "M"), (39, "M"), (40, "L"), (100_000, "L")])
def test_a_tier_reaches_up_to_the_next(seats: int, name: str) -> None:
    assert tier_for(Edition.PRO, seats, at(NOW), TIERS).name == name


def test_the_order_of_the_rows_does_not_matter() -> None:
    assert tier_for(Edition.PRO, 20, at(NOW), TIERS) == tier_for(Edition.PRO, 20, at(NOW), TIERS[::-1])


def test_fewer_seats_than_any_tier_sells_are_refused() -> None:
    with pytest.raises(TermRefused, match="No tier sells 4 pro seats"):
        tier_for(Edition.PRO, 4, at(NOW), TIERS)


def test_a_tier_may_have_a_bound() -> None:
    assert tier_for(Edition.TRIAL, 4, at(NOW), TIERS) == TRIAL
    with pytest.raises(TermRefused, match="at most 4 seats, not 5"):
        tier_for(Edition.TRIAL, 5, at(NOW), TIERS)


@pytest.mark.parametrize(("seconds", "name"), [(-1, "S"), (0, "M")])
def test_a_bound_holds_from_its_first_second(seconds: int, name: str) -> None:
    tiers = [*TIERS, make_tier("M", 10, since=NOW)]

    assert tier_for(Edition.PRO, 12, at(NOW + seconds), tiers).name == name


def test_a_later_row_of_a_name_replaces_the_earlier_whatever_their_order() -> None:
    later = make_tier("M", 20, since=NOW)

    for tiers in ([*TIERS, later], [later, *TIERS]):
        assert tier_for(Edition.PRO, 18, at(NOW), tiers).name == "S"
        assert tier_for(Edition.PRO, 20, at(NOW), tiers) == later


def test_the_trial_on_offer_is_the_newest() -> None:
    larger = make_tier("trial", 1, 8, edition=Edition.TRIAL, since=NOW)

    assert trial_tier(at(NOW - DAY), [larger, *TIERS]) == TRIAL
    assert trial_tier(at(NOW), [larger, *TIERS]) == larger
