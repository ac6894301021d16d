"""`/ledger/checkpoint`: the signed note of the ledger's newest checkpoint."""

from __future__ import annotations

from flask import Blueprint, Response

from licensing.web.api.publishing import published
from licensing.web.api.shapes import TEXT
from licensing.web.api.speaking import speaks
from licensing.web.requests import house

blueprint = Blueprint("api_ledger", __name__, url_prefix="/ledger")


@blueprint.get("/checkpoint")
@speaks(TEXT, others={304: None}, media=("text/plain",))
def checkpoint() -> Response:
    """The signed note of the ledger's newest checkpoint."""
    return published(house().ledger.note(), "text/plain; charset=utf-8")
