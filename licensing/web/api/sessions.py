"""`/v1/sessions` and `/v1/session`: sign in, see who one is, do what is owed, sign out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError
from marshmallow.fields import Field

from licensing.core.passwords import LONGEST
from licensing.services.sign_in import Opened
from licensing.web import fields
from licensing.web.access import require_own_origin
from licensing.web.api.presenting import answer, moment
from licensing.web.requests import house, parse
from licensing.web.sessions import for_any_session, give_session, public, take_session

blueprint = Blueprint("api_sessions", __name__, url_prefix="/v1")

MAX_EMAIL = 320
MAX_CODE = 20
"""Room for spaces between the digits."""


class Password(Field[str]):
    """1 to 256 characters, whichever: blanks at its ends are part of a password."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> str:
        if type(value) is not str or not 1 <= len(value) <= LONGEST:
            raise ValidationError(f"Must be text of 1 to {LONGEST} characters.")
        return value


class SignInSchema(Schema):
    """`email` is any text: an address that can't be one is as unknown as any other."""

    email = fields.Text(MAX_EMAIL, required=True)
    password = Password(required=True)
    code = fields.Text(MAX_CODE, load_default=None)


class PasswordSchema(Schema):
    old_password = Password(required=True)
    new_password = Password(required=True)


class CodeSchema(Schema):
    code = fields.Text(MAX_CODE, required=True)


@blueprint.post("/sessions")
@public
def sign_in() -> Response:
    if "Origin" in request.headers:
        require_own_origin()
    opened = house().sign_in.sign_in(**parse(SignInSchema()), address=request.remote_addr or "")
    return _present(opened, 201)


@blueprint.get("/session")
@for_any_session
def show(secret: str) -> Response:
    signed_in = house().sign_in.who(secret)
    member, caller = signed_in.member, signed_in.caller
    document = {
        "id": caller.id,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "permissions": sorted(caller.permissions),
        "discount_limit": caller.discount_limit,
        "owes": list(signed_in.owes),
        "expires_at": moment(signed_in.session.expires_at),
    }
    return answer(document)


@blueprint.delete("/session")
@for_any_session
def sign_out(secret: str) -> Response:
    house().sign_in.sign_out(secret)
    response = Response(status=204)
    take_session(response)
    return response


@blueprint.post("/session/password")
@for_any_session
def change_password(secret: str) -> Response:
    data = parse(PasswordSchema())
    return _present(house().own_account.change_password(secret, data["old_password"], data["new_password"]))


@blueprint.post("/session/second-factor")
@for_any_session
def begin_second_factor(secret: str) -> Response:
    enrolment = house().own_account.begin_second_factor(secret)
    return answer({"secret": enrolment.secret, "uri": enrolment.uri})


@blueprint.put("/session/second-factor")
@for_any_session
def confirm_second_factor(secret: str) -> Response:
    return _present(house().own_account.confirm_second_factor(secret, parse(CodeSchema())["code"]))


def _present(opened: Opened, status: int = 200) -> Response:
    document = {"owes": list(opened.owes), "role": opened.role, "expires_at": moment(opened.expires_at)}
    response = answer(document, status)
    give_session(response, opened.secret)
    return response
