"""`/licenses/<license_id>/activation`: for a cluster without a connection to us.

The cluster's request is compared with the license, and the license file is there to be carried over.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import ValidationError
from werkzeug.exceptions import RequestEntityTooLarge

from licensing.core.activations import ActivationRequest
from licensing.core.encoding import read_body_json
from licensing.core.errors import InvalidFields
from licensing.core.portal import MAX_REQUEST_BYTES, Visitor
from licensing.services.portal import PORTAL_PATH
from licensing.web.access import require_own_origin
from licensing.web.api.activations import RequestSchema
from licensing.web.forms import NEW, Form
from licensing.web.pages.rendering import page
from licensing.web.portal.access import page_for_visitors
from licensing.web.problems import STATUS
from licensing.web.qr_codes import text_in
from licensing.web.requests import flat, house

blueprint = Blueprint("portal_activation", __name__, url_prefix=PORTAL_PATH)

FIELD = "request"
MAX_FORM_BYTES = 4 * MAX_REQUEST_BYTES
"""A pasted request may be percent-encoded, three bytes for one."""
MAX_PHOTOGRAPH_BYTES = 12 * 1024 * 1024
MAX_SHOWN_AGAIN = 16 * 1024
NO_CODE = "There is no QR code on it that we can read. Go closer, and hold still."
TOO_LARGE = f"Must have at most {MAX_REQUEST_BYTES // 1024} KiB."


@blueprint.get("/<id:license_id>/activation")
@page_for_visitors
def show(known: Visitor, license_id: str) -> Response:
    held = house().portal_licenses.find(known, license_id)
    return page("portal/activation.html", held=held, form=NEW, activated=None)


@blueprint.post("/<id:license_id>/activation")
@page_for_visitors
def judge(known: Visitor, license_id: str) -> Any:
    require_own_origin()
    has_files = request.mimetype == "multipart/form-data"
    request.max_form_memory_size = MAX_FORM_BYTES
    request.max_content_length = MAX_FORM_BYTES + (MAX_PHOTOGRAPH_BYTES if has_files else 0)
    held = house().portal_licenses.find(known, license_id)
    try:
        asked = _read(_sent())
        activated = house().activations.by_visitor(known, license_id, asked)
    except InvalidFields as refusal:
        form = Form({FIELD: _pasted()}, {name: list(why) for name, why in refusal.errors.items()})
        return page("portal/activation.html", STATUS[type(refusal)], held=held, form=form, activated=None)
    except RequestEntityTooLarge:
        form = Form(problems={FIELD: [TOO_LARGE]})
        return page("portal/activation.html", 413, held=held, form=form, activated=None)
    return page("portal/activation.html", held=held, form=NEW, activated=activated)


def _sent() -> bytes:
    """What was uploaded, photographed, or else pasted. Raises InvalidFields for a photograph without a QR code."""
    upload, photograph = request.files.get("file"), request.files.get("photograph")
    if upload is not None and upload.filename:
        return upload.stream.read(MAX_REQUEST_BYTES + 1)
    if photograph is not None and photograph.filename:
        text = text_in(photograph.stream.read(MAX_PHOTOGRAPH_BYTES))
        if text is None:
            raise InvalidFields({"photograph": [NO_CODE]})
        return text.encode("utf-8", "surrogatepass")
    return request.form.get(FIELD, "").encode("utf-8", "surrogatepass")


def _read(sent: bytes) -> ActivationRequest:
    """The request in `sent`; raises InvalidFields."""
    if not sent.strip():
        raise InvalidFields({FIELD: ["Choose the request file, or paste what stands in it."]})
    if len(sent) > MAX_REQUEST_BYTES:
        raise InvalidFields({FIELD: [TOO_LARGE]})
    try:
        document = read_body_json(sent)
    except ValueError as error:
        raise InvalidFields({FIELD: ["Is not strict JSON."]}) from error
    if type(document) is not dict:
        raise InvalidFields({FIELD: ["Is not a JSON object."]})
    try:
        loaded: ActivationRequest = RequestSchema().load(document)
    except ValidationError as error:
        problems = [f"{name[:40]}: {' '.join(why)}" for name, why in flat(error.messages).items()]
        raise InvalidFields({FIELD: problems[:10]}) from error
    return loaded


def _pasted() -> str:
    """What was pasted, to be shown again, unless it is very much."""
    pasted = request.form.get(FIELD, "")
    return pasted if len(pasted) <= MAX_SHOWN_AGAIN else ""
