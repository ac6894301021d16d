"""Quotes: what a sale would cost, on paper; approved where it must be; and turned into a license with one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.callers import Caller
from licensing.core.errors import LicenseState, NotFound
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition
from licensing.core.prices import Amount, amount, days_between
from licensing.core.quotes import (
    DEFAULT_LIFE_DAYS,
    Quote,
    State,
    acceptable,
    accepted,
    decided,
    first_state,
    grows_to,
    last_moment,
    number,
    withdrawn,
)
from licensing.core.sales import Term, span
from licensing.core.standings import Standing
from licensing.core.supports import chosen
from licensing.core.tiers import tier_for
from licensing.services.deeds import NO_LICENSE, Done
from licensing.services.organizations import existing
from licensing.services.sales import Quoted, Sales
from licensing.storage import events, histories, licenses, organizations, prices, quotes, supports, tiers
from licensing.storage.database import Database, take_turns
from licensing.storage.organizations import Organization
from licensing.system import System

NO_QUOTE = "There is no such quote."


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be quoted. Without a license it is a new one; with one, a conversion, renewal or more seats.

    `expand` says that `term.seats` are wanted within the license's present term.
    """

    organization_id: str
    license_id: str | None
    expand: bool
    term: Term
    currency: str
    discount_percent: int
    valid_days: int = DEFAULT_LIFE_DAYS


@dataclass(frozen=True, slots=True)
class Printed:
    """A quote with the customer's name, as it is put on paper."""

    quote: Quote
    organization: Organization
    state: State


class Quotes:
    """The book of quotes."""

    def __init__(self, database: Database, sales: Sales, system: System) -> None:
        self._database = database
        self._sales = sales
        self._system = system

    def make(self, caller: Caller, wish: Wish) -> Printed:
        """A quote, waiting for approval when its discount is above the caller's limit.

        Raises NotFound, LicenseState, TermRefused, PriceUnknown, SupportNotOffered.
        """
        now = self._system.now()
        with self._database.write() as session:
            buyer, draft = self._draft(session, caller, wish, now)
            take_turns(session, "quote numbers")
            name = number(now.year, quotes.count_of_year(session, now.year) + 1)
            quote = replace(draft, id=self._system.new_id(), number=name)
            quotes.add(session, quote)
            histories.mark(session, buyer.id)
            return Printed(quote, buyer, quote.state)

    def preview(self, caller: Caller, wish: Wish) -> Quote:
        """The quote that `make` would make, without id and number. Raises as it does."""
        with self._database.read() as session:
            return self._draft(session, caller, wish, self._system.now())[1]

    def approve(self, caller: Caller, quote_id: str) -> Printed:
        """The discount may be given. Raises NotFound, QuoteState, OwnRequest."""
        return self._change(
            caller, quote_id, "approved", lambda quote, now: decided(quote, caller, State.APPROVED, now)
        )

    def refuse(self, caller: Caller, quote_id: str) -> Printed:
        """The discount may not be given. Raises NotFound, QuoteState, OwnRequest."""
        return self._change(caller, quote_id, "refused", lambda quote, now: decided(quote, caller, State.REFUSED, now))

    def withdraw(self, caller: Caller, quote_id: str) -> Printed:
        """The quote is worth nothing any more. Raises NotFound, QuoteState."""
        return self._change(caller, quote_id, "withdrawn", withdrawn)

    def accept(self, caller: Caller, quote_id: str, order_number: str) -> Done:
        """The quote becomes a license, once. Raises NotFound, QuoteState, ApprovalRequired, as the deed."""
        now = self._system.now()
        with self._database.joined() as session:
            quote = acceptable(_seen(session, caller, quotes.lock(session, quote_id)), now)
            done = self._become(caller, quote, Quoted(quote, order_number))
            quotes.put(session, accepted(quote, done.serial))
            return done

    def show(self, caller: Caller, quote_id: str) -> Printed:
        """Raises NotFound."""
        with self._database.read() as session:
            return self._printed(session, _seen(session, caller, quotes.find(session, quote_id)))

    def page(
        self, caller: Caller, organization_id: str | None, before: str, limit: int, state: State | None = None
    ) -> list[Printed]:
        """The newest `limit` quotes before the one with id `before`: of one customer, or of all the caller sees.

        Those in `state` alone, if it is not None.
        """
        with self._database.read() as session:
            of = organization_id or caller.organization_id
            family = None if of is None else organizations.family(session, of)
            if family is not None:
                caller.require_sees(family, "There is no such organisation.")
            found = quotes.page(session, family, before, limit, state, self._system.now())
            buyers = organizations.heads(session, (quote.organization_id for quote in found))
            return [self._on_paper(quote, buyers[quote.organization_id]) for quote in found]

    def _draft(self, session: Session, caller: Caller, wish: Wish, now: datetime) -> tuple[Organization, Quote]:
        buyer = existing(session, caller, wish.organization_id)
        standing = _license(session, buyer, wish.license_id)
        kind = _kind(standing, wish)
        seats = wish.term.seats + _np_seats(standing, wish.term)
        grown = grows_to(licenses.of_customer(session, buyer.id), wish.license_id, seats, now)
        tier = tier_for(Edition.PRO, wish.term.seats, now, tiers.every(session))
        support = chosen(wish.term.support, tier, now, supports.offers(session))
        return buyer, Quote(
            id="",
            number="",
            organization_id=buyer.id,
            license_id=wish.license_id,
            kind=kind,
            term=wish.term if kind is Kind.EXPANDED else replace(wish.term, support=support),
            tier=tier.name,
            amount=_amount(session, standing, kind, wish, now),
            state=first_state(caller, wish.discount_percent, grown),
            created_by=caller.id,
            created_at=now,
            valid_until=last_moment(wish.valid_days, now),
        )

    def _become(self, caller: Caller, quote: Quote, order: Quoted) -> Done:
        if quote.license_id is None:
            return self._sales.sell(caller, quote.organization_id, quote.term, order)
        if quote.kind is Kind.CONVERTED:
            return self._sales.convert(caller, quote.license_id, quote.organization_id, quote.term, order)
        if quote.kind is Kind.RENEWED:
            return self._sales.renew(caller, quote.license_id, quote.term, order)
        return self._sales.resize(caller, quote.license_id, quote.term.seats, quote.term.np_seats, order)

    def _change(
        self, caller: Caller, quote_id: str, action: str, change: Callable[[Quote, datetime], Quote]
    ) -> Printed:
        now = self._system.now()
        with self._database.write() as session:
            quote = change(_seen(session, caller, quotes.lock(session, quote_id)), now)
            quotes.put(session, quote)
            events.add(session, caller.id, f"quote.{action}", quote.id, now)
            return self._printed(session, quote)

    def _printed(self, session: Session, quote: Quote) -> Printed:
        buyer = organizations.heads(session, [quote.organization_id])[quote.organization_id]
        return self._on_paper(quote, buyer)

    def _on_paper(self, quote: Quote, buyer: Organization) -> Printed:
        return Printed(quote, buyer, quote.state_at(self._system.now()))


def _seen(session: Session, caller: Caller, quote: Quote | None) -> Quote:
    if quote is None:
        raise NotFound(NO_QUOTE)
    caller.require_sees(organizations.family(session, quote.organization_id), NO_QUOTE)
    return quote


def _license(session: Session, buyer: Organization, license_id: str | None) -> Standing | None:
    """The buyer's license that the quote is about; another's is not found."""
    if license_id is None:
        return None
    standing = licenses.find(session, license_id)
    if standing is None or standing.organization_id not in organizations.family(session, buyer.id):
        raise NotFound(NO_LICENSE)
    standing.require_not_revoked()
    return standing


def _kind(standing: Standing | None, wish: Wish) -> Kind:
    if wish.expand:
        if standing is None or standing.edition is not Edition.PRO or standing.seats >= wish.term.seats:
            raise LicenseState("Only a paid license can be given more seats, and more than it has.")
        return Kind.EXPANDED
    if standing is None:
        return Kind.SOLD
    return Kind.CONVERTED if standing.edition is Edition.TRIAL else Kind.RENEWED


def _np_seats(standing: Standing | None, term: Term) -> int:
    """The license's seats for non-production clusters, as the term says or leaves them."""
    if term.np_seats is not None:
        return term.np_seats
    return 0 if standing is None else standing.np_seats


def _amount(session: Session, standing: Standing | None, kind: Kind, wish: Wish, now: datetime) -> Amount:
    lists = prices.every(session), prices.schedule(session)
    seats = wish.term.seats
    if kind is Kind.EXPANDED and standing is not None:
        if standing.ends_at is None or standing.ends_at <= now:
            raise LicenseState("The license has ended; renew it.")
        period, added = days_between(now, standing.ends_at), seats - standing.seats
        return amount(added, period, wish.currency, wish.discount_percent, now, *lists, total_seats=seats)
    old_end = None if standing is None else standing.ends_at
    period = span(wish.term, old_end, now, is_new=standing is None).period
    return amount(seats, period, wish.currency, wish.discount_percent, now, *lists)
