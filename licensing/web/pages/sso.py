"""`/sign-in/sso`: to the identity provider, and back. The browser keeps the state: nobody finishes another's flow."""

from __future__ import annotations

from flask import Blueprint, redirect, request
from flask.typing import ResponseReturnValue

from licensing.core.errors import Refusal
from licensing.services.sso import CALLBACK_PATH, FLOW_LIFETIME
from licensing.web.access import own_origin
from licensing.web.pages.rendering import SEE_OTHER, page
from licensing.web.problems import STATUS
from licensing.web.requests import house
from licensing.web.sessions import give_session, public

blueprint = Blueprint("pages_sso", __name__)

BEGIN_PATH = "/sign-in/sso"
STATE_COOKIE = "koor_sign_in"


@blueprint.get(BEGIN_PATH)
@public
def begin() -> ResponseReturnValue:
    try:
        begun = house().sso.begin()
    except Refusal as refusal:
        return _refused(refusal)
    response = redirect(begun.url, SEE_OTHER)
    # Lax: the provider's page sends the browser back, and the cookie must come along.
    response.set_cookie(
        STATE_COOKIE,
        begun.state,
        max_age=FLOW_LIFETIME,
        path=BEGIN_PATH,
        secure=own_origin().startswith("https:"),
        httponly=True,
        samesite="Lax",
    )
    return response


@blueprint.get(CALLBACK_PATH)
@public
def finish() -> ResponseReturnValue:
    state, code = request.args.get("state", ""), request.args.get("code", "")
    try:
        secret = house().sso.finish(state, request.cookies.get(STATE_COOKIE, ""), code)
    except Refusal as refusal:
        return _refused(refusal)
    response = redirect("/account", SEE_OTHER)
    give_session(response, secret)
    response.delete_cookie(STATE_COOKIE, path=BEGIN_PATH)
    return response


def _refused(refusal: Refusal) -> ResponseReturnValue:
    """A plain sentence; what is our own failure is raised again, and is no page."""
    status = STATUS[type(refusal)]
    if status >= 500:
        raise refusal
    return page("refused.html", status, detail=refusal.detail)
