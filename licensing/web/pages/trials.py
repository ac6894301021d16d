"""`/trial/confirm`: the page that a mail's link opens. Opening it consumes nothing; its button does."""

from __future__ import annotations

import json
from base64 import b64encode

from flask import Blueprint, Response, request

from licensing.core.errors import Refusal
from licensing.core.mails import LICENSE_FILE_NAME
from licensing.services.idempotency import Rendered
from licensing.services.license_files import as_text
from licensing.services.trials import CONFIRM_PATH, Confirmed
from licensing.web.pages.rendering import page
from licensing.web.problems import STATUS
from licensing.web.requests import house

blueprint = Blueprint("pages_trials", __name__)


@blueprint.get(CONFIRM_PATH)
def ask() -> Response:
    return page("confirm.html", token=request.args.get("token", "")[:200])


@blueprint.post(CONFIRM_PATH)
def confirm() -> Response:
    token = request.form.get("token", "")[:200]
    try:
        rendered = house().trials.confirm_link(token, _render)
    except Refusal as refusal:
        if STATUS[type(refusal)] >= 500:
            raise
        return page("refused.html", STATUS[type(refusal)], detail=refusal.detail)
    license_file = json.loads(rendered.body)
    text = as_text(license_file)
    encoded = b64encode(text.encode("utf-8")).decode("ascii")
    return page(
        "confirmed.html", rendered.status, text=text, encoded=encoded, name=LICENSE_FILE_NAME, file=license_file
    )


def _render(confirmed: Confirmed) -> Rendered:
    return Rendered(201 if confirmed.is_new else 200, as_text(confirmed.license_file).encode("utf-8"))
