"""`/quotes/<quote_id>`: a quote on paper. Print it, or let the browser save it as a PDF."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response

from licensing.core import money
from licensing.core.callers import Caller, Permission
from licensing.web.access import allowed
from licensing.web.pages.rendering import page, page_for
from licensing.web.requests import house

blueprint = Blueprint("pages_quotes", __name__, url_prefix="/quotes")

DEEDS = {
    "sold": "New license",
    "converted": "From the free trial to Pro Bundle",
    "renewed": "Renewal",
    "expanded": "More storage nodes",
}


@blueprint.get("/<id:quote_id>")
@page_for(Permission.QUOTES_READ, who=allowed)
def show(caller: Caller, quote_id: str) -> Response:
    printed = house().quotes.show(caller, quote_id)
    return page(
        "quote.html",
        quote=printed.quote,
        state=printed.state,
        organization=printed.organization,
        deed=DEEDS[printed.quote.kind],
        last_day=(printed.quote.valid_until - timedelta(seconds=1)).date(),
        money=lambda minor: money.spelled(minor, printed.quote.amount.currency),
    )
