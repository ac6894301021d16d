"""The price list: what a node costs from a day on, and what many nodes come off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.callers import Caller
from licensing.core.errors import SupportNotOffered, TermRefused
from licensing.core.licenses import Edition
from licensing.core.prices import Price, VolumeDiscount
from licensing.core.supports import Offer, SupportLevel
from licensing.core.tiers import Tier, tier_for
from licensing.storage import events, prices, supports, tiers
from licensing.storage.database import Database
from licensing.system import System


@dataclass(frozen=True, slots=True)
class PriceList:
    """Every dated row: those in force, those of the past, and those to come."""

    prices: list[Price]
    schedule: list[VolumeDiscount]


@dataclass(frozen=True, slots=True)
class Offered:
    """What is or was for sale, as dated rows."""

    tiers: list[Tier]
    levels: list[SupportLevel]
    offers: list[Offer]


class Prices:
    """The price list and the volume schedule."""

    def __init__(self, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    def list(self) -> PriceList:
        with self._database.read() as session:
            return PriceList(prices.every(session), prices.schedule(session))

    def offered(self) -> Offered:
        """The tiers, the support levels, and which come with which."""
        with self._database.read() as session:
            return Offered(tiers.every(session), supports.levels(session), supports.offers(session))

    def put(self, caller: Caller, price: Price) -> None:
        """A price is set, from a day on that is not past. Raises TermRefused."""
        details = {"node_year_minor": price.node_year_minor, "valid_from": _day(price.valid_from)}
        with self._database.write() as session:
            now = self._require_to_come(price.valid_from)
            prices.put(session, price)
            events.add(session, caller.id, "price.set", price.currency, now, details)

    def put_step(self, caller: Caller, step: VolumeDiscount) -> None:
        """A step of the volume schedule is set likewise; 0 percent ends it. Raises TermRefused."""
        details = {"percent": step.percent, "valid_from": _day(step.valid_from)}
        with self._database.write() as session:
            now = self._require_to_come(step.valid_from)
            prices.put_step(session, step)
            events.add(session, caller.id, "volume.set", str(step.min_seats), now, details)

    def put_tier(self, caller: Caller, tier: Tier) -> None:
        """A tier of Pro Bundle has other bounds or another support level from a day on, or there is a new one.

        What was sold keeps its tier. Raises TermRefused, and SupportNotOffered for a level that there is not.
        """
        with self._database.write() as session:
            now = self._require_to_come(tier.valid_from)
            _require_level(session, tier.support)
            if any(each.name == tier.name and each.edition is not tier.edition for each in tiers.every(session)):
                raise TermRefused(f"The tier {tier.name} is not one of Pro Bundle.")
            tiers.put(session, tier)
            tier_for(Edition.PRO, 1, tier.valid_from, tiers.every(session))  # somebody may buy a single seat
            details = {"min_seats": tier.min_seats, "support": tier.support, "valid_from": _day(tier.valid_from)}
            events.add(session, caller.id, "tier.set", tier.name, now, details)

    def put_offer(self, caller: Caller, offer: Offer) -> None:
        """A support level may be chosen at a tier from a day on. Raises TermRefused, SupportNotOffered."""
        with self._database.write() as session:
            now = self._require_to_come(offer.valid_from)
            _require_level(session, offer.support)
            if all(tier.name != offer.tier for tier in tiers.every(session)):
                raise TermRefused(f"There is no tier {offer.tier}.")
            supports.put_offer(session, offer)
            details = {"support": offer.support, "valid_from": _day(offer.valid_from)}
            events.add(session, caller.id, "support.offered", offer.tier, now, details)

    def _require_to_come(self, valid_from: datetime) -> datetime:
        """What was quoted by the list of a past day must stay explicable by it."""
        now = self._system.now()
        if valid_from.date() < now.date():
            raise TermRefused(f"Prices can be set from {now.date()} on; {valid_from.date()} is past.")
        return now


def _require_level(session: Session, name: str) -> None:
    levels = [level.name for level in supports.levels(session)]
    if name not in levels:
        raise SupportNotOffered(f"There is no support level {name}; there are {', '.join(levels)}.")


def _day(moment: datetime) -> str:
    return moment.date().isoformat()
