"""How pages leave: one policy that lets nothing in from elsewhere, one way to see a page, one to do a deed on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, wraps
from inspect import signature
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, make_response, redirect, render_template, request, url_for

from licensing.core import money
from licensing.core.callers import Caller, Permission
from licensing.core.errors import InvalidFields, Refusal, SignInIncomplete, SignInRequired
from licensing.services.idempotency import Once, Rendered
from licensing.web.access import View, person, require_own_origin
from licensing.web.forms import NEW, ONCE, Form, refused_form
from licensing.web.problems import PROBLEM, STATUS, told_when
from licensing.web.requests import house
from licensing.web.texts import DONE

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
SEE_OTHER = 303
API_PATHS = ("/v1/", "/.well-known/", "/ledger/")
MAX_ONCE = 64
FOREVER_SECONDS = 365 * 86_400


def page(template: str, status: int = 200, **values: object) -> Response:
    """The rendered page."""
    return secured(make_response(render_template(template, **values), status))


def secured(response: Response) -> Response:
    """Nothing that stands in the page runs, and nothing comes from elsewhere."""
    response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return response


def with_origin(response: Response) -> Response:
    """The page's forms say where they come from.

    With `no-referrer`, browsers send `Origin: null` with a form (Fetch §3.1), and we would take it for a stranger's.
    """
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def page_for(permission: Permission, who: Callable[[Permission], Caller] = person) -> Callable[[View], View]:
    """A page for staff with `permission`; it gets the caller first. Whoever is nobody yet is sent to sign in."""

    def decorate(view: View) -> View:
        @wraps(view)
        def called(**arguments: Any) -> Any:
            return _guarded(lambda: view(who(permission), **arguments))

        called.permission = permission  # type: ignore[attr-defined]
        return called

    return decorate


def deed_for(permission: Permission, on: View) -> Callable[[View], View]:
    """A form's deed, done once however often it is sent; it gets the caller first and returns where to go then
    (`done`), or what to show once (`shown_once`).

    A refusal shows the page `on` again (a view of `page_for`, with those of the arguments that it takes), with its
    `form` as it was typed.
    """

    taken = signature(on).parameters

    def decorate(view: View) -> View:
        @wraps(view)
        def called(**arguments: Any) -> Any:
            shown = {name: value for name, value in arguments.items() if name in taken}

            def act() -> Any:
                caller = person(permission)
                return done_once(
                    caller.id,
                    lambda: view(caller, **arguments),
                    lambda form: on.__wrapped__(caller, **shown, form=form),  # type: ignore[attr-defined]
                )

            return _guarded(act)

        called.permission = permission  # type: ignore[attr-defined]
        called.is_page_deed = True  # type: ignore[attr-defined]
        return called

    return decorate


def done_once(scope: str, act: Callable[[], str | Rendered], show: Callable[[Form], Any]) -> Any:
    """The answer of the form's deed `act`, done once in the scope of who sends it; a refusal shows the page again."""
    try:
        done = house().idempotency.once(_wish(scope), lambda: _to(act()))
    except (SignInRequired, SignInIncomplete):
        raise
    except Refusal as refusal:
        return shown_again(refusal, show)
    return _answered(done)


def shown_again(refusal: Refusal, show: Callable[[Form], Any]) -> Any:
    """The page with the refused form in it; what is our own failure is raised again."""
    status = STATUS[type(refusal)]
    if status >= 500:
        raise refusal
    response = make_response(show(refused_form(refusal, status)))
    if response.status_code == 200:
        response.status_code = status
    return told_when(response, refusal)


def done(endpoint: str, word: str, **arguments: Any) -> str:
    """The address of a page that says `word` (web.texts.DONE)."""
    return url_for(endpoint, **arguments, done=word)


def shown_once(template: str, secret: str, **values: object) -> Rendered:
    """A page with a secret; whoever sends the form again gets it without."""
    shown = render_template(template, secret=secret, **values)
    return Rendered(200, shown.encode("utf-8"), render_template(template, secret=None, **values).encode("utf-8"))


def refused_page(refusal: Refusal) -> Response:
    """A page that says why; what is our own failure is raised again."""
    status = STATUS[type(refusal)]
    if status >= 500:
        raise refusal
    return told_when(page("refused.html", status, detail=refusal.detail), refusal)


def register(app: Flask) -> None:
    """Gives templates what they all need."""
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(utc=_utc, day=_day, money=money.spelled, number="{:,}".format)
    app.jinja_env.globals.update(asset=_asset, new_once=_new_once, NEW=NEW, DONE=DONE)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = FOREVER_SECONDS
    app.after_request(_told_to_people)


def _told_to_people(response: Response) -> Response:
    """A problem, as a page where somebody looks at it in a browser; under the API's paths it stays what it is."""
    if response.status_code < 400 or response.mimetype != PROBLEM:
        return response
    if "text/html" not in request.headers.get("Accept", "") or request.path.startswith(API_PATHS):
        return response
    shown = page("refused.html", response.status_code, detail=response.get_json()["detail"])
    response.set_data(shown.get_data())
    response.content_type = shown.content_type
    return secured(response)


def _guarded(act: Callable[[], Any]) -> Any:
    try:
        return with_origin(make_response(act()))
    except SignInRequired:
        return redirect("/sign-in", SEE_OTHER)
    except SignInIncomplete:
        return redirect("/account", SEE_OTHER)
    except Refusal as refusal:
        return refused_page(refusal)


def _wish(scope: str) -> Once:
    """The form's wish to be done once. Raises InvalidFields for a form without one, or from another page."""
    require_own_origin()
    once = request.form.get(ONCE, "")
    if not (0 < len(once) <= MAX_ONCE and once.isalnum() and once.isascii()):
        raise InvalidFields({"": ["The form is not whole. Open the page anew."]})
    fields = "\n".join(f"{name}={value}" for name, value in sorted(request.form.items(multi=True)))
    return Once(scope, f"form:{once}", hashlib.sha256(f"{request.path}\n{fields}".encode()).hexdigest())


def _to(result: str | Rendered) -> Rendered:
    return result if isinstance(result, Rendered) else Rendered(SEE_OTHER, result.encode("utf-8"))


def _answered(rendered: Rendered) -> Any:
    if rendered.status == SEE_OTHER:
        return redirect(rendered.body.decode("utf-8"), SEE_OTHER)
    return secured(make_response(rendered.body, rendered.status))


def _new_once() -> str:
    return house().system.new_id()


@cache
def _version(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _asset(name: str) -> str:
    """The address of a file of ours; another content has another one, so it may be kept for ever."""
    return url_for("static", filename=name, v=_version(Path(str(current_app.static_folder)) / name))


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _day(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%-d %b %Y")
