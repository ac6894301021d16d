"""`/licenses`: a customer's licenses, and one license with its clusters, its history and what can be done with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request, url_for
from marshmallow import Schema

from licensing.core.errors import SignInRequired
from licensing.core.licenses import MAX_SEATS
from licensing.core.mails import LICENSE_FILE_NAME
from licensing.core.portal import MIN_QUOTED_SEATS, Visitor
from licensing.services.license_files import as_text
from licensing.services.organizations import Person
from licensing.services.portal import PORTAL_PATH
from licensing.web import fields
from licensing.web.console.timeline import DEEDS
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import done, page
from licensing.web.portal.access import deed_for_visitors, guarded, page_for_visitors, visitor
from licensing.web.portal.sign_in import sign_in_page
from licensing.web.requests import house, query_id
from licensing.web.sessions import public

blueprint = Blueprint("portal_licenses", __name__, url_prefix=PORTAL_PATH)

LICENSES, CLUSTERS = 50, 50
NODES = 500
"""So many of a cluster's nodes are named."""
MAX_NOTE = 500
MAX_START_DIGITS = 6


class Note(fields.Text):
    """What somebody wrote in a few lines, as one."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        return super()._deserialize(" ".join(value.split()), attr, data, **options)


class QuoteRequestSchema(Schema):
    seats = fields.WholeNumber(MIN_QUOTED_SEATS, MAX_SEATS, required=True)
    note = Note(MAX_NOTE, load_default="")


class ColleagueSchema(Schema):
    name = fields.Text(200, required=True)
    email = fields.Email(required=True)


@blueprint.get("")
@public
def every() -> Any:
    """Her licenses, or, for whoever is not signed in, the way in."""
    try:
        known = visitor()
    except SignInRequired:
        return sign_in_page()
    return guarded(lambda: _every(known))


@blueprint.get("/<id:license_id>")
@page_for_visitors
def show(known: Visitor, license_id: str, form: Form = NEW) -> Response:
    start = _start()
    shown = house().portal_licenses.show(known, license_id, start, CLUSTERS)
    more = url_for(".show", license_id=license_id, start=start + CLUSTERS) if len(shown.clusters) == CLUSTERS else ""
    return page("portal/license.html", shown=shown, held=shown.held, words=DEEDS, more=more, start=start, form=form)


@blueprint.get("/<id:license_id>/file")
@page_for_visitors
def download(known: Visitor, license_id: str) -> Response:
    text = as_text(house().portal_licenses.file(known, license_id))
    response = Response(text, content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{LICENSE_FILE_NAME}"'
    return response


@blueprint.get("/<id:license_id>/clusters/<fsid:fsid>")
@page_for_visitors
def cluster(known: Visitor, license_id: str, fsid: str) -> Response:
    found = house().portal_licenses.cluster(known, license_id, fsid)
    return page("portal/cluster.html", license_id=license_id, fsid=fsid, found=found, most_nodes=NODES)


@blueprint.post("/<id:license_id>/clusters/<fsid:fsid>/release")
@deed_for_visitors(on=show)
def release(known: Visitor, license_id: str, fsid: str) -> str:
    house().portal_deeds.release(known, license_id, fsid)
    return done(".show", "cluster-released", license_id=license_id)


@blueprint.post("/<id:license_id>/quote-requests")
@deed_for_visitors(on=show)
def ask_for_quote(known: Visitor, license_id: str) -> str:
    data = read_form(QuoteRequestSchema())
    house().portal_deeds.ask_for_quote(known, license_id, data["seats"], data["note"])
    return done(".show", "asked", license_id=license_id)


@blueprint.post("/<id:license_id>/invitations")
@deed_for_visitors(on=show)
def invite(known: Visitor, license_id: str) -> str:
    house().portal_deeds.invite(known, license_id, Person(**read_form(ColleagueSchema())))
    return done(".show", "invited", license_id=license_id)


def _every(known: Visitor) -> Response:
    after = query_id("after") or ""
    found = house().portal_licenses.page(known, after, LICENSES)
    more = url_for(".every", after=found[-1].standing.license_id) if len(found) == LICENSES else ""
    return page("portal/licenses.html", licenses=found, after=after, more=more)


def _start() -> int:
    """Where the list of clusters goes on."""
    text = request.args.get("start", "")
    return int(text) if fields.is_digits(text) and len(text) <= MAX_START_DIGITS else 0
