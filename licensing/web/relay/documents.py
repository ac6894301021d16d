"""`/.well-known/koor-keys`: the vendor's key statement, as it was carried in."""

from __future__ import annotations

from flask import Blueprint

from licensing.web.api.keys import statement

blueprint = Blueprint("relay_documents", __name__, url_prefix="/.well-known")
blueprint.get("/koor-keys")(statement)
