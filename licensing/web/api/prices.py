"""`/v1/prices`: the price list and the volume schedule."""

from __future__ import annotations

from flask import Blueprint, Response
from marshmallow import Schema

from licensing.core.callers import Caller, Permission
from licensing.core.licenses import MAX_SEATS
from licensing.core.prices import Price, VolumeDiscount
from licensing.services.idempotency import Rendered
from licensing.web import fields
from licensing.web.access import deed, reading
from licensing.web.api.presenting import answer, moment, rendered
from licensing.web.api.shapes import COUNT, CURRENCY, MINOR, MOMENT, PERCENT, many, thing
from licensing.web.api.speaking import speaks
from licensing.web.requests import house, parse

blueprint = Blueprint("api_prices", __name__, url_prefix="/v1/prices")

MAX_PRICE_MINOR = 10**9


class PriceSchema(Schema):
    currency = fields.Currency(required=True)
    node_year_minor = fields.WholeNumber(1, MAX_PRICE_MINOR, required=True)
    valid_from = fields.Day(required=True)


class StepSchema(Schema):
    min_seats = fields.WholeNumber(1, MAX_SEATS, required=True)
    percent = fields.WholeNumber(0, 100, required=True)
    valid_from = fields.Day(required=True)


PRICE = thing("Price", currency=CURRENCY, node_year_minor=MINOR, valid_from=MOMENT)
STEP = thing("VolumeDiscount", min_seats=COUNT, percent=PERCENT, valid_from=MOMENT)
PRICES = thing("Prices", prices=many(PRICE), volume=many(STEP))


@blueprint.get("")
@reading(Permission.PRICES_READ)
@speaks(PRICES)
def show(_: Caller) -> Response:
    """The price list and the volume schedule: every dated row."""
    return answer(_document())


@blueprint.post("")
@deed(Permission.PRICES_WRITE)
@speaks(PRICES, body=PriceSchema)
def put(caller: Caller) -> Rendered:
    """A price from a day on."""
    house().prices.put(caller, Price(**parse(PriceSchema())))
    return rendered(_document())


@blueprint.post("/volume")
@deed(Permission.PRICES_WRITE)
@speaks(PRICES, body=StepSchema)
def put_step(caller: Caller) -> Rendered:
    """A step of the volume schedule from a day on."""
    house().prices.put_step(caller, VolumeDiscount(**parse(StepSchema())))
    return rendered(_document())


def _document() -> dict[str, object]:
    listed = house().prices.list()
    return {
        "prices": [
            {
                "currency": price.currency,
                "node_year_minor": price.node_year_minor,
                "valid_from": moment(price.valid_from),
            }
            for price in listed.prices
        ],
        "volume": [
            {"min_seats": step.min_seats, "percent": step.percent, "valid_from": moment(step.valid_from)}
            for step in listed.schedule
        ],
    }
