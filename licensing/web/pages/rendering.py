"""How pages leave: one template, one policy that lets nothing in from elsewhere and runs no script."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, make_response, redirect, render_template

from licensing.core.callers import Permission
from licensing.core.errors import Refusal, SignInIncomplete, SignInRequired
from licensing.web.access import View, allowed
from licensing.web.problems import STATUS

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SEE_OTHER = 303


def page(template: str, status: int = 200, **values: object) -> Response:
    """The rendered page."""
    response = make_response(render_template(template, **values), status)
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


def page_for(permission: Permission) -> Callable[[View], View]:
    """A page for staff with `permission`; it gets the caller first. Whoever is nobody yet is sent to sign in."""

    def decorate(view: View) -> View:
        @wraps(view)
        def called(**arguments: Any) -> Any:
            try:
                return view(allowed(permission), **arguments)
            except SignInRequired:
                return redirect("/sign-in", SEE_OTHER)
            except SignInIncomplete:
                return redirect("/account", SEE_OTHER)
            except Refusal as refusal:
                if STATUS[type(refusal)] >= 500:
                    raise
                return page("refused.html", STATUS[type(refusal)], detail=refusal.detail)

        called.permission = permission  # type: ignore[attr-defined]
        return called

    return decorate
