"""`/trial`: register, look into your mail, confirm. Opening a mail's link consumes nothing; its button does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request, url_for
from marshmallow import Schema, ValidationError

from licensing.core.encoding import b64url, unb64url
from licensing.core.errors import ForeignOrigin, Refusal
from licensing.core.trials import Source
from licensing.services.registrations import CONFIRM_PATH, TRIAL_PATH
from licensing.services.trials import Welcome
from licensing.web import fields
from licensing.web.access import require_own_origin
from licensing.web.api.trials import RegistrationSchema
from licensing.web.countries import COUNTRIES
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import SEE_OTHER, done, page, refused_page, shown_again, with_origin
from licensing.web.portal.access import give_portal_session
from licensing.web.requests import house
from licensing.web.sessions import is_https, public

blueprint = Blueprint("pages_trials", __name__)

MAILBOX_COOKIE = "koor_trial"
MAILBOX_KEPT = timedelta(hours=1)
MAX_TOKEN = 200


class CodeSchema(Schema):
    code = fields.Text(20, required=True)


@blueprint.get(TRIAL_PATH)
@public
def form() -> Any:
    return _form()


@blueprint.post(TRIAL_PATH)
@public
def register() -> Any:
    return public_form(_registered, _form)


@blueprint.get(f"{TRIAL_PATH}/sent")
@public
def sent() -> Any:
    return _sent()


@blueprint.post(f"{TRIAL_PATH}/again")
@public
def again() -> Any:
    return public_form(_again, _sent)


@blueprint.post(f"{TRIAL_PATH}/code")
@public
def confirm_code() -> Any:
    return public_form(_entered_by_code, _sent)


@blueprint.get(CONFIRM_PATH)
@public
def ask() -> Any:
    return with_origin(page("trial/confirm.html", token=request.args.get("token", "")[:MAX_TOKEN]))


@blueprint.post(CONFIRM_PATH)
@public
def confirm() -> Any:
    try:
        require_own_origin()
        return _welcome(house().trials.enter_by_link(request.form.get("token", "")[:MAX_TOKEN]))
    except Refusal as refusal:
        return with_origin(refused_page(refusal))


def public_form(act: Callable[[], Any], show: Callable[[Form], Any]) -> Any:
    """What a form for everybody does; a refusal shows its page again, as it was typed.

    A form that another page sent is neither worked on nor shown.
    """
    try:
        require_own_origin()
        return act()
    except ForeignOrigin as refusal:
        return with_origin(refused_page(refusal))
    except Refusal as refusal:
        return with_origin(make_response(shown_again(refusal, show)))


def mail_is_out(email: str) -> Response:
    """The way to the page that says so; the browser keeps for an hour whom the mail went to."""
    response = make_response(redirect(url_for("pages_trials.sent"), SEE_OTHER))
    response.set_cookie(
        MAILBOX_COOKIE,
        b64url(email.encode("utf-8")),
        max_age=MAILBOX_KEPT,
        path=TRIAL_PATH,
        secure=is_https(),
        httponly=True,
        samesite="Lax",
    )
    return response


def _form(form: Form = NEW) -> Any:
    return with_origin(page("trial/form.html", form=form, countries=COUNTRIES, settings=house().settings))


def _registered() -> Response:
    applicant = read_form(RegistrationSchema())
    house().registrations.register(applicant, network=request.remote_addr or "")
    return mail_is_out(applicant.email)


def _sent(form: Form = NEW) -> Any:
    """The page that says that a mail is out; for whoever has not registered here, the way to the form."""
    mailbox = _mailbox()
    if not mailbox:
        return redirect(TRIAL_PATH, SEE_OTHER)
    return with_origin(page("trial/sent.html", form=form, mailbox=mailbox))


def _again() -> Any:
    if mailbox := _mailbox():
        house().registrations.again(mailbox)
    return redirect(done(".sent", "mail-again"), SEE_OTHER)


def _entered_by_code() -> Any:
    code, mailbox = read_form(CodeSchema())["code"], _mailbox()
    return _welcome(house().trials.enter_by_code(mailbox, code)) if mailbox else redirect(TRIAL_PATH, SEE_OTHER)


def _welcome(welcome: Welcome) -> Response:
    """The way to the license, signed in to the portal."""
    said = "device-licensed" if welcome.source is Source.DEVICE_CODE else None
    response = make_response(
        redirect(url_for("portal_start.show", license_id=welcome.license_id, done=said), SEE_OTHER)
    )
    give_portal_session(response, welcome.session_secret)
    return response


def _mailbox() -> str:
    """Whom the mail went to, as this browser remembers; empty when it does not."""
    try:
        return str(fields.Email().deserialize(unb64url(request.cookies.get(MAILBOX_COOKIE, "")).decode("utf-8")))
    except (ValueError, ValidationError):
        return ""
