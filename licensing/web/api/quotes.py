"""`/v1/quotes`: make, decide, and turn into a license."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema

from licensing.core.callers import Caller, Permission
from licensing.core.ledger import Kind
from licensing.core.quotes import DEFAULT_LIFE_DAYS, MAX_LIFE_DAYS, State
from licensing.services.idempotency import Rendered
from licensing.services.quotes import Printed, Wish
from licensing.web import fields
from licensing.web.access import deed, reading
from licensing.web.api.licenses import DONE, present
from licensing.web.api.presenting import answer, moment, rendered
from licensing.web.api.shapes import (
    COUNT,
    CURRENCY,
    ID,
    LIMIT,
    MINOR,
    MOMENT,
    PERCENT,
    TEXT,
    many,
    maybe,
    members,
    thing,
    word_of,
)
from licensing.web.api.speaking import speaks
from licensing.web.api.terms import MAX_ORDER_NUMBER, TermSchema, read_term
from licensing.web.requests import NothingSchema, house, page_of, parse, query_id

blueprint = Blueprint("api_quotes", __name__, url_prefix="/v1/quotes")


class QuoteSchema(TermSchema):
    """With a `license_id` a conversion or renewal; `expand` asks for more seats within the present term."""

    organization_id = fields.Text(32, required=True)
    license_id = fields.Text(32, load_default=None)
    expand = fields.Truth(load_default=False)
    currency = fields.Currency(required=True)
    discount_percent = fields.WholeNumber(0, 100, load_default=0)
    valid_days = fields.WholeNumber(1, MAX_LIFE_DAYS, load_default=DEFAULT_LIFE_DAYS)


class AcceptanceSchema(Schema):
    order_number = fields.Text(MAX_ORDER_NUMBER, required=True)


def read_wish(caller: Caller, data: dict[str, Any]) -> Wish:
    """What a QuoteSchema loaded, as the service wants it. Raises InvalidFields, NotFound."""
    return Wish(
        organization_id=data["organization_id"],
        license_id=data["license_id"],
        expand=data["expand"],
        term=read_term(caller, data, house().system.now()),
        currency=data["currency"],
        discount_percent=data["discount_percent"],
        valid_days=data["valid_days"],
    )


QUOTE = thing(
    "Quote",
    quote_id=ID,
    number=TEXT,
    state=word_of(State),
    organization_id=ID,
    organization=TEXT,
    license_id=maybe(ID),
    kind=word_of(Kind),
    seats=COUNT,
    np_seats=maybe(COUNT),
    tier=TEXT,
    support=maybe(TEXT),
    months=maybe(COUNT),
    starts_at=maybe(MOMENT),
    ends_at=maybe(MOMENT),
    currency=CURRENCY,
    node_year_minor=MINOR,
    charged_seats=COUNT,
    charged_months=maybe(COUNT),
    charged_days=maybe(COUNT),
    list_minor=MINOR,
    volume_percent=PERCENT,
    volume_minor=MINOR,
    discount_percent=PERCENT,
    discount_minor=MINOR,
    total_minor=MINOR,
    created_by=TEXT,
    created_at=MOMENT,
    valid_until=MOMENT,
    decided_by=maybe(TEXT),
    decided_at=maybe(MOMENT),
    serial=maybe(TEXT),
)


@blueprint.get("")
@reading(Permission.QUOTES_READ)
@speaks(members(quotes=many(QUOTE)), query={"organization": ID, "before": ID, "limit": LIMIT})
def list_quotes(caller: Caller) -> Response:
    """Quotes, the newest first."""
    before, limit = page_of("before")
    page = house().quotes.page(caller, query_id("organization"), before, limit)
    return answer({"quotes": [quote_members(printed) for printed in page]})


@blueprint.post("")
@deed(Permission.QUOTES_WRITE)
@speaks(QUOTE, 201, body=QuoteSchema)
def make(caller: Caller) -> Rendered:
    """A new quote."""
    wish = read_wish(caller, parse(QuoteSchema()))
    return rendered(quote_members(house().quotes.make(caller, wish)), 201)


@blueprint.get("/<id:quote_id>")
@reading(Permission.QUOTES_READ)
@speaks(QUOTE)
def show(caller: Caller, quote_id: str) -> Response:
    """A quote."""
    return answer(quote_members(house().quotes.show(caller, quote_id)))


@blueprint.post("/<id:quote_id>/approval")
@deed(Permission.QUOTES_APPROVE)
@speaks(QUOTE, body=NothingSchema)
def approve(caller: Caller, quote_id: str) -> Rendered:
    """A manager approves a quote above its maker's limits."""
    parse(NothingSchema())
    return rendered(quote_members(house().quotes.approve(caller, quote_id)))


@blueprint.post("/<id:quote_id>/refusal")
@deed(Permission.QUOTES_APPROVE)
@speaks(QUOTE, body=NothingSchema)
def refuse(caller: Caller, quote_id: str) -> Rendered:
    """A manager refuses it."""
    parse(NothingSchema())
    return rendered(quote_members(house().quotes.refuse(caller, quote_id)))


@blueprint.post("/<id:quote_id>/withdrawal")
@deed(Permission.QUOTES_WRITE)
@speaks(QUOTE, body=NothingSchema)
def withdraw(caller: Caller, quote_id: str) -> Rendered:
    """The quote is worth nothing any more."""
    parse(NothingSchema())
    return rendered(quote_members(house().quotes.withdraw(caller, quote_id)))


@blueprint.post("/<id:quote_id>/acceptance")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, 201, body=AcceptanceSchema)
def accept(caller: Caller, quote_id: str) -> Rendered:
    """The quote becomes the license that it offers."""
    return present(house().quotes.accept(caller, quote_id, parse(AcceptanceSchema())["order_number"]), 201)


def quote_members(printed: Printed) -> dict[str, object]:
    """A quote: what is offered, what it costs and how that came about, and where it stands."""
    quote = printed.quote
    term, amount = quote.term, quote.amount
    return {
        "quote_id": quote.id,
        "number": quote.number,
        "state": printed.state,
        "organization_id": quote.organization_id,
        "organization": printed.organization.name,
        "license_id": quote.license_id,
        "kind": quote.kind,
        "seats": term.seats,
        "np_seats": term.np_seats,
        "tier": quote.tier,
        "support": term.support,
        "months": term.months,
        "starts_at": moment(term.start),
        "ends_at": moment(term.ends_at),
        "currency": amount.currency,
        "node_year_minor": amount.node_year_minor,
        "charged_seats": amount.seats,
        "charged_months": amount.period.months,
        "charged_days": amount.period.days,
        "list_minor": amount.list_minor,
        "volume_percent": amount.volume_percent,
        "volume_minor": amount.volume_minor,
        "discount_percent": amount.discount_percent,
        "discount_minor": amount.discount_minor,
        "total_minor": amount.total_minor,
        "created_by": quote.created_by,
        "created_at": moment(quote.created_at),
        "valid_until": moment(quote.valid_until),
        "decided_by": quote.decided_by,
        "decided_at": moment(quote.decided_at),
        "serial": quote.serial,
    }
