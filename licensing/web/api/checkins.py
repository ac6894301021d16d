"""`/v1/checkins` and the release of a cluster: what a DCC instance calls."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import ValidationError
from marshmallow import fields as marshmallow_fields

from licensing.core.clusters import Pool, Report
from licensing.core.errors import NotFound
from licensing.core.instances import HEADER, Proof, read_proof
from licensing.services.checkins import CheckedIn
from licensing.web import fields
from licensing.web.api.presenting import VERDICT, answer_with_tokens, seconds, verdict_members
from licensing.web.api.shapes import COUNT, LICENSE_FILE, MOMENT, TEXT, TOKEN, many, maybe, thing, word_of
from licensing.web.api.speaking import speaks
from licensing.web.requests import CODE, MAX_CHECK_IN_BYTES, Shape, bearer_token, house, parse, this_request

_PROOF = f"HTTP_{HEADER.upper().replace('-', '_')}"
blueprint = Blueprint("api_checkins", __name__, url_prefix="/v1")


class ClusterSchema(Shape):
    fsid = fields.Uuid(required=True)
    kube_system_uid = fields.Text(128, required=True)
    name = fields.Text(253, required=True)
    dcc_version = fields.Text(64, required=True)
    production = fields.Truth(load_default=True)


class CheckinSchema(Shape):
    cluster = marshmallow_fields.Nested(ClusterSchema, required=True)
    nodes = fields.NodeNames(required=True)
    nonce = fields.Text(128, required=True)
    instance_key = fields.PublicKey(load_default=None)

    def load(self, data: Any, **_: Any) -> Any:
        """The Report of a body; raises ValidationError."""
        loaded = super().load(data)
        return Report(**loaded.pop("cluster"), **loaded)


_checkin = CheckinSchema()
read_report = _checkin.load

CHECKED_IN = thing(
    "CheckedIn",
    **VERDICT.members,
    pool=word_of(Pool),
    unlicensed_nodes=many(TEXT),
    over_since=maybe(MOMENT),
    next=COUNT,
    lease=TOKEN,
    keys=TOKEN,
    license_file=LICENSE_FILE,
).may_lack("license_file")


@blueprint.post("/checkins")
@speaks(CHECKED_IN, body=CheckinSchema, refuses=(409, 429), by_license=True)
def check_in() -> Response:
    """A cluster reports its nodes."""
    asked = this_request()
    asked.max_content_length = MAX_CHECK_IN_BYTES
    token, report = bearer_token(), parse(_checkin)
    checked_in = house().checkins.check_in(token, report, _proof())
    asked.environ[CODE] = checked_in.verdict.code
    return answer_with_tokens(_present(checked_in), {"lease": checked_in.lease, "keys": checked_in.keys})


@blueprint.delete("/clusters/<fsid>")
@speaks(None, 204, refuses=(409,), by_license=True)
def release(fsid: str) -> Response:
    """Frees a cluster's seats."""
    token = bearer_token()
    try:
        house().checkins.release(token, fields.read_uuid(fsid), _proof())
    except ValidationError as error:
        raise NotFound("The license holds no seats for this cluster.") from error
    return Response(status=204)


def _proof() -> Proof | None:
    asked = this_request()
    shown = asked.environ.get(_PROOF)
    return None if shown is None else read_proof(shown, asked.method, asked.path, asked.body())


def _present(checked_in: CheckedIn) -> dict[str, object]:
    document = {
        **verdict_members(checked_in.verdict),
        "pool": checked_in.pool,
        "unlicensed_nodes": list(checked_in.unlicensed_nodes),
        "over_since": seconds(checked_in.verdict.over_since),
        "next": checked_in.next_seconds,
    }
    if checked_in.license_file is not None:
        document["license_file"] = checked_in.license_file
    return document
