"""`/licenses` for whoever is not signed in yet: a link by mail, and the page it opens. Opening it consumes nothing."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, request
from marshmallow import Schema

from licensing.core.errors import InvalidFields, Refusal
from licensing.services.portal import ENTER_PATH, PORTAL_PATH
from licensing.web import fields
from licensing.web.access import require_own_origin
from licensing.web.forms import NEW, Form, read_form, refused_form
from licensing.web.pages.rendering import SEE_OTHER, done, page, with_origin
from licensing.web.portal.access import (
    give_portal_session,
    guarded,
    page_for_visitors,
    portal_secret,
    refused_page,
    take_portal_session,
)
from licensing.web.problems import STATUS
from licensing.web.requests import house
from licensing.web.sessions import public

blueprint = Blueprint("portal_sign_in", __name__)

MAX_TOKEN = 200


class AddressSchema(Schema):
    email = fields.Email(required=True)


@blueprint.post(PORTAL_PATH)
@public
def ask() -> Any:
    """The same bytes for everybody whose address could be one."""
    try:
        require_own_origin()
        house().portal.ask(read_form(AddressSchema())["email"], network=request.remote_addr or "")
    except InvalidFields as refusal:
        return sign_in_page(refused_form(refusal, STATUS[type(refusal)]))
    except Refusal as refusal:
        return refused_page(refusal, signed_in=False)
    return with_origin(page("portal/asked.html"))


@blueprint.get(ENTER_PATH)
@public
def show() -> Any:
    return with_origin(page("portal/enter.html", token=request.args.get("token", "")[:MAX_TOKEN]))


@blueprint.post(ENTER_PATH)
@public
def enter() -> Any:
    return guarded(_entered, signed_in=False)


@blueprint.post(f"{PORTAL_PATH}/sign-out")
@page_for_visitors
def sign_out(_: object) -> Any:
    require_own_origin()
    house().portal.sign_out(portal_secret())
    response = redirect(done("portal_licenses.every", "signed-out"), SEE_OTHER)
    take_portal_session(response)
    return response


def sign_in_page(form: Form = NEW) -> Any:
    """The page that asks for an address. A session that is over leaves the browser."""
    response = with_origin(page("portal/sign_in.html", form.status, form=form))
    if portal_secret() and form is NEW:
        take_portal_session(response)
    return response


def _entered() -> Any:
    require_own_origin()
    portal = house().portal
    opened = portal.enter(request.form.get("token", "")[:MAX_TOKEN])
    portal.sign_out(portal_secret())  # whoever was signed in here before is not any more
    response = redirect(PORTAL_PATH, SEE_OTHER)
    give_portal_session(response, opened.secret)
    return response
