"""Quotes: a price on paper with a number and a last day, that one call turns into a license.

open ──────────────────────────┐
pending ──approve──► approved ─┴─accept──► accepted
   └──refuse──► refused
open, pending and approved can be withdrawn, and are worth nothing after their last day.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from licensing.core.callers import Caller
from licensing.core.errors import ApprovalRequired, OwnRequest, QuoteState
from licensing.core.ledger import Kind
from licensing.core.prices import Amount
from licensing.core.sales import Term

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


def first_state(caller: Caller, discount_percent: int) -> State:
    """Open when the caller may give the discount alone, else pending a second person's approval."""
    return State.OPEN if discount_percent <= caller.discount_limit else State.PENDING


def require_within_limit(caller: Caller, discount_percent: int) -> None:
    """Raises ApprovalRequired: a sale without a quote has nobody to approve it."""
    if discount_percent > caller.discount_limit:
        raise ApprovalRequired(
            f"{discount_percent} percent is above the limit of {caller.discount_limit}; have a quote approved."
        )


def decided(quote: Quote, caller: Caller, state: State, now: datetime) -> Quote:
    """The quote approved or refused by `caller`; raises QuoteState, and OwnRequest for her own."""
    _require(quote, now, State.PENDING)
    if quote.created_by == caller.id:
        raise OwnRequest("Somebody else must decide on your request.")
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
