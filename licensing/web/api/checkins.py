"""`/v1/checkins` and the release of a cluster: what a DCC instance calls."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import ValidationError
from marshmallow import fields as marshmallow_fields

from licensing.core.clusters import Report
from licensing.core.errors import NotFound
from licensing.core.instances import HEADER, Proof, read_proof
from licensing.services.checkins import CheckedIn
from licensing.web import fields
from licensing.web.api.presenting import answer, seconds, verdict_members
from licensing.web.requests import MAX_CHECK_IN_BYTES, Shape, bearer_token, house, parse

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


@blueprint.post("/checkins")
def check_in() -> Response:
    request.max_content_length = MAX_CHECK_IN_BYTES
    token, report = bearer_token(), parse(_checkin)
    return answer(_present(house().checkins.check_in(token, report, _proof())))


@blueprint.delete("/clusters/<fsid>")
def release(fsid: str) -> Response:
    token = bearer_token()
    try:
        house().checkins.release(token, fields.read_uuid(fsid), _proof())
    except ValidationError as error:
        raise NotFound("The license holds no seats for this cluster.") from error
    return Response(status=204)


def _proof() -> Proof | None:
    shown = request.headers.get(HEADER)
    return None if shown is None else read_proof(shown, request.method, request.path, request.get_data())


def _present(checked_in: CheckedIn) -> dict[str, object]:
    document = {
        **verdict_members(checked_in.verdict),
        "pool": checked_in.pool,
        "unlicensed_nodes": list(checked_in.unlicensed_nodes),
        "over_since": seconds(checked_in.verdict.over_since),
        "next": checked_in.next_seconds,
        "lease": checked_in.lease,
        "keys": checked_in.keys,
    }
    if checked_in.license_file is not None:
        document["license_file"] = checked_in.license_file
    return document
