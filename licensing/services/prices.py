"""The price list: what a node costs from a day on, and what many nodes come off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from licensing.core.callers import Caller
from licensing.core.errors import TermRefused
from licensing.core.prices import Price, VolumeDiscount
from licensing.core.supports import Offer, SupportLevel
from licensing.core.tiers import Tier
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
        details = {"node_year_minor": price.node_year_minor, "valid_from": price.valid_from.date().isoformat()}
        with self._database.write() as session:
            now = self._require_to_come(price.valid_from)
            prices.put(session, price)
            events.add(session, caller.id, "price.set", price.currency, now, details)

    def put_step(self, caller: Caller, step: VolumeDiscount) -> None:
        """A step of the volume schedule is set likewise; 0 percent ends it. Raises TermRefused."""
        details = {"percent": step.percent, "valid_from": step.valid_from.date().isoformat()}
        with self._database.write() as session:
            now = self._require_to_come(step.valid_from)
            prices.put_step(session, step)
            events.add(session, caller.id, "volume.set", str(step.min_seats), now, details)

    def _require_to_come(self, valid_from: datetime) -> datetime:
        """What was quoted by the list of a past day must stay explicable by it."""
        now = self._system.now()
        if valid_from.date() < now.date():
            raise TermRefused(f"Prices can be set from {now.date()} on; {valid_from.date()} is past.")
        return now
