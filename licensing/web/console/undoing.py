"""`/console/licenses/<id>/sales/<serial>`: one sale, and for managers how to undo it."""

from __future__ import annotations

from flask import Blueprint, Response

from licensing.core.callers import Caller, Permission
from licensing.core.errors import NotFound
from licensing.core.ledger import Kind
from licensing.services.licenses import Shown
from licensing.services.sales import NO_SALE, PAID
from licensing.storage.ledger import Issuance
from licensing.web.api.issuances import RefundSchema
from licensing.web.api.licenses import ReasonSchema
from licensing.web.console.actors import names_of
from licensing.web.console.selling import licensed
from licensing.web.console.timeline import DEEDS
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, page, page_for
from licensing.web.requests import house

blueprint = Blueprint("console_undoing", __name__, url_prefix="/console/licenses/<id:license_id>/sales/<id:serial>")


@blueprint.get("")
@page_for(Permission.LICENSES_READ)
def show(caller: Caller, license_id: str, serial: str, form: Form = NEW) -> Response:
    shown = house().licenses.show(caller, license_id)
    sale, refunded = _sale(shown, serial), _of(shown, serial, Kind.REFUNDED)
    return page(
        "console/sale.html",
        caller=caller,
        shown=shown,
        sale=sale,
        words=DEEDS,
        names=names_of(sale.salesperson_id),
        is_void=bool(_of(shown, serial, Kind.VOIDED)),
        refunded=refunded,
        left=(sale.amount_minor or 0) - sum(each.amount_minor or 0 for each in refunded),
        form=form,
    )


@blueprint.post("/void")
@deed_for(Permission.SALES_UNDO, on=show)
def void(caller: Caller, license_id: str, serial: str) -> str:
    _sale(house().licenses.show(caller, license_id), serial)
    return licensed(house().sales.void(caller, serial, read_form(ReasonSchema())["reason"]), "voided")


@blueprint.post("/refund")
@deed_for(Permission.SALES_UNDO, on=show)
def refund(caller: Caller, license_id: str, serial: str) -> str:
    _sale(house().licenses.show(caller, license_id), serial)
    data = read_form(RefundSchema())
    return licensed(house().sales.refund(caller, serial, data["amount_minor"], data["reason"]), "refunded")


def _sale(shown: Shown, serial: str) -> Issuance:
    """The license's sale of that serial; raises NotFound."""
    for each in shown.issuances:
        if each.serial == serial and each.kind in PAID:
            return each
    raise NotFound(NO_SALE)


def _of(shown: Shown, serial: str, kind: Kind) -> list[Issuance]:
    return [each for each in shown.issuances if each.refers_to == serial and each.kind is kind]
