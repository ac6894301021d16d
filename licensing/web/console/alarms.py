"""`/console/alarms`: what rang, and who has looked at it."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for
from marshmallow import Schema

from licensing.core.alarms import meaning
from licensing.core.callers import Caller, Permission
from licensing.services.reports import Report
from licensing.storage.alarms import Alarm
from licensing.web import fields
from licensing.web.api.tables import Format, presented
from licensing.web.console.actors import names_of
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house

blueprint = Blueprint("console_alarms", __name__, url_prefix="/console/alarms")

ROWS, CSV_ROWS = 200, 10_000


class SeenSchema(Schema):
    kind = fields.Text(40, required=True)
    subject = fields.Text(80, required=True)


@blueprint.get("")
@page_for(Permission.LEDGER_READ)
def every(caller: Caller, form: Form = NEW) -> Response:
    if request.args.get("format") == Format.CSV:
        rows = [
            tuple(getattr(each, name) for name in Alarm.__slots__) for each in house().alarms.page(caller, CSV_ROWS)
        ]
        return presented(Report(tuple(Alarm.__slots__), rows, {}), Format.CSV)
    found = house().alarms.page(caller, ROWS)
    names = names_of(*(each.seen_by for each in found if each.seen_by))
    return page(
        "console/alarms.html",
        caller=caller,
        alarms=found,
        most=ROWS,
        names=names,
        meaning=meaning,
        form=form,
        csv=url_for(".every", format=Format.CSV.value),
    )


@blueprint.post("/seen")
@deed_for(Permission.LEDGER_READ, on=every)
def look_at(caller: Caller) -> str:
    house().alarms.look_at(caller, **read_form(SeenSchema()))
    return done(".every", "alarm-seen")
