"""Support levels: what each covers, at which tier it is offered, and what a caller is entitled to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from licensing.core.errors import SupportNotOffered
from licensing.core.tiers import Tier


@dataclass(frozen=True, slots=True)
class SupportLevel:
    """A level of support; a higher `rank` is more. `covers` is what may be asked for, in words."""

    name: str
    rank: int
    title: str
    covers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """`support` comes with `tier` in [valid_from, valid_until)."""

    tier: str
    support: str
    valid_from: datetime
    valid_until: datetime | None


def offered(tier: Tier, on: datetime, offers: Iterable[Offer]) -> list[str]:
    """The levels that come with `tier` at `on`: its own, and those on offer."""
    names = [tier.support]
    names += [
        offer.support
        for offer in offers
        if offer.tier == tier.name
        and offer.valid_from <= on
        and (offer.valid_until is None or on < offer.valid_until)
        and offer.support != tier.support
    ]
    return names


def chosen(wish: str | None, tier: Tier, on: datetime, offers: Iterable[Offer]) -> str:
    """The level wished for, or the tier's own; raises SupportNotOffered."""
    if wish is None:
        return tier.support
    names = offered(tier, on, offers)
    if wish not in names:
        raise SupportNotOffered(f"The tier {tier.name} comes with {', '.join(names)}, not with {wish}.")
    return wish
