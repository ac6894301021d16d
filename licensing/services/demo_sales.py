"""How the demo's customers buy: quotes, orders, and terms that follow each other."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count

from licensing.core.demo import Draw, at_work, first_seats
from licensing.core.quotes import State
from licensing.core.sales import Purchase, Term
from licensing.services.deeds import Done
from licensing.services.demo_people import Customer, Stage, Story
from licensing.services.demo_trials import cluster, paying
from licensing.services.quotes import Wish

DISCOUNTS = {0: 48, 5: 22, 10: 15, 15: 10, 25: 5}
MONTHS = {12: 82, 6: 12, 3: 6}
QUOTED = 0.6
REFUSED = 0.2
EXPANDS, REDUCES = 0.4, 0.06
LATE = 0.3
RETURNS = 0.3
GRACE_DAYS = 30
EARLIEST = timedelta(days=60)
"""A term may be bought 92 days ahead (core.sales.MAX_AHEAD_DAYS), and its quote is made weeks before."""


def terms(stage: Stage, customer: Customer) -> Story:
    """Terms follow each other, early or late, until the customer goes; some come back."""
    for number in count(1):
        draw = customer.draw.of("term", number)
        yield from _resized(stage, customer, draw)
        at = customer.ends_at - min(draw.days("early", 14, 0.7), EARLIEST)
        if draw.happens("late", LATE):
            at = customer.ends_at + timedelta(days=draw.number("late days", 1, GRACE_DAYS - 5))
        if draw.happens("churns", _churn(customer.seats)):
            yield customer.ends_at
            customer.is_gone = True
            if not draw.happens("returns", RETURNS):
                return
            at = customer.ends_at + timedelta(days=GRACE_DAYS + 1) + draw.days("returns", 60)
        was_gone = customer.is_gone
        months, late = draw.weighted("months", MONTHS), draw.happens("from the old end", 0.5) and not was_gone
        term = Term(_next_seats(draw, customer.seats), months, from_old_end=late)
        customer.took((yield from buy(stage, customer, draw.of("renewal"), term, at)))
        if was_gone:
            stage.tell(cluster(stage, customer, paying(draw)))


def offered(
    stage: Stage, customer: Customer, draw: Draw, term: Term, *, expand: bool = False
) -> Generator[datetime, None, str]:
    """The id of a quote that may be taken up: approved, or with less off when that was refused."""
    discount = draw.weighted("discount", DISCOUNTS)
    wish = Wish(
        customer.organization_id, customer.license_id or None, expand, term, customer.company.currency, discount
    )
    quotes, manager = stage.house.quotes, stage.team.manager
    made = quotes.make(customer.seller, wish)
    if made.state is State.PENDING:
        yield at_work(stage.now + timedelta(days=1))
        if not draw.happens("is refused", REFUSED):
            return quotes.approve(manager, made.quote.id).quote.id
        quotes.refuse(manager, made.quote.id)
        made = quotes.make(customer.seller, replace(wish, discount_percent=customer.seller.discount_limit))
    return made.quote.id


def idly_offered(stage: Stage, customer: Customer, at: datetime) -> Story:
    """A quote that is not taken up: withdrawn, or past its last day."""
    yield at
    draw = customer.draw.of("idle quote")
    quote_id = yield from offered(stage, customer, draw, Term(first_seats(draw), 12))
    if draw.happens("is withdrawn", 0.3):
        yield at_work(stage.now + draw.days("is withdrawn", 8, 0.4))
        if stage.house.quotes.show(customer.seller, quote_id).state in (State.OPEN, State.APPROVED):
            stage.house.quotes.withdraw(customer.seller, quote_id)


def buy(
    stage: Stage, customer: Customer, draw: Draw, term: Term, at: datetime, *, expand: bool = False
) -> Generator[datetime, None, Done]:
    """What was ordered: with a quote before, or by the list."""
    sales, seller = stage.house.sales, customer.seller
    if draw.happens("asks for a quote", QUOTED):
        yield at_work(at - timedelta(days=draw.number("thinks about it", 2, 21)))
        quote_id = yield from offered(stage, customer, draw, term, expand=expand)
        yield at_work(at)
        return stage.house.quotes.accept(seller, quote_id, _order(stage))
    yield at_work(at)
    discount = min(draw.weighted("discount", DISCOUNTS), seller.discount_limit)
    order = Purchase(_order(stage), customer.company.currency, discount)
    if expand:
        return sales.resize(seller, customer.license_id, term.seats, None, order)
    if not customer.license_id:
        return sales.sell(seller, customer.organization_id, term, order)
    if not customer.seats:
        return sales.convert(seller, customer.license_id, customer.organization_id, term, order)
    return sales.renew(seller, customer.license_id, term, order)


def _resized(stage: Stage, customer: Customer, draw: Draw) -> Story:
    """Some need more seats within the term, few need less."""
    at = stage.now + (customer.ends_at - stage.now) * (0.2 + 0.6 * draw.share("resizes at"))
    if draw.happens("expands", EXPANDS):
        seats = customer.seats + max(1, round(customer.seats * (0.1 + 0.7 * draw.share("more"))))
        customer.took((yield from buy(stage, customer, draw.of("more"), Term(seats, 12), at, expand=True)))
    elif customer.seats > 4 and draw.happens("reduces", REDUCES):
        yield at_work(at)
        seats = customer.seats - max(1, customer.seats // 4)
        customer.took(stage.house.sales.resize(customer.seller, customer.license_id, seats, None, None))


def _next_seats(draw: Draw, seats: int) -> int:
    """Most renew as they are, some with more, few with less."""
    change = draw.weighted("seats", {"same": 62, "more": 27, "less": 11})
    some = max(1, round(seats * (0.1 + 0.4 * draw.share("by"))))
    return seats + some if change == "more" else max(1, seats - some) if change == "less" else seats


def _churn(seats: int) -> float:
    """Who has much stays."""
    return 0.2 if seats <= 10 else 0.11 if seats <= 100 else 0.05


def _order(stage: Stage) -> str:
    return f"PO-{stage.number('orders'):05}"
