"""`/console/settings`: what is for sale, and for how much, as dated rows."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response

from licensing.core.callers import Caller, Permission
from licensing.core.prices import Price, VolumeDiscount
from licensing.core.supports import SupportLevel
from licensing.core.tiers import Tier
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
    now = house().system.now()
    return page("console/settings.html", caller=caller, listed=listed, offered=offered, now=now, form=form)


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
