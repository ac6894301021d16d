"""`/console/quotes`: make, decide, and turn into a license."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from flask import Blueprint, Response, request, url_for
from marshmallow import Schema
from werkzeug.datastructures import MultiDict

from licensing.core.callers import Caller, Permission
from licensing.core.licenses import MAX_SEATS, Edition
from licensing.core.quotes import DEFAULT_LIFE_DAYS, LIVE, MAX_LIFE_DAYS, Quote, State
from licensing.services.organizations import Customer
from licensing.services.quotes import Printed
from licensing.services.reports import Report
from licensing.web import fields
from licensing.web.api.quotes import AcceptanceSchema, QuoteSchema, quote_members, read_wish
from licensing.web.api.tables import Format, presented
from licensing.web.console.actors import names_of
from licensing.web.console.filters import filtered
from licensing.web.console.previewing import Typed, preview_for, typed, worked_out
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.quotes import DEEDS
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house, query_id

blueprint = Blueprint("console_quotes", __name__, url_prefix="/console/quotes")

ROWS, CSV_ROWS = 25, 1_000
BECAME = {"sold": "sold", "converted": "converted", "renewed": "renewed", "expanded": "resized"}
"""What the license's page says of the deed that the quote became."""
KINDS = {State.APPROVED: "good", State.ACCEPTED: "good", State.PENDING: "warn", State.REFUSED: "bad"}
"""How each state looks."""


class Shown(StrEnum):
    """How the list leaves."""

    PAGE = "page"
    CSV = Format.CSV


class ListSchema(Schema):
    state = fields.Choice(State, load_default=None)
    before = fields.Text(32, load_default="")
    format = fields.Choice(Shown, load_default=Shown.PAGE)


@blueprint.get("")
@page_for(Permission.QUOTES_READ)
def every(caller: Caller) -> Response:
    query_id("before")
    return filtered(caller, "console/quotes.html", ListSchema(), lambda asked: _listed(caller, **asked))


@blueprint.get("/new")
@page_for(Permission.QUOTES_WRITE)
def new(caller: Caller, form: Form = NEW) -> Response:
    organization_id, license_id = query_id("organization"), query_id("license")
    if organization_id is None and license_id is not None:
        organization_id = house().licenses.show(caller, license_id).standing.organization_id
    customer = None if organization_id is None else house().organizations.show(caller, organization_id)
    now, prices = house().system.now(), house().prices.list().prices
    form = typed(form)
    is_asked = "seats" in form.typed
    drafted, why = worked_out(lambda: _drafted(caller, MultiDict(form.typed))) if is_asked else (None, [])
    return page(
        "console/quote_new.html",
        caller=caller,
        preview=drafted,
        why=why,
        customer=customer,
        license_id=license_id or "",
        licenses=[] if customer is None else _licenses(customer),
        currencies=[(each, each) for each in sorted({row.currency for row in prices if row.valid_from <= now})],
        levels=[("", "the tier's own"), *((level.name, level.title) for level in house().prices.offered().levels)],
        most_seats=MAX_SEATS,
        life=DEFAULT_LIFE_DAYS,
        longest_life=MAX_LIFE_DAYS,
        form=form,
    )


@blueprint.post("/new")
@deed_for(Permission.QUOTES_WRITE, on=new)
def make(caller: Caller) -> str:
    wish = read_wish(caller, read_form(QuoteSchema()))
    return done(".show", "quoted", quote_id=house().quotes.make(caller, wish).quote.id)


@blueprint.post("/new/preview")
@preview_for(Permission.QUOTES_WRITE, "console/quote_preview.html")
def preview(caller: Caller) -> Quote:
    return _drafted(caller, request.form)


@blueprint.get("/<id:quote_id>")
@page_for(Permission.QUOTES_READ)
def show(caller: Caller, quote_id: str, form: Form = NEW) -> Response:
    printed = house().quotes.show(caller, quote_id)
    quote = printed.quote
    return page(
        "console/quote.html",
        caller=caller,
        quote=quote,
        state=printed.state,
        kinds=KINDS,
        is_live=printed.state in LIVE,
        organization=printed.organization,
        deed_name=DEEDS[quote.kind],
        names=names_of(quote.created_by, quote.decided_by),
        form=form,
    )


@blueprint.post("/<id:quote_id>/approval")
@deed_for(Permission.QUOTES_APPROVE, on=show)
def approve(caller: Caller, quote_id: str) -> str:
    house().quotes.approve(caller, quote_id)
    return done(".show", "approved", quote_id=quote_id)


@blueprint.post("/<id:quote_id>/refusal")
@deed_for(Permission.QUOTES_APPROVE, on=show)
def refuse(caller: Caller, quote_id: str) -> str:
    house().quotes.refuse(caller, quote_id)
    return done(".show", "refused", quote_id=quote_id)


@blueprint.post("/<id:quote_id>/withdrawal")
@deed_for(Permission.QUOTES_WRITE, on=show)
def withdraw(caller: Caller, quote_id: str) -> str:
    house().quotes.withdraw(caller, quote_id)
    return done(".show", "withdrawn", quote_id=quote_id)


@blueprint.post("/<id:quote_id>/acceptance")
@deed_for(Permission.LICENSES_WRITE, on=show)
def accept(caller: Caller, quote_id: str) -> str:
    kind = house().quotes.show(caller, quote_id).quote.kind
    became = house().quotes.accept(caller, quote_id, read_form(AcceptanceSchema())["order_number"])
    if became.standing is None:
        return url_for(".show", quote_id=quote_id)
    return f"/console/licenses/{became.standing.license_id}?done={BECAME[kind]}"


def _drafted(caller: Caller, values: Typed) -> Quote:
    return house().quotes.preview(caller, read_wish(caller, read_form(QuoteSchema(), values)))


def _listed(caller: Caller, state: State | None, before: str, format: Shown) -> dict[str, Any] | Response:
    if format is Shown.CSV:
        return _csv(house().quotes.page(caller, None, before, CSV_ROWS, state))
    found = house().quotes.page(caller, None, before, ROWS, state)
    return {
        "report": found,
        "states": [(each.value, each.value) for each in State],
        "kinds": KINDS,
        "more": url_for(".every", state=state, before=found[-1].quote.id) if len(found) == ROWS else "",
        "first": url_for(".every", state=state) if request.args.get("before") else "",
        "csv": url_for(".every", state=state, before=before or None, format=Shown.CSV.value),
    }


def _csv(found: list[Printed]) -> Response:
    rows = [quote_members(printed) for printed in found]
    columns = tuple(rows[0]) if rows else ("quote_id",)
    return presented(Report(columns, [tuple(row.values()) for row in rows], {}), Format.CSV)


def _licenses(customer: Customer) -> list[tuple[str, str]]:
    """What a quote can be about: a new license, or one that she has."""
    return [
        ("", "A new license"),
        *((each.license_id, _words(each)) for each in customer.licenses if each.revoked_at is None),
    ]


def _words(standing: Any) -> str:
    if standing.edition is Edition.TRIAL:
        return f"From the free trial to Pro Bundle ({standing.license_id[-8:]})"
    ends = f", ends {standing.ends_at.date()}" if standing.ends_at else ""
    return f"Renewal of the {standing.seats} seats{ends} ({standing.license_id[-8:]})"
