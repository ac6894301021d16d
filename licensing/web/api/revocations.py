"""`/v1/revoked`: the signed revoked list."""

from __future__ import annotations

from flask import Blueprint, Response

from licensing.web.api.publishing import published
from licensing.web.requests import house

blueprint = Blueprint("api_revocations", __name__, url_prefix="/v1")


@blueprint.get("/revoked")
def revoked() -> Response:
    opened = house()
    return published(opened.revoked_lists.current(opened.system.now()), "application/koor-revoked+jwt")
