"""`/console/ledger`: every deed, and its proof to take away."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from licensing.core.callers import Caller, Permission
from licensing.core.errors import InvalidFields
from licensing.core.ledger import Kind
from licensing.services.reports import Report
from licensing.web.api.tables import Format, presented
from licensing.web.console.timeline import DEEDS
from licensing.web.fields import is_digits
from licensing.web.pages.rendering import page, page_for
from licensing.web.requests import house

blueprint = Blueprint("console_ledger", __name__, url_prefix="/console/ledger")

ROWS, CSV_ROWS = 100, 10_000
COLUMNS = (
    *("leaf", "serial", "kind", "effective_at", "recorded_at", "organization_id", "license_id", "tier", "seats"),
    *("amount_minor", "currency", "order_number", "salesperson_id", "refers_to"),
)


@blueprint.get("")
@page_for(Permission.LEDGER_READ)
def every(caller: Caller) -> Response:
    before, kind = _before(), _kind()
    if request.args.get("format") == Format.CSV:
        found = house().ledger.page(before, kind, CSV_ROWS)
        lines = [(each.index, *(getattr(each.issuance, name) for name in COLUMNS[1:])) for each in found]
        return presented(Report(COLUMNS, lines, {}), Format.CSV)
    found = house().ledger.page(before, kind, ROWS)
    return page(
        "console/ledger.html",
        caller=caller,
        found=found,
        kinds=[(each.value, DEEDS.get(each, each.value.replace("-", " "))) for each in Kind],
        kind="" if kind is None else kind.value,
        words=DEEDS,
        more=url_for(".every", before=found[-1].index, kind=kind) if len(found) == ROWS else "",
        csv=url_for(".every", before=before, kind=kind, format=Format.CSV.value),
    )


@blueprint.get("/<id:serial>/proof")
@page_for(Permission.LEDGER_READ)
def proof(_: Caller, serial: str) -> Response:
    response = Response(house().ledger.prove(serial), content_type="text/plain; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{serial}.tlog-proof"'
    return response


def _before() -> int | None:
    text = request.args.get("before", "")
    if text and not is_digits(text):
        raise InvalidFields({"before": ["Must be a leaf's number."]})
    return int(text) if text else None


def _kind() -> Kind | None:
    text = request.args.get("kind", "")
    if text and text not in list(Kind):
        raise InvalidFields({"kind": [f"Must be one of {', '.join(Kind)}."]})
    return Kind(text) if text else None
