"""`/`: what this server is, for whoever opens its address in a browser."""

from __future__ import annotations

from flask import Blueprint, Response

from licensing.web.pages.rendering import page

blueprint = Blueprint("pages_home", __name__)


@blueprint.get("/")
def home() -> Response:
    return page("home.html")
