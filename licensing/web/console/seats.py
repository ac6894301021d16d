"""`/console/licenses/<id>/seats`: more or fewer seats within the term."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, Response, request, url_for

from licensing.core.callers import Caller, Permission
from licensing.core.licenses import MAX_SEATS
from licensing.core.sales import Purchase
from licensing.services.previews import Preview
from licensing.web import fields
from licensing.web.api.licenses import SeatsSchema
from licensing.web.api.terms import MAX_ORDER_NUMBER, read_purchase
from licensing.web.console.previewing import Typed, preview_for, typed
from licensing.web.console.selling import currencies, licensed, paid_in, previewed
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, page, page_for
from licensing.web.requests import house

blueprint = Blueprint("console_seats", __name__, url_prefix="/console/licenses/<id:license_id>/seats")

WRITE = Permission.LICENSES_WRITE


class UnfinishedSchema(SeatsSchema):
    """A change of seats that is still being written: its order need not have come."""

    order_number = fields.Text(MAX_ORDER_NUMBER, load_default="")


@blueprint.get("")
@page_for(WRITE)
def show(caller: Caller, license_id: str, form: Form = NEW) -> Response:
    shown, form = house().licenses.show(caller, license_id), typed(form)
    standing = shown.standing
    defaults = {
        "seats": str(standing.seats),
        "np_seats": str(standing.np_seats),
        "currency": paid_in(shown),
    }
    return page(
        "console/seats.html",
        caller=caller,
        standing=standing,
        form=form,
        defaults=defaults,
        currencies=currencies(),
        most_seats=MAX_SEATS,
        action=url_for(".resize", license_id=license_id),
        asks=url_for(".preview", license_id=license_id),
        **previewed(caller, form, defaults, partial(_resizing, license_id=license_id)),
    )


@blueprint.post("")
@deed_for(WRITE, on=show)
def resize(caller: Caller, license_id: str) -> str:
    data = read_form(SeatsSchema())
    order = read_purchase(data) if data["order_number"] is not None else None
    return licensed(house().sales.resize(caller, license_id, data["seats"], data["np_seats"], order), "resized")


@blueprint.post("/preview")
@preview_for(WRITE)
def preview(caller: Caller, license_id: str) -> Preview:
    return _resizing(caller, request.form, license_id)


def _resizing(caller: Caller, values: Typed, license_id: str) -> Preview:
    data = read_form(UnfinishedSchema(), values)
    order: Purchase | None = None if data["currency"] is None else read_purchase(data)
    return house().previews.resize(caller, license_id, data["seats"], data["np_seats"], order)
