"""`/.well-known/`: the key statement, and the same keys as a plain JSON Web Key Set."""

from __future__ import annotations

from flask import Blueprint, Response

from licensing.core.keys import TYPE_OF, KeyState, jwk
from licensing.web.api.presenting import dumps
from licensing.web.api.publishing import published
from licensing.web.api.shapes import TEXT, TOKEN, many, members
from licensing.web.api.speaking import speaks
from licensing.web.requests import house

blueprint = Blueprint("api_keys", __name__, url_prefix="/.well-known")

JWKS = members(keys=many(members(kty=TEXT, crv=TEXT, x=TEXT, kid=TEXT, use=TEXT)))


@blueprint.get("/koor-keys")
@speaks(TOKEN, others={304: None}, media=("application/koor-keys+jwt",))
def statement() -> Response:
    """The signed key statement."""
    return published(house().keys.current().statement, "application/koor-keys+jwt")


@blueprint.get("/jwks.json")
@speaks(JWKS, others={304: None}, media=("application/jwk-set+json",))
def jwks() -> Response:
    """For standard JWT libraries: the keys whose tokens may stand. They must check `typ` themselves."""
    keys = house().keys.current().keyring.keys
    usable = [key for key in keys if key.purpose in TYPE_OF and key.state is not KeyState.REVOKED]
    document = {"keys": [{**jwk(key.kid, key.x), "use": "sig"} for key in usable]}
    return published(dumps(document).decode(), "application/jwk-set+json")
