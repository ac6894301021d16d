"""`/console/licenses`: every license, and one with its clusters, its deeds, and what can be done to it."""

from __future__ import annotations

import json

from flask import Blueprint, Response, url_for

from licensing.core.callers import Caller, Permission
from licensing.web.api.licenses import ReasonSchema
from licensing.web.console.timeline import DEEDS
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house, page_of

blueprint = Blueprint("console_licenses", __name__, url_prefix="/console")


@blueprint.get("/licenses")
@page_for(Permission.LICENSES_READ)
def every(caller: Caller) -> Response:
    after, limit = page_of("after")
    found = house().licenses.page(caller, after, limit)
    more = url_for(".every", after=found[-1].license_id, limit=limit) if len(found) == limit else ""
    return page("console/licenses.html", caller=caller, licenses=found, now=house().system.now(), more=more)


@blueprint.get("/licenses/<id:license_id>")
@page_for(Permission.LICENSES_READ)
def show(caller: Caller, license_id: str, form: Form = NEW) -> Response:
    shown, now = house().licenses.show(caller, license_id), house().system.now()
    return page(
        "console/license.html", caller=caller, shown=shown, license=shown.standing, words=DEEDS, now=now, form=form
    )


@blueprint.get("/licenses/<id:license_id>/file")
@page_for(Permission.LICENSES_READ)
def file(caller: Caller, license_id: str) -> Response:
    text = json.dumps(house().licenses.file(caller, license_id), indent=2, ensure_ascii=False)
    response = Response(f"{text}\n", content_type="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="koor-license.json"'
    return response


@blueprint.post("/licenses/<id:license_id>/suspension")
@deed_for(Permission.LICENSES_WRITE, on=show)
def suspend(caller: Caller, license_id: str) -> str:
    house().licenses.suspend(caller, license_id, read_form(ReasonSchema())["reason"])
    return done(".show", "suspended", license_id=license_id)


@blueprint.post("/licenses/<id:license_id>/reinstatement")
@deed_for(Permission.LICENSES_WRITE, on=show)
def reinstate(caller: Caller, license_id: str) -> str:
    house().licenses.reinstate(caller, license_id, read_form(ReasonSchema())["reason"])
    return done(".show", "reinstated", license_id=license_id)


@blueprint.post("/licenses/<id:license_id>/revocation")
@deed_for(Permission.LICENSES_WRITE, on=show)
def revoke(caller: Caller, license_id: str) -> str:
    house().licenses.revoke(caller, license_id, read_form(ReasonSchema())["reason"])
    return done(".show", "revoked", license_id=license_id)


@blueprint.post("/licenses/<id:license_id>/reissue")
@deed_for(Permission.LICENSES_WRITE, on=show)
def reissue(caller: Caller, license_id: str) -> str:
    house().licenses.reissue(caller, license_id, read_form(ReasonSchema())["reason"])
    return done(".show", "reissued", license_id=license_id)
