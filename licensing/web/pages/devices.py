"""`/device`: a person types the code that a DCC shows, sees whose cluster it is, and registers its trial (RFC 8628).

The code is never part of a link: who sends one can't have it typed by somebody else (RFC 8628 §5.4).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, request
from marshmallow import Schema

from licensing.core.errors import CodeRefused, TooManyTries
from licensing.web import fields
from licensing.web.api.devices import DEVICE_PATH
from licensing.web.api.trials import RegistrationSchema
from licensing.web.countries import COUNTRIES
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import page, shown_again, with_origin
from licensing.web.pages.trials import mail_is_out, public_form
from licensing.web.requests import house
from licensing.web.sessions import public

blueprint = Blueprint("pages_devices", __name__, url_prefix=DEVICE_PATH)


class UserCodeSchema(Schema):
    user_code = fields.Text(20, required=True)


@blueprint.get("")
@public
def enter() -> Any:
    return _enter()


@blueprint.post("")
@public
def look_up() -> Any:
    return public_form(_claim_page, _enter)


@blueprint.post("/registration")
@public
def register() -> Any:
    return public_form(_registered, _claim_page)


@blueprint.post("/refusal")
@public
def refuse() -> Any:
    return public_form(_refused, _enter)


def _enter(form: Form = NEW) -> Any:
    return with_origin(page("device/enter.html", form=form))


def _claim_page(form: Form = NEW) -> Any:
    """The cluster that shows the code, and the form; a code that is not valid (any more) leads back to typing it."""
    try:
        code = read_form(UserCodeSchema())["user_code"]
        cluster = house().devices.look_up(code, _address())
    except (CodeRefused, TooManyTries) as refusal:
        return shown_again(refusal, _enter)
    settings = house().settings
    return with_origin(
        page("device/claim.html", form=form, code=code, cluster=cluster, countries=COUNTRIES, settings=settings)
    )


def _registered() -> Any:
    code, applicant = read_form(UserCodeSchema())["user_code"], read_form(RegistrationSchema())
    house().devices.claim(code, _address(), applicant)
    return mail_is_out(applicant.email)


def _refused() -> Any:
    house().devices.refuse(read_form(UserCodeSchema())["user_code"], _address())
    return with_origin(page("device/refused.html"))


def _address() -> str:
    return request.remote_addr or ""
