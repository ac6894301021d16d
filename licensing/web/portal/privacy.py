"""`/licenses/privacy`: what we know of whoever is signed in, as a file; and its erasure."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response, request

from licensing.core.portal import Visitor
from licensing.services.portal import PORTAL_PATH
from licensing.web.api.presenting import dumps, moment
from licensing.web.forms import NEW, Form
from licensing.web.pages.rendering import done, page
from licensing.web.portal.access import deed_for_visitors, page_for_visitors
from licensing.web.requests import house

blueprint = Blueprint("portal_privacy", __name__, url_prefix=f"{PORTAL_PATH}/privacy")

EXPORT_NAME = "koor-my-data.json"


@blueprint.get("")
@page_for_visitors
def show(known: Visitor, form: Form = NEW) -> Response:
    return page("portal/privacy.html", known=house().privacy.export(known), form=form)


@blueprint.get("/export")
@page_for_visitors
def export(known: Visitor) -> Response:
    response = Response(
        dumps({name: _plain(value) for name, value in house().privacy.download(known).items()}),
        content_type="application/json",
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{EXPORT_NAME}"'
    return response


@blueprint.post("/news")
@deed_for_visitors(on=show)
def set_news(known: Visitor) -> str:
    wanted = "wanted" in request.form
    house().privacy.set_news(known, wanted=wanted)
    return done(".show", "news-on" if wanted else "news-off")


@blueprint.post("/erasure")
@deed_for_visitors(on=show)
def erase(known: Visitor) -> str:
    house().privacy.erase(known)
    return done("portal_licenses.every", "erased-self")


def _plain(value: object) -> object:
    """The same with times as text."""
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return {name: _plain(each) for name, each in value.items()} if isinstance(value, dict) else value
