"""`/v1/issuances/<serial>`: what can be done about a sale that was made."""

from __future__ import annotations

from flask import Blueprint

from licensing.core.callers import Caller, Permission
from licensing.services.idempotency import Rendered
from licensing.web import fields
from licensing.web.access import deed
from licensing.web.api.licenses import DONE, ReasonSchema, present
from licensing.web.api.speaking import speaks
from licensing.web.requests import house, parse

blueprint = Blueprint("api_issuances", __name__, url_prefix="/v1/issuances")

MAX_AMOUNT_MINOR = 2**53


class RefundSchema(ReasonSchema):
    amount_minor = fields.WholeNumber(1, MAX_AMOUNT_MINOR, required=True)


@blueprint.post("/<id:serial>/void")
@deed(Permission.SALES_UNDO)
@speaks(DONE, body=ReasonSchema)
def void(caller: Caller, serial: str) -> Rendered:
    """Undoes a sale."""
    return present(house().sales.void(caller, serial, parse(ReasonSchema())["reason"]))


@blueprint.post("/<id:serial>/refunds")
@deed(Permission.SALES_UNDO)
@speaks(DONE, 201, body=RefundSchema)
def refund(caller: Caller, serial: str) -> Rendered:
    """Records that a sale, or a part of it, was paid back."""
    data = parse(RefundSchema())
    return present(house().sales.refund(caller, serial, data["amount_minor"], data["reason"]), 201)
