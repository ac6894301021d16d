"""Who may call: every view of the staff's API names its permission, and every deed its Idempotency-Key.

A machine comes with `Authorization: Bearer kla_…`, a person with her session's cookie. A cookie is sent by the browser
whoever asks it to, so requests that change something must come from a page of ours (docs/adr/0010).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from flask import Response, request

from licensing.core.callers import Caller, Permission
from licensing.core.errors import ForeignOrigin, IdempotencyKeyRequired, InvalidFields, SignInRequired
from licensing.services.api_keys import PREFIX
from licensing.services.idempotency import Once
from licensing.web.requests import house

SESSION_COOKIE = "koor_session"
IDEMPOTENCY_KEY = "Idempotency-Key"
MAX_IDEMPOTENCY_KEY = 255
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

View = Callable[..., Any]


def reading(permission: Permission) -> Callable[[View], View]:
    """A view for callers with `permission`; it gets the caller first."""

    def decorate(view: View) -> View:
        @wraps(view)
        def called(**arguments: Any) -> Any:
            return view(allowed(permission), **arguments)

        called.permission = permission  # type: ignore[attr-defined]
        return called

    return decorate


def deed(permission: Permission) -> Callable[[View], View]:
    """A view that changes something, once an Idempotency-Key. It returns what is rendered, not a response."""

    def decorate(view: View) -> View:
        @wraps(view)
        def called(**arguments: Any) -> Response:
            caller = allowed(permission)
            rendered = house().idempotency.once(wish_of(caller.id), lambda: view(caller, **arguments))
            return Response(rendered.body, rendered.status, content_type="application/json")

        called.permission = permission  # type: ignore[attr-defined]
        called.is_deed = True  # type: ignore[attr-defined]
        return called

    return decorate


def allowed(permission: Permission) -> Caller:
    """The caller, if it may; raises SignInRequired, SignInIncomplete, ForeignOrigin, Forbidden."""
    caller = current_caller()
    caller.require(permission)
    return caller


def person(permission: Permission) -> Caller:
    """The same, of persons alone: pages are not for machines."""
    caller = house().sign_in.caller(session_secret())
    caller.require(permission)
    return caller


def current_caller() -> Caller:
    """Who asks: the machine whose key comes along, or the person whose session does."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.startswith(PREFIX):
        return house().api_keys.caller(token)
    return house().sign_in.caller(session_secret())


def session_secret() -> str:
    """The secret of the session's cookie; raises SignInRequired, and ForeignOrigin for a foreign page's request."""
    secret = request.cookies.get(SESSION_COOKIE, "")
    if not secret:
        raise SignInRequired("Sign in, or send an API key: Authorization: Bearer kla_….")
    require_own_origin()
    return secret


def require_own_origin() -> None:
    """Raises ForeignOrigin unless a request that changes something says that it comes from this server's pages."""
    if request.method not in SAFE_METHODS and request.headers.get("Origin") != own_origin():
        raise ForeignOrigin(f"Such a request must come from a page of {own_origin()} (Origin header).")


def own_origin() -> str:
    """This server's origin (RFC 6454 §6.1), as browsers send it."""
    parts = urlsplit(house().settings.public_url)
    return f"{parts.scheme}://{parts.netloc}"


def wish_of(scope: str) -> Once:
    """The request's wish to be done once: the key in the scope of its caller. Raises IdempotencyKeyRequired."""
    key = idempotency_key()
    if key is None:
        raise IdempotencyKeyRequired(f"Send an {IDEMPOTENCY_KEY}: any text that is new for each deed.")
    body = hashlib.sha256(f"{request.method} {request.full_path}\n".encode() + request.get_data(cache=True))
    return Once(scope, key, body.hexdigest())


def idempotency_key() -> str | None:
    """The request's Idempotency-Key, if there is one; raises InvalidFields for one of another form."""
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is not None and not (0 < len(key) <= MAX_IDEMPOTENCY_KEY and key.isprintable() and key.isascii()):
        raise InvalidFields({IDEMPOTENCY_KEY: [f"Must have 1 to {MAX_IDEMPOTENCY_KEY} printable characters."]})
    return key
