"""`/v1/licenses/<license_id>/clusters`: what sales see of a license's clusters and do to a single one."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response
from marshmallow import ValidationError

from licensing.core.callers import Caller, Permission
from licensing.core.clusters import Pool
from licensing.core.errors import NotFound
from licensing.services.clusters import NO_CLUSTER
from licensing.services.idempotency import Rendered
from licensing.storage.clusters import Seen
from licensing.web import fields
from licensing.web.access import deed, reading
from licensing.web.api.licenses import ReasonSchema
from licensing.web.api.presenting import answer, moment, rendered
from licensing.web.api.shapes import COUNT, FSID, MOMENT, TEXT, TRUTH, many, maybe, members, thing, word_of
from licensing.web.api.speaking import speaks
from licensing.web.requests import house, parse

blueprint = Blueprint("api_clusters", __name__, url_prefix="/v1/licenses/<id:license_id>/clusters")


class NonProductionSchema(ReasonSchema):
    granted = fields.Truth(required=True)


CLUSTER = thing(
    "Cluster",
    fsid=FSID,
    kube_system_uid=TEXT,
    name=TEXT,
    dcc_version=TEXT,
    used=COUNT,
    granted=COUNT,
    pool=word_of(Pool),
    wishes_non_production=TRUTH,
    np_granted=TRUTH,
    duplicate_since=maybe(MOMENT),
    over_since=maybe(MOMENT),
    pinned=TRUTH,
    first_seen_at=MOMENT,
    last_seen_at=MOMENT,
    expires_at=MOMENT,
)
CLUSTERS = members(clusters=many(CLUSTER))


@blueprint.get("")
@reading(Permission.LICENSES_READ)
@speaks(CLUSTERS)
def list_clusters(caller: Caller, license_id: str) -> Response:
    """The clusters that hold a license."""
    return answer(_document(house().clusters.of_license(caller, license_id)))


@blueprint.post("/<fsid>/non-production")
@deed(Permission.LICENSES_WRITE)
@speaks(CLUSTERS, body=NonProductionSchema)
def grant_non_production(caller: Caller, license_id: str, fsid: str) -> Rendered:
    """Grants a cluster's wish for the non-production pool, or takes the grant back."""
    wish = parse(NonProductionSchema())
    clusters = house().clusters.grant_non_production(
        caller, license_id, _read(fsid), wish["reason"], granted=wish["granted"]
    )
    return rendered(_document(clusters))


@blueprint.post("/<fsid>/reset")
@deed(Permission.LICENSES_WRITE)
@speaks(CLUSTERS, body=ReasonSchema)
def reset(caller: Caller, license_id: str, fsid: str) -> Rendered:
    """Forgets the cluster's pinned instance key."""
    reason = parse(ReasonSchema())["reason"]
    return rendered(_document(house().clusters.reset(caller, license_id, _read(fsid), reason)))


@blueprint.post("/<fsid>/release")
@deed(Permission.LICENSES_WRITE)
@speaks(CLUSTERS, body=ReasonSchema)
def release(caller: Caller, license_id: str, fsid: str) -> Rendered:
    """Frees the cluster's seats."""
    house().clusters.release(caller, license_id, _read(fsid), parse(ReasonSchema())["reason"])
    return rendered(_document(()))


def _read(fsid: str) -> str:
    try:
        return fields.read_uuid(fsid)
    except ValidationError as error:
        raise NotFound(NO_CLUSTER) from error


def _document(clusters: Iterable[Seen]) -> dict[str, object]:
    return {"clusters": [cluster_members(cluster) for cluster in clusters]}


def cluster_members(cluster: Seen) -> dict[str, object]:
    """A cluster as staff sees it."""
    return {
        "fsid": cluster.fsid,
        "kube_system_uid": cluster.kube_system_uid,
        "name": cluster.name,
        "dcc_version": cluster.dcc_version,
        "used": cluster.used,
        "granted": cluster.granted,
        "pool": cluster.pool,
        "wishes_non_production": not cluster.production,
        "np_granted": cluster.np_granted,
        "duplicate_since": moment(cluster.duplicate_since),
        "over_since": moment(cluster.over_since),
        "pinned": cluster.pinned,
        "first_seen_at": moment(cluster.first_seen_at),
        "last_seen_at": moment(cluster.last_seen_at),
        "expires_at": moment(cluster.expires_at),
    }
