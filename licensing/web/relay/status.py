"""`/`: how the relay's license stands, for whoever opens its address in a browser."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response

from licensing.core.clusters import Pool
from licensing.relay import RelayHouse
from licensing.web.pages.rendering import page
from licensing.web.requests import house

blueprint = Blueprint("relay_status", __name__)


@blueprint.get("/")
def show() -> Response:
    status = cast(RelayHouse, house()).status.current()
    return page(
        "relay/status.html",
        relay=status,
        standing=status.standing,
        production=status.granted(Pool.PRODUCTION),
        non_production=status.granted(Pool.NON_PRODUCTION),
    )
