"""`/console/licenses/…`: sell, convert and renew; each form shows what it will come to."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

from flask import Blueprint, Response, request, url_for

from licensing.core.callers import Caller, Permission
from licensing.core.licenses import MAX_SEATS, Edition
from licensing.core.sales import MAX_MONTHS, Purchase, Term
from licensing.core.standings import Standing
from licensing.services.previews import Preview
from licensing.storage.organizations import Organization
from licensing.web import fields
from licensing.web.api.terms import MAX_ORDER_NUMBER, OLD_END, TODAY, SaleSchema, read_purchase, read_term
from licensing.web.console.previewing import Typed, preview_for, typed
from licensing.web.console.selling import Work, currencies, ends, levels, licensed, paid_in, previewed
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, page, page_for
from licensing.web.requests import house, query_id

blueprint = Blueprint("console_sales", __name__, url_prefix="/console/licenses")

WRITE = Permission.LICENSES_WRITE
TEMPLATE = "console/sell.html"


class UnfinishedSchema(SaleSchema):
    """A sale that is still being written: its order need not have come."""

    order_number = fields.Text(MAX_ORDER_NUMBER, load_default="")


class Selling(NamedTuple):
    """A form that sells: to whom, what of, and where it asks what that comes to. A new license has no standing yet."""

    kind: str
    buyer: Organization
    standing: Standing | None
    work: Work
    action: str
    asks: str
    currency: str = ""


@blueprint.get("/new")
@page_for(WRITE)
def new(caller: Caller, form: Form = NEW) -> Response:
    buyer_id = query_id("organization")
    if buyer_id is None:
        return page(TEMPLATE, caller=caller, buyer=None, form=form)
    buyer = house().organizations.show(caller, buyer_id).organization
    action, asks = (url_for(name, organization=buyer.id) for name in (".sell", ".preview_sale"))
    return _form(caller, form, Selling("new", buyer, None, partial(_sale, buyer_id=buyer.id), action, asks))


@blueprint.post("/new")
@deed_for(WRITE, on=new)
def sell(caller: Caller) -> str:
    term, order = _sold(caller)
    return licensed(house().sales.sell(caller, query_id("organization") or "", term, order), "sold")


@blueprint.post("/new/preview")
@preview_for(WRITE)
def preview_sale(caller: Caller) -> Preview:
    return _sale(caller, request.form, query_id("organization") or "")


@blueprint.get("/<id:license_id>/conversion")
@page_for(WRITE)
def conversion(caller: Caller, license_id: str, form: Form = NEW) -> Response:
    return _of_license(caller, license_id, form, "conversion", partial(_conversion, license_id=license_id))


@blueprint.post("/<id:license_id>/conversion")
@deed_for(WRITE, on=conversion)
def convert(caller: Caller, license_id: str) -> str:
    term, order = _sold(caller)
    return licensed(house().sales.convert(caller, license_id, _owner(caller, license_id), term, order), "converted")


@blueprint.post("/<id:license_id>/conversion/preview")
@preview_for(WRITE)
def preview_conversion(caller: Caller, license_id: str) -> Preview:
    return _conversion(caller, request.form, license_id)


@blueprint.get("/<id:license_id>/renewal")
@page_for(WRITE)
def renewal(caller: Caller, license_id: str, form: Form = NEW) -> Response:
    return _of_license(caller, license_id, form, "renewal", partial(_renewal, license_id=license_id))


@blueprint.post("/<id:license_id>/renewal")
@deed_for(WRITE, on=renewal)
def renew(caller: Caller, license_id: str) -> str:
    term, order = _sold(caller)
    return licensed(house().sales.renew(caller, license_id, term, order), "renewed")


@blueprint.post("/<id:license_id>/renewal/preview")
@preview_for(WRITE)
def preview_renewal(caller: Caller, license_id: str) -> Preview:
    return _renewal(caller, request.form, license_id)


def _sale(caller: Caller, values: Typed, buyer_id: str) -> Preview:
    return house().previews.sell(caller, buyer_id, *_written(caller, values))


def _conversion(caller: Caller, values: Typed, license_id: str) -> Preview:
    return house().previews.convert(caller, license_id, _owner(caller, license_id), *_written(caller, values))


def _renewal(caller: Caller, values: Typed, license_id: str) -> Preview:
    return house().previews.renew(caller, license_id, *_written(caller, values))


def _sold(caller: Caller) -> tuple[Term, Purchase]:
    data = read_form(SaleSchema())
    return read_term(caller, data, house().system.now()), read_purchase(data)


def _written(caller: Caller, values: Typed) -> tuple[Term, Purchase]:
    """The same of a form that is not finished."""
    data = read_form(UnfinishedSchema(), values)
    return read_term(caller, data, house().system.now()), read_purchase(data)


def _owner(caller: Caller, license_id: str) -> str:
    return house().licenses.standing(caller, license_id).organization_id


def _of_license(caller: Caller, license_id: str, form: Form, kind: str, work: Work) -> Response:
    shown = house().licenses.show(caller, license_id)
    buyer = house().organizations.show(caller, shown.standing.organization_id).organization
    action, asks = (url_for(name, license_id=license_id) for name in (f".{kind}", f".preview_{kind}"))
    return _form(caller, form, Selling(kind, buyer, shown.standing, work, action, asks, paid_in(shown)))


def _form(caller: Caller, form: Form, selling: Selling) -> Response:
    form, offered, standing = typed(form), currencies(), selling.standing
    is_renewal = standing is not None and standing.edition is Edition.PRO
    defaults = {
        "seats": str(standing.seats) if standing is not None and is_renewal else "",
        "currency": selling.currency or next((each for each, _ in offered), ""),
    }
    return page(
        TEMPLATE,
        caller=caller,
        **selling._asdict(),
        form=form,
        defaults=defaults,
        currencies=offered,
        levels=levels(),
        ends=ends(caller, selling.buyer.id, None if standing is None else standing.license_id),
        starts=_starts(standing),
        now=house().system.now(),
        most_seats=MAX_SEATS,
        most_months=MAX_MONTHS,
        **previewed(caller, form, defaults, selling.work),
    )


def _starts(standing: Standing | None) -> list[tuple[str, str]]:
    """From when a renewal can run."""
    if standing is None or standing.ends_at is None:
        return []
    if standing.ends_at > house().system.now():
        return [("", "when the present term ends"), (TODAY, "today")]
    return [("", "today"), (OLD_END, "when the old term ended")]
