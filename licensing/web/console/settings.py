"""`/console/settings`: what is for sale, and for how much, as dated rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, post_load

from licensing.core.callers import Caller, Permission
from licensing.core.licenses import MAX_SEATS, Edition
from licensing.core.prices import Price, VolumeDiscount
from licensing.core.supports import Offer, SupportLevel
from licensing.core.tiers import Tier
from licensing.web import fields
from licensing.web.api.prices import PriceSchema, StepSchema
from licensing.web.console.csv_tables import asked_table, fields_csv
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house

blueprint = Blueprint("console_settings", __name__, url_prefix="/console/settings")

COLUMNS: dict[str, tuple[str, ...]] = {
    "prices": tuple(Price.__slots__),
    "volume": tuple(VolumeDiscount.__slots__),
    "tiers": tuple(Tier.__slots__),
    "support": tuple(SupportLevel.__slots__),
}
"""What the file of each table has."""


class TierSchema(Schema):
    name = fields.Word(40, required=True)
    first_seat = fields.WholeNumber(1, MAX_SEATS, required=True)
    support = fields.Text(40, required=True)
    valid_from = fields.Day(required=True)

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Tier:
        return Tier(data["name"], Edition.PRO, data["first_seat"], None, data["support"], data["valid_from"])


class OfferSchema(Schema):
    tier = fields.Text(40, required=True)
    support = fields.Text(40, required=True)
    valid_from = fields.Day(required=True)

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Offer:
        return Offer(**data, valid_until=None)


@blueprint.get("")
@page_for(Permission.PRICES_READ)
def show(caller: Caller, form: Form = NEW) -> Response:
    listed, offered = house().prices.list(), house().prices.offered()
    rows: dict[str, Sequence[object]] = {
        "prices": listed.prices,
        "volume": listed.schedule,
        "tiers": offered.tiers,
        "support": offered.levels,
    }
    if table := asked_table(*rows):
        return fields_csv(table, COLUMNS[table], rows[table])
    return page(
        "console/settings.html",
        caller=caller,
        listed=listed,
        offered=offered,
        tier_names=[(name, name.replace("_", " ")) for name in dict.fromkeys(each.name for each in offered.tiers)],
        level_names=[(each.name, each.title) for each in offered.levels],
        now=house().system.now(),
        form=form,
    )


@blueprint.post("/prices")
@deed_for(Permission.PRICES_WRITE, on=show)
def put_price(caller: Caller) -> str:
    house().prices.put(caller, Price(**read_form(PriceSchema())))
    return done(".show", "price-set")


@blueprint.post("/volume")
@deed_for(Permission.PRICES_WRITE, on=show)
def put_step(caller: Caller) -> str:
    house().prices.put_step(caller, VolumeDiscount(**read_form(StepSchema())))
    return done(".show", "price-set")


@blueprint.post("/tiers")
@deed_for(Permission.PRICES_WRITE, on=show)
def put_tier(caller: Caller) -> str:
    house().prices.put_tier(caller, read_form(TierSchema()))
    return done(".show", "tier-set")


@blueprint.post("/support")
@deed_for(Permission.PRICES_WRITE, on=show)
def put_offer(caller: Caller) -> str:
    house().prices.put_offer(caller, read_form(OfferSchema()))
    return done(".show", "support-offered")
