"""`/v1/device`: a DCC registers a trial from its own screen, in RFC 8628's words and form: form bodies, its errors."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import EXCLUDE, Schema, ValidationError

from licensing.core.devices import CLIENT_ID, GRANT_TYPE
from licensing.core.errors import DeviceError, DeviceRefused, TooManyTries
from licensing.web import fields
from licensing.web.api.presenting import answer
from licensing.web.api.shapes import COUNT, LICENSE_FILE, TEXT, TOKEN, thing, word_of
from licensing.web.api.speaking import speaks
from licensing.web.requests import flat, house
from licensing.web.sessions import public

blueprint = Blueprint("api_devices", __name__, url_prefix="/v1/device")

DEVICE_PATH = "/device"
MAX_SECRET = 200


class CodeSchema(Schema):
    """`client_id`, and of the cluster its fsid and the name that the person is shown."""

    client_id = fields.Text(80, required=True)
    fsid = fields.Uuid(required=True)
    cluster_name = fields.Text(200, load_default="")


class TokenSchema(Schema):
    client_id = fields.Text(80, required=True)
    grant_type = fields.Text(80, required=True)
    device_code = fields.Text(MAX_SECRET, required=True)


DEVICE_CODE = thing(
    "DeviceCode", device_code=TEXT, user_code=TEXT, verification_uri=TEXT, expires_in=COUNT, interval=COUNT
)
DEVICE_TOKEN = thing("DeviceToken", access_token=TOKEN, token_type=TEXT, license_file=LICENSE_FILE)
DEVICE_ERROR = thing("DeviceError", error=word_of(DeviceError), error_description=TEXT)
ERRORS = {400: DEVICE_ERROR, 401: DEVICE_ERROR, 429: DEVICE_ERROR}


@blueprint.post("/code")
@public
@speaks(DEVICE_CODE, form=CodeSchema, others=ERRORS)
def ask() -> Response:
    """A device code, and the user code to type at `/device` (RFC 8628 §3.2)."""
    data = _read(CodeSchema())
    asked = house().devices.ask(data["fsid"], data["cluster_name"], request.remote_addr or "")
    return answer(
        {
            "device_code": asked.device_code,
            "user_code": asked.user_code,
            "verification_uri": f"{house().settings.public_url}{DEVICE_PATH}",
            "expires_in": asked.lives_seconds,
            "interval": asked.interval_seconds,
        }
    )


@blueprint.post("/token")
@public
@speaks(DEVICE_TOKEN, form=TokenSchema, others=ERRORS)
def fetch() -> Response:
    """The license, once the person has registered (RFC 8628 §3.4)."""
    if request.form.get("grant_type", GRANT_TYPE) != GRANT_TYPE:
        raise DeviceRefused(DeviceError.UNSUPPORTED_GRANT_TYPE, f"The only grant here is {GRANT_TYPE}.")
    license_file = house().devices.fetch(_read(TokenSchema(), "grant_type")["device_code"])
    return answer({"access_token": license_file["license"], "token_type": "Bearer", "license_file": license_file})


@blueprint.errorhandler(DeviceRefused)
def _refused(refusal: DeviceRefused) -> Response:
    """RFC 6749 §5.2: 400, or 401 for a client that is not known."""
    status = 401 if refusal.error is DeviceError.INVALID_CLIENT else 400
    return answer({"error": refusal.error, "error_description": refusal.detail}, status)


@blueprint.errorhandler(TooManyTries)
def _too_many(refusal: TooManyTries) -> Response:
    response = answer({"error": DeviceError.SLOW_DOWN, "error_description": refusal.detail}, 429)
    response.headers["Retry-After"] = str(refusal.retry_after_seconds)
    return response


def _read(schema: Schema, *needed: str) -> Any:
    """The form as `schema` loads it; what it does not know is ignored (RFC 6749 §3.2). Raises DeviceRefused."""
    if request.mimetype != "application/x-www-form-urlencoded" or request.content_encoding or request.args:
        raise _invalid("Send application/x-www-form-urlencoded in the body.")
    if any(len(values) > 1 for _, values in request.form.lists()):
        raise _invalid("A parameter stands twice.")
    if not all(request.form.get(name) for name in ("client_id", *needed)):
        raise _invalid(f"Send {', '.join(('client_id', *needed))}.")
    if request.form["client_id"] != CLIENT_ID:
        raise DeviceRefused(DeviceError.INVALID_CLIENT, f"The only client here is {CLIENT_ID}.")
    try:
        return schema.load({name: value for name, value in request.form.items() if value}, unknown=EXCLUDE)
    except ValidationError as error:
        raise _invalid(" ".join(f"{name}: {' '.join(why)}" for name, why in flat(error.messages).items())) from error


def _invalid(detail: str) -> DeviceRefused:
    return DeviceRefused(DeviceError.INVALID_REQUEST, detail)
