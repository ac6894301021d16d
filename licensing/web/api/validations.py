"""`/v1/validate`: the code for a license and a node count, without side effects."""

from __future__ import annotations

from flask import Blueprint, Response
from marshmallow import Schema

from licensing.core.tokens import MAX_CHARACTERS, TokenType
from licensing.web import fields
from licensing.web.api.presenting import VERDICT, answer, verdict_members
from licensing.web.api.shapes import thing
from licensing.web.api.speaking import speaks
from licensing.web.requests import house, parse

blueprint = Blueprint("api_validations", __name__, url_prefix="/v1")

MAX_NODES = 1_000_000


class ValidationSchema(Schema):
    license = fields.Text(4 * MAX_CHARACTERS[TokenType.LICENSE], required=True)
    nodes = fields.WholeNumber(0, MAX_NODES, required=True)
    nodes_planned = fields.WholeNumber(0, MAX_NODES, load_default=None)
    fsid = fields.Uuid(load_default=None)


VALIDATED = thing("Validated", **VERDICT.members, planned=VERDICT).may_lack("planned")


@blueprint.post("/validate")
@speaks(VALIDATED, body=ValidationSchema, refuses=(401, 429))
def validate() -> Response:
    """The code for a license and a node count, without side effects."""
    data = parse(ValidationSchema())
    validated = house().validations.validate(data["license"], data["nodes"], data["nodes_planned"], data["fsid"])
    document = verdict_members(validated.verdict)
    if validated.planned is not None:
        document["planned"] = verdict_members(validated.planned)
    return answer(document)
