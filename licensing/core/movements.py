"""Movements: what a customer's deeds and the ends of her licenses do to her live seats, and what is paid for it.

The rules, in words, are docs/reports.md; the numbers must be those of the ledger, to the row.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from licensing.core.errors import TermRefused
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition, Grace
from licensing.core.tiers import Tier, tier_for

PAID = frozenset({Kind.SOLD, Kind.CONVERTED, Kind.RENEWED, Kind.EXPANDED, Kind.IMPORTED})
"""The kinds of issuance that somebody buys."""
GRACE = timedelta(days=Grace().exp)
"""How long after its end a license is live, so that a late renewal continues it."""
ENTERPRISE_ABOVE = 10
"""Live seats above which a customer is of enterprise scale."""
NO_TIER = "none"


class What(StrEnum):
    """The kinds of movement."""

    CONVERSION = "conversion"
    DIRECT = "direct"
    RETURN = "return"
    RENEWAL = "renewal"
    EXPANSION = "expansion"
    CONTRACTION = "contraction"
    CHURN = "churn"
    REFUND = "refund"
    ENTERPRISE = "enterprise"


ADDING = frozenset({What.CONVERSION, What.DIRECT, What.RETURN, What.EXPANSION})
REMOVING = frozenset({What.CONTRACTION, What.CHURN})


@dataclass(frozen=True, slots=True)
class Deal:
    """An issuance as it is counted; `index` is its leaf's, [`starts_at`, `ends_at`) the term it is for."""

    index: int
    serial: str
    kind: Kind
    license_id: str | None
    organization_id: str
    edition: Edition | None
    seats: int
    starts_at: datetime | None
    ends_at: datetime | None
    effective_at: datetime
    amount_minor: int | None = None
    currency: str | None = None
    salesperson_id: str | None = None
    refers_to: str | None = None


@dataclass(frozen=True, slots=True)
class Movement:
    """One change on the day it is effective. `serial` is the issuance behind it, with `what` and `at` it is unique.

    `seats` is never negative: `what` says whether they came or went. `currency` is empty where nothing was paid.
    """

    serial: str
    what: What
    at: datetime
    tier: str
    seats: int
    license_id: str | None = None
    amount_minor: int = 0
    currency: str = ""
    salesperson_id: str = ""


@dataclass(frozen=True, slots=True)
class _Live:
    """A license that is live before `until`, by the deal `serial`."""

    serial: str
    license_id: str | None
    seats: int
    until: datetime
    imported_end: datetime | None = None


@dataclass(slots=True)
class _Book:
    """The customer's live licenses while her deals are told in order."""

    members: Collection[str]
    tiers: Sequence[Tier]
    live: dict[str, _Live] = field(default_factory=dict)
    told: list[Movement] = field(default_factory=list)
    had_trial: bool = False
    has_paid: bool = False

    @property
    def seats(self) -> int:
        return sum(each.seats for each in self.live.values())

    def tell(self, deal: Deal) -> None:
        self.lapse(deal.effective_at)
        if deal.kind is Kind.TRIAL:
            self.had_trial = True
        elif deal.kind is Kind.REFUNDED:
            self._refunded(deal)
        elif deal.kind in PAID and deal.edition is Edition.PRO:
            self._paid(deal)
        elif deal.kind is Kind.REVOKED or deal.organization_id not in self.members:
            self._end(_key(deal), deal.serial, deal.effective_at)
        elif deal.kind in (Kind.REDUCED, Kind.TRANSFERRED) and deal.edition is Edition.PRO:
            self._changed(deal)

    def lapse(self, now: datetime | None) -> None:
        """Ends whatever is not live any more at `now`; None for the end of time."""
        for key, each in sorted(self.live.items(), key=lambda item: (item[1].until, item[0])):
            if now is None or each.until <= now:
                self._end(key, each.serial, each.until)

    def _paid(self, deal: Deal) -> None:
        before, prior = self.seats, self._prior(deal)
        if prior is not None:
            del self.live[prior]
        old = before - self.seats
        self._put(deal)
        after, change = self.seats, self.seats - before
        what = self._what(deal, before, renews=prior is not None and deal.kind is not Kind.EXPANDED)
        amount = deal.amount_minor or 0
        if what is What.RENEWAL:
            self._note(deal, what, min(old, deal.seats), amount)
            amount = 0
        elif what is not What.EXPANSION or change > 0 or amount:
            self._note(deal, what, max(change, 0), amount)
        if what is What.RENEWAL and change > 0:
            self._note(deal, What.EXPANSION, change)
        elif change < 0:
            self._note(deal, What.CONTRACTION, -change)
        if before <= ENTERPRISE_ABOVE < after:
            self._note(deal, What.ENTERPRISE, after)
        self.has_paid = True

    def _refunded(self, deal: Deal) -> None:
        """Counts against the tier that the sale counted for."""
        tier = next((each.tier for each in self.told if each.serial == deal.refers_to), NO_TIER)
        self.told.append(replace(self._movement(deal, What.REFUND, 0, -(deal.amount_minor or 0)), tier=tier))

    def _what(self, deal: Deal, before: int, *, renews: bool) -> What:
        if not self.has_paid:
            return What.CONVERSION if self.had_trial else What.DIRECT
        if before == 0:
            return What.RETURN
        return What.RENEWAL if renews else What.EXPANSION

    def _changed(self, deal: Deal) -> None:
        """A license has fewer seats, or came from somebody else."""
        key, before = _key(deal), self.seats
        if (key in self.live) is (deal.kind is Kind.TRANSFERRED) or _until(deal) <= deal.effective_at:
            return
        self._put(deal)
        change = self.seats - before
        if change:
            self._note(deal, What.EXPANSION if change > 0 else What.CONTRACTION, abs(change))

    def _end(self, key: str, serial: str, at: datetime) -> None:
        ended = self.live.pop(key, None)
        if ended is None:
            return
        what = What.CONTRACTION if self.seats else What.CHURN
        tier = self._tier(self.seats + ended.seats, at)
        self.told.append(Movement(serial, what, at, tier, ended.seats, ended.license_id))

    def _prior(self, deal: Deal) -> str | None:
        """The key of the live license that `deal` continues or changes."""
        if _key(deal) in self.live:
            return _key(deal)
        start = deal.starts_at
        if deal.kind is not Kind.IMPORTED or start is None:
            return None
        continued = [
            (each.imported_end, key)
            for key, each in self.live.items()
            if each.imported_end is not None and each.imported_end <= start <= each.imported_end + GRACE
        ]
        return max(continued)[1] if continued else None

    def _put(self, deal: Deal) -> None:
        imported_end = deal.ends_at if deal.kind is Kind.IMPORTED else None
        self.live[_key(deal)] = _Live(deal.serial, deal.license_id, deal.seats, _until(deal), imported_end)

    def _note(self, deal: Deal, what: What, seats: int, amount_minor: int = 0) -> None:
        """Counts for the tier of the live seats now, or before some were taken off."""
        movement = self._movement(deal, what, seats, amount_minor)
        gone = seats if what is What.CONTRACTION else 0
        self.told.append(replace(movement, tier=self._tier(self.seats + gone, deal.effective_at)))

    @staticmethod
    def _movement(deal: Deal, what: What, seats: int, amount_minor: int) -> Movement:
        currency = (deal.currency or "") if amount_minor else ""
        seller = deal.salesperson_id or ""
        return Movement(
            deal.serial, what, deal.effective_at, NO_TIER, seats, deal.license_id, amount_minor, currency, seller
        )

    def _tier(self, seats: int, at: datetime) -> str:
        try:
            return tier_for(Edition.PRO, seats, at, self.tiers).name
        except TermRefused:
            return NO_TIER


def counted(deals: Iterable[Deal]) -> list[Deal]:
    """The deals that happened, in order: without voided sales, and without what refers to those."""
    deals = list(deals)
    void = {deal.refers_to for deal in deals if deal.kind is Kind.VOIDED and deal.refers_to}
    happened = (deal for deal in deals if deal.serial not in void and deal.refers_to not in void)
    return sorted((deal for deal in happened if deal.kind is not Kind.VOIDED), key=_in_order)


def movements(deals: Iterable[Deal], members: Collection[str], tiers: Sequence[Tier]) -> list[Movement]:
    """The movements of the customer with the organisations `members`, in order; those to come are at the end.

    `deals` are all issuances of her organisations, and every transfer of a license that was ever hers.
    """
    book = _Book(members, tiers)
    for deal in counted(deals):
        book.tell(deal)
    book.lapse(None)
    return _merged(book.told)


def _merged(told: Iterable[Movement]) -> list[Movement]:
    """One movement a deed, kind and moment: a sale whose term was over by then lets seats go twice at once."""
    merged: dict[tuple[str, What, datetime], Movement] = {}
    for each in told:
        key = each.serial, each.what, each.at
        merged[key] = replace(each, seats=each.seats + merged[key].seats) if key in merged else each
    return list(merged.values())


def seats_before(movements: Iterable[Movement], moments: Iterable[datetime]) -> Iterator[int]:
    """The live seats just before each of the `moments`, which rise."""
    coming = iter(sorted(movements, key=lambda each: each.at))
    movement, seats = next(coming, None), 0
    for moment in moments:
        while movement is not None and movement.at < moment:
            seats += change(movement)
            movement = next(coming, None)
        yield seats


def change(movement: Movement) -> int:
    """What a movement adds to the live seats."""
    if movement.what in ADDING:
        return movement.seats
    return -movement.seats if movement.what in REMOVING else 0


def _key(deal: Deal) -> str:
    return deal.license_id or deal.serial


def _until(deal: Deal) -> datetime:
    """When its license is live no more; never before it was sold, however long that term was over by then."""
    return max((deal.ends_at or deal.effective_at) + GRACE, deal.effective_at)


def _in_order(deal: Deal) -> tuple[datetime, int]:
    return deal.effective_at, deal.index
