"""The session's cookie, and the views that ask for no permission: those for everybody, and those for any session."""

from __future__ import annotations

from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import request
from werkzeug.wrappers import Response

from licensing.core.sessions import LIFETIME
from licensing.web.access import SESSION_COOKIE, View, session_secret
from licensing.web.requests import house


def public(view: View) -> View:
    """A view that anybody may call."""
    view.is_public = True  # type: ignore[attr-defined]
    return view


def for_any_session(view: View) -> View:
    """A view for whoever is signed in, even while her session owes something; it gets the session's secret first."""

    @wraps(view)
    def called(**arguments: Any) -> Any:
        return view(session_secret(), **arguments)

    called.for_any_session = True  # type: ignore[attr-defined]
    return called


def give_session(response: Response, secret: str) -> None:
    """The browser keeps the session's secret: no script sees it, and no other site makes it go along with a POST.

    The session that it had before has ended, whosever it was.
    """
    if before := request.cookies.get(SESSION_COOKIE):
        house().sign_in.sign_out(before)
    response.set_cookie(
        SESSION_COOKIE,
        secret,
        max_age=LIFETIME,
        path="/",
        secure=is_https(),
        httponly=True,
        samesite="Lax",
    )


def take_session(response: Response) -> None:
    """The browser forgets the session's secret."""
    response.delete_cookie(SESSION_COOKIE, path="/", secure=is_https(), httponly=True, samesite="Lax")


def is_https() -> bool:
    """Whether browsers reach this server by TLS."""
    return urlsplit(house().settings.public_url).scheme == "https"
