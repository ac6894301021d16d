"""`/v1/revoked`: the signed revoked list."""

from __future__ import annotations

from flask import Blueprint, Response

from licensing.web.api.publishing import published
from licensing.web.api.shapes import TOKEN
from licensing.web.api.speaking import speaks
from licensing.web.requests import house

blueprint = Blueprint("api_revocations", __name__, url_prefix="/v1")


@blueprint.get("/revoked")
@speaks(TOKEN, others={304: None}, media=("application/koor-revoked+jwt",))
def revoked() -> Response:
    """The signed revoked list."""
    opened = house()
    return published(opened.revoked_lists.current(opened.system.now()), "application/koor-revoked+jwt")
