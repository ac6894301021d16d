"""`/licenses/<license_id>/start`: what gets a person running: the license file, and the commands that install it."""

from __future__ import annotations

from flask import Blueprint, Response

from licensing.core.mails import LICENSE_FILE_NAME
from licensing.core.portal import Visitor
from licensing.services.license_files import as_text
from licensing.services.portal import PORTAL_PATH
from licensing.web.pages.rendering import page
from licensing.web.portal.access import page_for_visitors
from licensing.web.qr_codes import picture_of
from licensing.web.requests import house

blueprint = Blueprint("portal_start", __name__, url_prefix=PORTAL_PATH)


@blueprint.get("/<id:license_id>/start")
@page_for_visitors
def show(known: Visitor, license_id: str) -> Response:
    file = house().portal_licenses.file(known, license_id)
    return page(
        "portal/start.html",
        held=house().portal_licenses.find(known, license_id),
        name=LICENSE_FILE_NAME,
        text=as_text(file),
        picture=picture_of(str(file["license"])),
        settings=house().settings,
    )
