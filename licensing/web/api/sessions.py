"""`/v1/sessions` and `/v1/session`: sign in, see who one is, do what is owed, sign out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, ValidationError
from marshmallow.fields import Field

from licensing.core.callers import Permission, Role
from licensing.core.passwords import LONGEST
from licensing.core.sessions import Owed
from licensing.services.sign_in import Opened
from licensing.web import fields
from licensing.web.access import require_own_origin
from licensing.web.api.presenting import answer, moment
from licensing.web.api.shapes import COUNT, MOMENT, PERCENT, TEXT, many, members, thing, word_of
from licensing.web.api.speaking import speaks
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

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "maxLength": LONGEST}


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


OPENED = thing("Opened", owes=many(word_of(Owed)), role=word_of(Role), expires_at=MOMENT)
WHO = thing(
    "SignedIn",
    id=TEXT,
    email=TEXT,
    name=TEXT,
    role=word_of(Role),
    permissions=many(word_of(Permission)),
    discount_limit=PERCENT,
    seat_limit=COUNT,
    owes=many(word_of(Owed)),
    expires_at=MOMENT,
)


@blueprint.post("/sessions")
@public
@speaks(OPENED, 201, body=SignInSchema, refuses=(401, 403, 429))
def sign_in() -> Response:
    """Opens a session; every failure is told in the same words."""
    if "Origin" in request.headers:
        require_own_origin()
    opened = house().sign_in.sign_in(**parse(SignInSchema()), address=request.remote_addr or "")
    return _present(opened, 201)


@blueprint.get("/session")
@for_any_session
@speaks(WHO)
def show(secret: str) -> Response:
    """Who is signed in."""
    signed_in = house().sign_in.who(secret)
    member, caller = signed_in.member, signed_in.caller
    document = {
        "id": caller.id,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "permissions": sorted(caller.permissions),
        "discount_limit": caller.discount_limit,
        "seat_limit": caller.seat_limit,
        "owes": list(signed_in.owes),
        "expires_at": moment(signed_in.session.expires_at),
    }
    return answer(document)


@blueprint.delete("/session")
@for_any_session
@speaks(None, 204)
def sign_out(secret: str) -> Response:
    """The session is over."""
    house().sign_in.sign_out(secret)
    response = Response(status=204)
    take_session(response)
    return response


@blueprint.post("/session/password")
@for_any_session
@speaks(OPENED, body=PasswordSchema, refuses=(429,))
def change_password(secret: str) -> Response:
    """Another password; all other sessions end."""
    data = parse(PasswordSchema())
    return _present(house().own_account.change_password(secret, data["old_password"], data["new_password"]))


@blueprint.post("/session/second-factor")
@for_any_session
@speaks(members(secret=TEXT, uri=TEXT), refuses=(409,))
def begin_second_factor(secret: str) -> Response:
    """A secret for an authenticator app (RFC 6238), told once."""
    enrolment = house().own_account.begin_second_factor(secret)
    return answer({"secret": enrolment.secret, "uri": enrolment.uri})


@blueprint.put("/session/second-factor")
@for_any_session
@speaks(OPENED, body=CodeSchema, refuses=(409, 429))
def confirm_second_factor(secret: str) -> Response:
    """The second factor is confirmed, or shown after single sign-on."""
    return _present(house().own_account.confirm_second_factor(secret, parse(CodeSchema())["code"]))


def _present(opened: Opened, status: int = 200) -> Response:
    document = {"owes": list(opened.owes), "role": opened.role, "expires_at": moment(opened.expires_at)}
    response = answer(document, status)
    give_session(response, opened.secret)
    return response
