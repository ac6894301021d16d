"""`/console/settings`: what is for sale, and for how much, as dated rows."""

from __future__ import annotations

from flask import Blueprint, Response, request

from licensing.core.callers import Caller, Permission
from licensing.core.prices import Price, VolumeDiscount
from licensing.services.reports import Report
from licensing.web.api.prices import PriceSchema, StepSchema
from licensing.web.api.tables import Format, presented
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house

blueprint = Blueprint("console_settings", __name__, url_prefix="/console/settings")


@blueprint.get("")
@page_for(Permission.PRICES_READ)
def show(caller: Caller, form: Form = NEW) -> Response:
    listed = house().prices.list()
    if request.args.get("format") == Format.CSV:
        lines = [(each.currency, each.node_year_minor, each.valid_from) for each in listed.prices]
        return presented(Report(("currency", "node_year_minor", "valid_from"), lines, {}), Format.CSV)
    now = house().system.now()
    return page(
        "console/settings.html", caller=caller, listed=listed, offered=house().prices.offered(), now=now, form=form
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
