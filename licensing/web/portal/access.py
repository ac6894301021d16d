"""Who may see the portal's pages: a visitor, whose session's cookie goes along under `/licenses` alone.

What she may see and do there is decided in the services: these decorators only say who she is.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

from flask import Response, make_response, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from licensing.core.errors import Refusal, SignInRequired
from licensing.core.portal import SESSION_LIFE, Visitor
from licensing.services.portal import PORTAL_PATH
from licensing.web.access import View
from licensing.web.pages.rendering import SEE_OTHER, done_once, page, with_origin
from licensing.web.problems import STATUS, told_when
from licensing.web.requests import house
from licensing.web.sessions import is_https

PORTAL_COOKIE = "koor_portal"


def page_for_visitors(view: View) -> View:
    """A page for whoever is signed in; it gets the visitor first. Whoever is not is sent to sign in."""

    @wraps(view)
    def called(**arguments: Any) -> Any:
        return guarded(lambda: view(visitor(), **arguments))

    called.for_visitors = True  # type: ignore[attr-defined]
    return called


def deed_for_visitors(on: View) -> Callable[[View], View]:
    """A form's deed, done once however often it is sent; it gets the visitor first and returns where to go then.

    A refusal shows the page `on` again, with its `form` as it was typed.
    """
    taken = signature(on).parameters

    def decorate(view: View) -> View:
        @wraps(view)
        def called(**arguments: Any) -> Any:
            shown = {name: value for name, value in arguments.items() if name in taken}

            def act() -> Any:
                known = visitor()
                return done_once(
                    known.id,
                    lambda: view(known, **arguments),
                    lambda form: on.__wrapped__(known, **shown, form=form),  # type: ignore[attr-defined]
                )

            return guarded(act)

        called.for_visitors = True  # type: ignore[attr-defined]
        return called

    return decorate


def visitor() -> Visitor:
    """Who asks; raises SignInRequired."""
    return house().portal.visitor(portal_secret())


def portal_secret() -> str:
    """The secret of the portal's cookie, or nothing."""
    return request.cookies.get(PORTAL_COOKIE, "")


def guarded(act: Callable[[], Any], *, signed_in: bool = True) -> Any:
    """What `act` answers; a refusal is a page that says why, and nobody is sent to sign in."""
    try:
        return with_origin(make_response(act()))
    except SignInRequired:
        return redirect(PORTAL_PATH, SEE_OTHER)
    except Refusal as refusal:
        return refused_page(refusal, signed_in=signed_in)


def refused_page(refusal: Refusal, *, signed_in: bool) -> Response:
    """A page that says why; what is our own failure is raised again."""
    status = STATUS[type(refusal)]
    if status >= 500:
        raise refusal
    return told_when(
        with_origin(page("portal/refused.html", status, detail=refusal.detail, signed_in=signed_in)), refusal
    )


def give_portal_session(response: AnyResponse, secret: str) -> None:
    """The browser keeps the session's secret: no script sees it, and no other site makes it go along with a POST."""
    response.set_cookie(
        PORTAL_COOKIE,
        secret,
        max_age=SESSION_LIFE,
        path=PORTAL_PATH,
        secure=is_https(),
        httponly=True,
        samesite="Lax",
    )


def take_portal_session(response: AnyResponse) -> None:
    """The browser forgets the session's secret."""
    response.delete_cookie(PORTAL_COOKIE, path=PORTAL_PATH, secure=is_https(), httponly=True, samesite="Lax")
