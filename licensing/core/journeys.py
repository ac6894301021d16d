"""Journeys: how far each customer came from her first registration to her first purchase, and what she shows by then.

A customer is an organisation with all that were merged into it, or a registration that nobody confirmed yet. The rules,
in words, are docs/reports.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntFlag

from licensing.core.ledger import Kind
from licensing.core.licenses import Edition
from licensing.core.movements import PAID, Deal, Movement, What, counted, movements
from licensing.core.tiers import Tier
from licensing.core.trials import Source

NOT_KNOWN = "none"
"""The tier, salesperson or country of a customer who has none yet."""
MANY_CHECK_INS = timedelta(days=30)


class Signal(IntFlag):
    """What makes a trial a lead. A number names a set of them; it is kept, so no meaning may change."""

    FIFTH_NODE = 1
    FULL = 2
    GROWING = 4
    SEVERAL_CLUSTERS = 8
    COMPANY_DOMAIN = 16
    MANY_CHECK_INS = 32
    ASKED_FOR_QUOTE = 64
    ALIKE_TRIALS = 128


@dataclass(frozen=True, slots=True)
class Registered:
    """One registration; `is_alike` where others look like it."""

    at: datetime
    source: str
    country: str
    is_alike: bool = False


@dataclass(frozen=True, slots=True)
class Use:
    """How many nodes a cluster under a license that started as a trial used from `at` on; `is_first` at its arrival."""

    at: datetime
    nodes: int
    is_first: bool


@dataclass(frozen=True, slots=True)
class Offered:
    """One quote."""

    at: datetime
    salesperson_id: str


@dataclass(frozen=True, slots=True)
class History:
    """All that is known of one customer. `subject` is her organisation's id, or a trial key without organisation.

    `members` are the ids of her organisations, `deals` as `core.movements` wants them, `watched` is how long a cluster
    of hers has been seen at most, and `clusters` how many there were.
    """

    subject: str
    members: tuple[str, ...]
    country: str
    has_company_domain: bool
    registrations: Sequence[Registered] = ()
    deals: Sequence[Deal] = ()
    uses: Sequence[Use] = ()
    quotes: Sequence[Offered] = ()
    clusters: int = 0
    watched: timedelta = timedelta()
    last_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Journey:
    """One customer's way. A step that was not reached is None; she has either `converted_at` or `direct_at`, or none.

    `trial` and `purchase` are the serials of her first trial and her first paid issuance.
    """

    subject: str
    organization_id: str | None
    registered_at: datetime | None
    confirmed_at: datetime | None
    activated_at: datetime | None
    full_at: datetime | None
    over_at: datetime | None
    quoted_at: datetime | None
    converted_at: datetime | None
    direct_at: datetime | None
    tier: str
    country: str
    source: str
    salesperson_id: str
    trial: str | None
    purchase: str | None
    signals: int
    active_at: datetime

    @property
    def is_open(self) -> bool:
        """Whether it is a trial that has not bought."""
        return self.confirmed_at is not None and self.purchase is None


def told(history: History, tiers: Sequence[Tier]) -> tuple[Journey | None, list[Movement]]:
    """The customer's journey and movements; no journey for who neither registered, nor was quoted, nor bought."""
    moved = movements(history.deals, history.members, tiers)
    return _journey(history, moved), moved


def _journey(history: History, moved: Sequence[Movement]) -> Journey | None:
    deals = [deal for deal in counted(history.deals) if deal.organization_id in history.members]
    trial = next((deal for deal in deals if deal.kind is Kind.TRIAL), None)
    purchase = next((deal for deal in deals if deal.kind in PAID and deal.edition is Edition.PRO), None)
    bought = next((each for each in moved if each.what in (What.CONVERSION, What.DIRECT)), None)
    bought_at = None if purchase is None else purchase.effective_at
    quotes = [each for each in history.quotes if bought_at is None or each.at <= bought_at]
    if trial is None and purchase is None and not history.registrations and not quotes:
        return None
    first = min(history.registrations, key=_when, default=None)
    began = [each.at for each in history.registrations] + ([] if trial is None else [trial.effective_at])
    uses = [each for each in history.uses if bought_at is None or each.at < bought_at]
    seats = 0 if trial is None else trial.seats
    quote = min(quotes, key=_when, default=None)
    seller = purchase.salesperson_id if purchase is not None else None if quote is None else quote.salesperson_id
    full_at = _first(uses, lambda each: each.nodes >= seats)
    over_at = _first(uses, lambda each: each.nodes > seats)
    active = [*began, *map(_when, uses), *map(_when, quotes), *(deal.effective_at for deal in deals)]
    if purchase is None and history.last_seen_at is not None:
        active.append(history.last_seen_at)
    return Journey(
        subject=history.subject,
        organization_id=history.members[0] if history.members else None,
        registered_at=min(began, default=None),
        confirmed_at=None if trial is None else trial.effective_at,
        activated_at=_first(history.uses, lambda _: True),
        full_at=full_at,
        over_at=over_at,
        quoted_at=None if quote is None else quote.at,
        converted_at=bought.at if bought is not None and bought.what is What.CONVERSION else None,
        direct_at=bought.at if bought is not None and bought.what is What.DIRECT else None,
        tier=NOT_KNOWN if bought is None else bought.tier,
        country=history.country or (first.country if first is not None else NOT_KNOWN),
        source=first.source if first is not None else Source.SALES,
        salesperson_id=seller or NOT_KNOWN,
        trial=None if trial is None else trial.serial,
        purchase=None if purchase is None else purchase.serial,
        signals=_signals(history, full=full_at is not None, over=over_at is not None) if purchase is None else 0,
        active_at=max(active),
    )


def _when(each: Registered | Use | Offered) -> datetime:
    return each.at


def _first(uses: Sequence[Use], fits: Callable[[Use], bool]) -> datetime | None:
    return min((each.at for each in uses if fits(each)), default=None)


def _signals(history: History, *, full: bool, over: bool) -> Signal:
    """Of who has not bought: afterwards her clusters tell nothing of a trial."""
    arrivals = [each.nodes for each in history.uses if each.is_first]
    shown = {
        Signal.FIFTH_NODE: over,
        Signal.FULL: full,
        Signal.GROWING: bool(arrivals) and history.uses[-1].nodes > arrivals[0],
        Signal.SEVERAL_CLUSTERS: history.clusters > 1,
        Signal.COMPANY_DOMAIN: history.has_company_domain,
        Signal.MANY_CHECK_INS: history.watched >= MANY_CHECK_INS,
        Signal.ASKED_FOR_QUOTE: bool(history.quotes),
        Signal.ALIKE_TRIALS: any(each.is_alike for each in history.registrations),
    }
    return Signal(sum(signal for signal, is_shown in shown.items() if is_shown))
