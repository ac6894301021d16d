"""Quotes: a price on paper with a number and a last day, that one call turns into a license.

open ──────────────────────────┐
pending ──approve──► approved ─┴─accept──► accepted
   └──refuse──► refused
open, pending and approved can be withdrawn, and are worth nothing after their last day.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from licensing.core.callers import Caller
from licensing.core.errors import ApprovalRequired, QuoteState
from licensing.core.ledger import Kind
from licensing.core.prices import Amount
from licensing.core.sales import Term
from licensing.core.standings import Standing

DEFAULT_LIFE_DAYS = 30
MAX_LIFE_DAYS = 180


class State(StrEnum):
    """Where a quote stands; `expired` is seen from its last day and never stored."""

    OPEN = "open"
    PENDING = "pending"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    ACCEPTED = "accepted"
    EXPIRED = "expired"


LIVE = (State.OPEN, State.PENDING, State.APPROVED)
QUOTED = (Kind.SOLD, Kind.CONVERTED, Kind.RENEWED, Kind.EXPANDED)
"""What a quote can become."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote as it is kept. `amount` holds for whatever `kind` of deed `term` is of `license_id` (None: a new one).

    `valid_until` is the first moment at which it is worth nothing. `serial` is the issuance it became.
    """

    id: str
    number: str
    organization_id: str
    license_id: str | None
    kind: Kind
    term: Term
    tier: str
    amount: Amount
    state: State
    created_by: str
    created_at: datetime
    valid_until: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    serial: str | None = None

    def state_at(self, now: datetime) -> State:
        """Its state, seen at `now`."""
        return State.EXPIRED if self.state in LIVE and now >= self.valid_until else self.state


def number(year: int, count: int) -> str:
    """The quote's number for people: `Q-2026-00042`."""
    return f"Q-{year}-{count:05}"


def grows_to(held: Iterable[Standing], license_id: str | None, seats: int, now: datetime) -> int:
    """The paid seats of the customer who has `held`, once the license (None: a new one) has `seats` of whatever kind.

    0 where they do not become more.
    """
    paid = {each.license_id: each.seats + each.np_seats for each in held if each.is_paid_at(now)}
    added = seats - paid.get(license_id or "", 0)
    return sum(paid.values()) + added if added > 0 else 0


def above_limits(caller: Caller, discount_percent: int, seats: int) -> tuple[str, ...]:
    """Why a second person must approve; nothing where the caller decides alone.

    `seats` are what the customer grows to. A term has no limit of this kind: none is longer than
    core.licenses.MAX_TERM_DAYS, for anybody.
    """
    why = []
    if discount_percent > caller.discount_limit:
        why.append(f"{discount_percent} percent is above the limit of {caller.discount_limit}.")
    if seats > caller.seat_limit:
        why.append(f"The customer would have {seats:,} seats, above the limit of {caller.seat_limit:,}.")
    return tuple(why)


def first_state(caller: Caller, discount_percent: int, seats: int) -> State:
    """Open when the caller decides alone (`above_limits`), else pending a second person's approval."""
    return State.PENDING if above_limits(caller, discount_percent, seats) else State.OPEN


def require_within_limits(caller: Caller, discount_percent: int, seats: int) -> None:
    """Raises ApprovalRequired: a sale without a quote has nobody to approve it."""
    if why := above_limits(caller, discount_percent, seats):
        raise ApprovalRequired(" ".join((*why, "Have a quote approved.")))


def decided(quote: Quote, caller: Caller, state: State, now: datetime) -> Quote:
    """The quote approved or refused by `caller`; raises QuoteState, and OwnRequest for her own."""
    _require(quote, now, State.PENDING)
    caller.require_other(quote.created_by, "Somebody else must decide on your request.")
    return replace(quote, state=state, decided_by=caller.id, decided_at=now)


def withdrawn(quote: Quote, now: datetime) -> Quote:
    """Raises QuoteState when nothing is left to withdraw."""
    _require(quote, now, *LIVE)
    return replace(quote, state=State.WITHDRAWN)


def acceptable(quote: Quote, now: datetime) -> Quote:
    """The quote, if it may become a license now; raises ApprovalRequired and QuoteState."""
    if quote.state_at(now) is State.PENDING:
        raise ApprovalRequired(f"The quote {quote.number} waits for approval.")
    _require(quote, now, State.OPEN, State.APPROVED)
    return quote


def is_of_two(quote: Quote, caller: Caller) -> bool:
    """Whether two people have to do with it when `caller` takes it up: another one made it, or approved it."""
    return quote.state is State.APPROVED or quote.created_by != caller.id


def accepted(quote: Quote, serial: str) -> Quote:
    """The quote as it stands once it has become the issuance `serial`."""
    return replace(quote, state=State.ACCEPTED, serial=serial)


def last_moment(days: int, now: datetime) -> datetime:
    """The end of the day `days` from now, UTC."""
    day = (now + timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


def _require(quote: Quote, now: datetime, *states: State) -> None:
    state = quote.state_at(now)
    if state not in states:
        raise QuoteState(f"The quote {quote.number} is {state}.")
