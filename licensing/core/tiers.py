"""Scale tiers: a label by seats bought. Bounds are dated data; an old issuance keeps the tier it was sold under."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from licensing.core.errors import TermRefused
from licensing.core.licenses import Edition


@dataclass(frozen=True, slots=True)
class Tier:
    """From `valid_from` on, `edition` licenses of `min_seats` and more (to the next tier) are called `name`.

    `max_seats` is what a license of the tier may have at most, None for no bound: the trial's is its size.
    `support` is the support level that comes with it.
    """

    name: str
    edition: Edition
    min_seats: int
    max_seats: int | None
    support: str
    valid_from: datetime


def tier_for(edition: Edition, seats: int, on: datetime, tiers: Iterable[Tier]) -> Tier:
    """The tier of `seats` seats of `edition` at `on`: the newest row of the highest bound reached."""
    valid = [tier for tier in tiers if tier.edition is edition and tier.valid_from <= on]
    newest = {
        tier.name: tier for tier in sorted(valid, key=lambda tier: tier.valid_from)
    }  # a later row of the same name replaces the earlier
    reached = [tier for tier in newest.values() if tier.min_seats <= seats]
    if not reached:
        raise TermRefused(f"No tier sells {seats} {edition} seats.")
    tier = max(reached, key=lambda tier: tier.min_seats)
    if tier.max_seats is not None and seats > tier.max_seats:
        raise TermRefused(f"The tier {tier.name} has at most {tier.max_seats} seats, not {seats}.")
    return tier


def trial_tier(on: datetime, tiers: Iterable[Tier]) -> Tier:
    """The trial on offer at `on`."""
    return tier_for(Edition.TRIAL, 1, on, tiers)
