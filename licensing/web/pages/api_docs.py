"""`/docs/api`: the API's document in Swagger UI, whose files come out of an installed package and from nowhere else."""

from __future__ import annotations

from importlib.resources import files

from flask import Blueprint, Response, abort, send_from_directory

from licensing.web.pages.rendering import page, secured
from licensing.web.sessions import public

blueprint = Blueprint("pages_api_docs", __name__, url_prefix="/docs/api")

DIST = str(files("flask_swagger_ui") / "dist")
SERVED = ("swagger-ui-bundle.js", "swagger-ui.css")
KEPT_SECONDS = 3_600


@blueprint.get("")
@public
def show() -> Response:
    return page("api_docs.html")


@blueprint.get("/<name>")
@public
def file(name: str) -> Response:
    if name not in SERVED:
        abort(404)
    return secured(send_from_directory(DIST, name, max_age=KEPT_SECONDS))
