"""`/v1/trials`: register and confirm."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError, post_load, validates_schema

from licensing.core.encoding import canonical_json
from licensing.core.licenses import Edition
from licensing.services.idempotency import Once, Rendered
from licensing.services.registrations import Applicant
from licensing.services.trials import Confirmed
from licensing.web import fields
from licensing.web.access import idempotency_key
from licensing.web.api.presenting import answer, dumps, moment
from licensing.web.api.shapes import COUNT, ID, LICENSE_FILE, MOMENT, TEXT, maybe, members, thing, word_of
from licensing.web.api.speaking import speaks
from licensing.web.requests import house, parse

blueprint = Blueprint("api_trials", __name__, url_prefix="/v1/trials")

MAX_EXPECTED_NODES = 1_000_000


class RegistrationSchema(Schema):
    email = fields.Email(required=True)
    name = fields.Text(200, required=True)
    organization = fields.Text(200, required=True)
    country = fields.Country(required=True)
    expected_nodes = fields.WholeNumber(1, MAX_EXPECTED_NODES, required=True)
    accept_terms = fields.Truth(required=True)
    news = fields.Truth(load_default=False)

    @validates_schema
    def _accepted(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("accept_terms") is False:
            raise ValidationError("The terms must be accepted.", "accept_terms")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Applicant:
        data.pop("accept_terms")
        return Applicant(**data)


class ConfirmationSchema(Schema):
    token = fields.Text(200)
    email = fields.Email()
    code = fields.Text(20)

    @validates_schema
    def _one_way(self, data: dict[str, Any], **_: Any) -> None:
        if data.keys() not in ({"token"}, {"email", "code"}):
            raise ValidationError("Send either `token`, or `email` and `code`.", "token")


TRIAL = thing(
    "Trial",
    license_id=ID,
    edition=word_of(Edition),
    tier=TEXT,
    seats=COUNT,
    issued_at=MOMENT,
    expires_at=maybe(MOMENT),
    license_file=LICENSE_FILE,
)


@blueprint.post("")
@speaks(members(status=TEXT, message=TEXT), 202, body=RegistrationSchema, refuses=(429,))
def register() -> Response:
    """Registers for a trial: a mail goes out, the same answer for everybody."""
    house().registrations.register(parse(RegistrationSchema()), network=request.remote_addr or "")
    return answer({"status": "mail_sent", "message": "If the address is right, a mail is on its way to it."}, 202)


@blueprint.post("/confirm")
@speaks(TRIAL, 201, 200, body=ConfirmationSchema, refuses=(409, 410))
def confirm() -> Response:
    """The link's token, or e-mail and code; the license file (200 where there is one already)."""
    data = parse(ConfirmationSchema())
    trials = house().trials
    if "token" in data:
        rendered = trials.confirm_link(data["token"], _render, _wish(data))
    else:
        rendered = trials.confirm_code(data["email"], data["code"], _render, _wish(data))
    return Response(rendered.body, rendered.status, content_type="application/json")


def _render(confirmed: Confirmed) -> Rendered:
    standing = confirmed.standing
    document = {
        "license_id": standing.license_id,
        "edition": standing.edition,
        "tier": standing.tier,
        "seats": standing.seats,
        "issued_at": moment(standing.created_at),
        "expires_at": moment(standing.ends_at),
        "license_file": confirmed.license_file,
    }
    return Rendered(201 if confirmed.is_new else 200, dumps(document))


def _wish(data: dict[str, str]) -> Once | None:
    """The caller's Idempotency-Key, if there is one; its scope is whoever knows the secret of the mail."""
    key = idempotency_key()
    if key is None:
        return None
    request_hash = hashlib.sha256(canonical_json(data)).hexdigest()
    return Once(request_hash, key, request_hash)
