"""`/console/licenses/<id>/clusters`: what checks in under a license, and what can be done to a single cluster."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request, url_for
from marshmallow import Schema

from licensing.core.callers import Caller, Permission
from licensing.core.errors import NotFound
from licensing.core.licenses import Edition
from licensing.services.clusters import NO_CLUSTER
from licensing.web import fields
from licensing.web.api.clusters import NonProductionSchema, cluster_members
from licensing.web.api.licenses import ReasonSchema
from licensing.web.api.tables import Format
from licensing.web.console.csv_tables import members_csv
from licensing.web.console.filters import filtered
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house

blueprint = Blueprint("console_clusters", __name__, url_prefix="/console/licenses/<id:license_id>/clusters")

ROWS = 50
NODES = 200
"""So many of a cluster's nodes are named."""
WRITE = Permission.LICENSES_WRITE


class ListSchema(Schema):
    start = fields.Digits(0, 10**6, load_default=0)
    format = fields.Text(4, load_default="")


@blueprint.get("")
@page_for(Permission.LICENSES_READ)
def every(caller: Caller, license_id: str) -> Response:
    return filtered(
        caller, "console/clusters.html", ListSchema(), lambda asked: _listed(caller, license_id, asked["start"])
    )


@blueprint.get("/<fsid:fsid>")
@page_for(Permission.LICENSES_READ)
def show(caller: Caller, license_id: str, fsid: str, form: Form = NEW) -> Response:
    found = [each for each in house().clusters.of_license(caller, license_id) if each.fsid == fsid]
    if not found:
        raise NotFound(NO_CLUSTER)
    standing = house().licenses.standing(caller, license_id)
    return page(
        "console/cluster.html",
        caller=caller,
        license_id=license_id,
        fsid=fsid,
        clusters=found,
        is_paid=standing.edition is Edition.PRO,
        is_revoked=standing.revoked_at is not None,
        most_nodes=NODES,
        now=house().system.now(),
        form=form,
    )


@blueprint.post("/<fsid:fsid>/release")
@deed_for(WRITE, on=show)
def release(caller: Caller, license_id: str, fsid: str) -> str:
    house().clusters.release(caller, license_id, fsid, read_form(ReasonSchema())["reason"])
    return done("console_licenses.show", "cluster-released", license_id=license_id)


@blueprint.post("/<fsid:fsid>/reset")
@deed_for(WRITE, on=show)
def reset(caller: Caller, license_id: str, fsid: str) -> str:
    house().clusters.reset(caller, license_id, fsid, read_form(ReasonSchema())["reason"])
    return done(".show", "cluster-reset", license_id=license_id, fsid=fsid)


@blueprint.post("/<fsid:fsid>/non-production")
@deed_for(WRITE, on=show)
def place(caller: Caller, license_id: str, fsid: str) -> str:
    """Grants the cluster's wish for the non-production pool, or with no field `granted` withdraws that."""
    wish = read_form(NonProductionSchema())
    house().clusters.grant_non_production(caller, license_id, fsid, wish["reason"], granted=wish["granted"])
    return done(".show", "np-granted" if wish["granted"] else "np-withdrawn", license_id=license_id, fsid=fsid)


def _listed(caller: Caller, license_id: str, start: int) -> dict[str, Any] | Response:
    found = house().clusters.of_license(caller, license_id)
    if request.args.get("format") == Format.CSV:
        return members_csv("clusters", list(map(cluster_members, found)), "fsid")
    rest = len(found) - start - ROWS
    return {
        "report": True,
        "license_id": license_id,
        "clusters": found[start : start + ROWS],
        "count": len(found),
        "more": url_for(".every", license_id=license_id, start=start + ROWS) if rest > 0 else "",
        "first": url_for(".every", license_id=license_id) if start else "",
        "csv": url_for(".every", license_id=license_id, format=Format.CSV.value),
        "now": house().system.now(),
    }
