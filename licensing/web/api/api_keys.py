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
from licensing.web.api.shapes import ID, MOMENT, TEXT, many, maybe, members, thing, word_of
from licensing.web.api.speaking import speaks
from licensing.web.requests import NothingSchema, house, parse

blueprint = Blueprint("api_api_keys", __name__, url_prefix="/v1/api-keys")


class ApiKeySchema(Schema):
    name = fields.Text(200, required=True)
    scopes = marshmallow_fields.List(fields.Text(40), required=True)
    days = fields.WholeNumber(1, MAX_DAYS, required=True)
    organization_id = fields.Text(32, load_default=None)


API_KEY = thing(
    "ApiKey",
    api_key_id=ID,
    name=TEXT,
    scopes=many(word_of(Permission)),
    organization_id=maybe(ID),
    created_by=TEXT,
    created_at=MOMENT,
    expires_at=MOMENT,
    last_used_at=maybe(MOMENT),
    revoked_at=maybe(MOMENT),
)
NEW_API_KEY = thing("NewApiKey", **API_KEY.members, key=TEXT)


@blueprint.get("")
@reading(Permission.STAFF_MANAGE)
@speaks(members(api_keys=many(API_KEY)))
def list_api_keys(caller: Caller) -> Response:
    """All keys of machines."""
    return answer({"api_keys": [api_key_members(key) for key in house().api_keys.list(caller)]})


@blueprint.post("")
@deed(Permission.STAFF_MANAGE)
@speaks(NEW_API_KEY, 201, body=ApiKeySchema)
def create(caller: Caller) -> Rendered:
    """A new key, shown once; blank in a replay."""
    made = house().api_keys.create(caller, **parse(ApiKeySchema()))
    return rendered({**api_key_members(made.api_key), "key": made.key}, 201, secret="key")  # noqa: S106 - a name


@blueprint.post("/<id:api_key_id>/revocation")
@deed(Permission.STAFF_MANAGE)
@speaks(API_KEY, body=NothingSchema)
def revoke(caller: Caller, api_key_id: str) -> Rendered:
    """The key works no longer."""
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
