"""`/sign-in` and `/account`: sign in, do what is owed, sign out. Passwords are never put back into a form."""

from __future__ import annotations

from functools import wraps
from typing import Any

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, ValidationError

from licensing.core.errors import InvalidFields, Refusal, SignInRequired, TooManyTries
from licensing.core.passwords import LONGEST, SHORTEST
from licensing.core.sessions import Owed
from licensing.services.own_account import Enrolment
from licensing.services.sign_in import Opened
from licensing.web.access import View, require_own_origin
from licensing.web.api.sessions import CodeSchema, PasswordSchema, SignInSchema
from licensing.web.pages.rendering import SEE_OTHER, page, with_origin
from licensing.web.problems import STATUS
from licensing.web.requests import house
from licensing.web.sessions import for_any_session, give_session, public, take_session

blueprint = Blueprint("pages_sign_in", __name__)

TO_DO = {
    Owed.PASSWORD: "Choose a password of your own first: the one you signed in with was for one use.",
    Owed.ENROLMENT: "Set up a second factor first: your role needs one.",
    Owed.SECOND_FACTOR: "Enter a code of your authenticator app first: your role needs it.",
}


def own_page(view: View) -> View:
    """A page for whoever is signed in; it gets the session's secret first. Whoever is not is sent to sign in."""
    checked = for_any_session(view)

    @wraps(checked)
    def called(**arguments: Any) -> ResponseReturnValue:
        try:
            return checked(**arguments)  # type: ignore[no-any-return]
        except SignInRequired:
            return redirect("/sign-in", SEE_OTHER)
        except Refusal as refusal:
            return _page("refused.html", _status(refusal), detail=refusal.detail)

    return called


@blueprint.get("/sign-in")
@public
def ask() -> ResponseReturnValue:
    return _sign_in_page()


@blueprint.post("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    try:
        require_own_origin()
        opened = house().sign_in.sign_in(**_form(SignInSchema()), address=request.remote_addr or "")
    except Refusal as refusal:
        return _sign_in_page(refusal)
    return _to_account(opened)


@blueprint.get("/account")
@own_page
def account(secret: str) -> ResponseReturnValue:
    return _account_page(secret)


@blueprint.post("/account/password")
@own_page
def change_password(secret: str) -> ResponseReturnValue:
    try:
        data = _form(PasswordSchema())
        opened = house().own_account.change_password(secret, data["old_password"], data["new_password"])
    except SignInRequired:
        raise
    except Refusal as refusal:
        return _account_page(secret, password_refusal=refusal)
    return _to_account(opened)


@blueprint.post("/account/second-factor")
@own_page
def second_factor(secret: str) -> ResponseReturnValue:
    try:
        if "code" not in request.form:
            return _account_page(secret, enrolment=house().own_account.begin_second_factor(secret))
        opened = house().own_account.confirm_second_factor(secret, _form(CodeSchema())["code"])
    except SignInRequired:
        raise
    except Refusal as refusal:
        return _account_page(secret, factor_refusal=refusal)
    return _to_account(opened)


@blueprint.post("/sign-out")
@own_page
def sign_out(secret: str) -> ResponseReturnValue:
    house().sign_in.sign_out(secret)
    response = redirect("/sign-in", SEE_OTHER)
    take_session(response)
    return response


def _to_account(opened: Opened) -> ResponseReturnValue:
    response = redirect("/account", SEE_OTHER)
    give_session(response, opened.secret)
    return response


def _sign_in_page(refusal: Refusal | None = None) -> ResponseReturnValue:
    return _page(
        "sign_in.html",
        _status(refusal),
        refusal,
        problem=_told(refusal),
        email=request.form.get("email", ""),
        has_sso=house().settings.oidc_issuer is not None,
    )


def _account_page(
    secret: str,
    *,
    password_refusal: Refusal | None = None,
    factor_refusal: Refusal | None = None,
    enrolment: Enrolment | None = None,
) -> ResponseReturnValue:
    signed_in, refusal = house().sign_in.who(secret), password_refusal or factor_refusal
    return _page(
        "account.html",
        _status(refusal),
        refusal,
        member=signed_in.member,
        session=signed_in.session,
        owes=signed_in.owes,
        to_do=[TO_DO[owed] for owed in signed_in.owes],
        password_problem=_told(password_refusal),
        factor_problem=_told(factor_refusal),
        enrolment=enrolment,
        shortest=SHORTEST,
        longest=LONGEST,
    )


def _page(template: str, status: int, refusal: Refusal | None = None, **values: object) -> ResponseReturnValue:
    response = with_origin(page(template, status, **values))
    if isinstance(refusal, TooManyTries):
        response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _status(refusal: Refusal | None) -> int:
    """The page's status; what is our own failure is raised again, and is no page."""
    if refusal is None:
        return 200
    status = STATUS[type(refusal)]
    if status >= 500:
        raise refusal
    return status


def _told(refusal: Refusal | None) -> list[str]:
    """What is wrong, a sentence a field."""
    if not isinstance(refusal, InvalidFields):
        return [] if refusal is None else [refusal.detail]
    return [f"{name.replace('_', ' ').capitalize()}: {each}" for name, why in refusal.errors.items() for each in why]


def _form(schema: Schema) -> Any:
    """The form's fields as `schema` loads them; empty ones were not filled in. Raises InvalidFields."""
    filled = {name: value for name, value in request.form.items() if name in schema.fields and value}
    try:
        return schema.load(filled)
    except ValidationError as error:
        raise InvalidFields(error.messages_dict) from error
