"""`/v1/api-keys`: the keys of machines. A key is in the answer to its creation, and nowhere else."""

from __future__ import annotations

from flask import Blueprint, Response
from marshmallow import Schema
from marshmallow import fields as marshmallow_fields

from licensing.core.callers import Caller, Permission
from licensing.services.api_keys import MAX_DAYS
from licensing.services.idempotency import Rendered
from licensing.storage.api_keys import ApiKey
from licensing.web import fields
from licensing.web.access import deed, reading
from licensing.web.api.presenting import answer, moment, rendered
from licensing.web.requests import NothingSchema, house, parse

blueprint = Blueprint("api_api_keys", __name__, url_prefix="/v1/api-keys")


class ApiKeySchema(Schema):
    name = fields.Text(200, required=True)
    scopes = marshmallow_fields.List(fields.Text(40), required=True)
    days = fields.WholeNumber(1, MAX_DAYS, required=True)
    organization_id = fields.Text(32, load_default=None)


@blueprint.get("")
@reading(Permission.STAFF_MANAGE)
def list_api_keys(caller: Caller) -> Response:
    return answer({"api_keys": [api_key_members(key) for key in house().api_keys.list(caller)]})


@blueprint.post("")
@deed(Permission.STAFF_MANAGE)
def create(caller: Caller) -> Rendered:
    made = house().api_keys.create(caller, **parse(ApiKeySchema()))
    return rendered({**api_key_members(made.api_key), "key": made.key}, 201, secret="key")  # noqa: S106 - a name


@blueprint.post("/<id:api_key_id>/revocation")
@deed(Permission.STAFF_MANAGE)
def revoke(caller: Caller, api_key_id: str) -> Rendered:
    parse(NothingSchema())
    return rendered(api_key_members(house().api_keys.revoke(caller, api_key_id)))


def api_key_members(key: ApiKey) -> dict[str, object]:
    """All that a listing tells of a key."""
    return {
        "api_key_id": key.id,
        "name": key.name,
        "scopes": list(key.scopes),
        "organization_id": key.organization_id,
        "created_by": key.created_by,
        "created_at": moment(key.created_at),
        "expires_at": moment(key.expires_at),
        "last_used_at": moment(key.last_used_at),
        "revoked_at": moment(key.revoked_at),
    }
