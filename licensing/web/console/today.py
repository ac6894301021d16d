"""`/console`: what waits for somebody today, and `/console/quotes/requests`: who waits for a quote."""

from __future__ import annotations

from flask import Blueprint, Response
from flask import request as http

from licensing.core.alarms import meaning
from licensing.core.callers import Caller, Permission
from licensing.services.reports import Report
from licensing.services.today import ENDED_DAYS, ENDING_DAYS
from licensing.storage.quote_requests import OpenRequest
from licensing.web.api.tables import Format, presented
from licensing.web.console.actors import names_of
from licensing.web.forms import NEW, Form
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house

blueprint = Blueprint("console_today", __name__, url_prefix="/console")

REQUESTS = 100


@blueprint.get("")
@page_for(Permission.LICENSES_READ)
def show(caller: Caller) -> Response:
    day = house().today.of(caller)
    return page(
        "console/today.html",
        caller=caller,
        day=day,
        is_empty=not any(getattr(day, name) and getattr(day, name).count for name in day.__slots__),
        names=names_of(*(each.created_by for each in day.quotes.rows)) if day.quotes is not None else {},
        meaning=meaning,
        ending_days=ENDING_DAYS,
        ended_days=ENDED_DAYS,
    )


@blueprint.get("/quotes/requests")
@page_for(Permission.QUOTES_READ)
def requests(caller: Caller, form: Form = NEW) -> Response:
    found = house().quote_requests.page(caller, REQUESTS)
    if http.args.get("format") == Format.CSV:
        return _csv(found)
    return page("console/requests.html", caller=caller, requests=found, most=REQUESTS, form=form)


@blueprint.post("/quotes/requests/<id:request_id>/settlement")
@deed_for(Permission.QUOTES_WRITE, on=requests)
def settle(caller: Caller, request_id: str) -> str:
    house().quote_requests.settle(caller, request_id)
    return done(".requests", "request-settled")


def _csv(found: list[OpenRequest]) -> Response:
    """Who asked and what she wrote stays on the page: a file has no permission of its own."""
    columns = ("request_id", "organization_id", "organization", "license_id", "seats", "created_at")
    rows = [
        (each.id, each.organization_id, open.organization, each.license_id, each.seats, each.created_at)
        for open in found
        for each in (open.request,)
    ]
    return presented(Report(columns, rows, {}), Format.CSV)
