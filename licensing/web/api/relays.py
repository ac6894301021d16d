"""`/v1/licenses/<license_id>/relay`: the key of the relay that shares a license's seats inside a customer's site."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from marshmallow import ValidationError
from marshmallow import fields as marshmallow_fields

from licensing.core.callers import Caller, Permission
from licensing.core.errors import Unauthentic
from licensing.core.relays import RelayKey, read_relay
from licensing.services.idempotency import Rendered
from licensing.web import fields
from licensing.web.access import deed
from licensing.web.api.licenses import DONE, ReasonSchema, present
from licensing.web.api.speaking import speaks
from licensing.web.requests import house, parse

blueprint = Blueprint("api_relays", __name__, url_prefix="/v1/licenses")


class RelayJwk(marshmallow_fields.Field[RelayKey]):
    """The public JSON Web Key that `licensing relay key` prints."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> RelayKey:
        try:
            return read_relay(value)
        except Unauthentic as error:
            raise ValidationError(error.detail) from error

    def shape(self) -> dict[str, Any]:
        members = {
            "kty": {"const": "OKP"},
            "crv": {"const": "Ed25519"},
            "x": fields.PublicKey().shape(),
            "kid": {"type": "string"},
        }
        return {"type": "object", "properties": members, "required": sorted(members)}


class RelaySchema(ReasonSchema):
    """`key` null takes the relay's right away."""

    key = RelayJwk(required=True, allow_none=True)


@blueprint.post("/<id:license_id>/relay")
@deed(Permission.LICENSES_WRITE)
@speaks(DONE, body=RelaySchema)
def name(caller: Caller, license_id: str) -> Rendered:
    """Names the relay that may share the license's seats inside a customer's site."""
    data = parse(RelaySchema())
    return present(house().relays.name(caller, license_id, data["key"], data["reason"]))
