"""`/v1/activations`: the request file of a cluster without a connection, and the license file to carry to it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError, post_load
from marshmallow import fields as marshmallow_fields

from licensing.core.activations import ActivationRequest, check_code
from licensing.core.portal import MAX_REQUEST_BYTES
from licensing.web import fields
from licensing.web.api.presenting import VERDICT, answer, verdict_members
from licensing.web.api.shapes import LICENSE_FILE, TEXT, thing
from licensing.web.api.speaking import speaks
from licensing.web.requests import bearer_token, house, parse

blueprint = Blueprint("api_activations", __name__, url_prefix="/v1")

MAX_DAYS = 400


class Nodes(fields.NodeNames):
    """The names of the nodes, or how many there are; their number."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if type(value) is int and 0 <= value <= fields.MAX_NODES:
            return value
        if type(value) is int:
            raise ValidationError(f"Must be 0 to {fields.MAX_NODES}.")
        return len(super()._deserialize(value, attr, data, **options))

    def shape(self) -> dict[str, Any]:
        return {"anyOf": [super().shape(), {"type": "integer", "minimum": 0, "maximum": fields.MAX_NODES}]}


class DaySchema(Schema):
    day = fields.Day(required=True)
    nodes = fields.WholeNumber(0, fields.MAX_NODES, required=True)


class RequestSchema(Schema):
    """A request file (core.activations)."""

    v = fields.WholeNumber(1, 1, required=True)
    fsid = fields.Uuid(required=True)
    kube_system_uid = fields.Text(128, required=True)
    nodes = Nodes(required=True)
    lid = marshmallow_fields.String(load_default=None)
    daily = marshmallow_fields.List(marshmallow_fields.Nested(DaySchema), load_default=list)

    @post_load(pass_original=True)
    def _make(self, data: dict[str, Any], document: object, **_: Any) -> ActivationRequest:
        if len(data["daily"]) > MAX_DAYS:
            raise ValidationError(f"Must tell of {MAX_DAYS} days at most.", "daily")
        nodes, code = data["nodes"], check_code(document)
        peak = max([nodes, *(each["nodes"] for each in data["daily"])])
        return ActivationRequest(data["fsid"], data["kube_system_uid"], nodes, peak, code, data["lid"])


ACTIVATED = thing("Activated", **VERDICT.members, request_code=TEXT, license_code=TEXT, license_file=LICENSE_FILE)


@blueprint.post("/activations")
@speaks(ACTIVATED, body=RequestSchema, refuses=(401, 404, 409, 429), by_license=True)
def activate() -> Response:
    """The license file for a cluster without a connection, by its request file."""
    request.max_content_length = MAX_REQUEST_BYTES
    activated = house().activations.by_token(bearer_token(), parse(RequestSchema()))
    return answer(
        {
            **verdict_members(activated.verdict),
            "request_code": activated.request.code,
            "license_code": activated.code,
            "license_file": activated.license_file,
        }
    )
