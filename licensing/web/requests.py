"""What every request goes through: a request id, security headers, a size limit, and strict JSON."""

from __future__ import annotations

import re
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, g, request
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import UnsupportedMediaType
from werkzeug.routing import BaseConverter

from licensing.bootstrap import House
from licensing.core.encoding import read_body_json
from licensing.core.errors import InvalidFields, Malformed, NotFound, Reason, Unauthentic

MAX_BODY_BYTES = 64 * 1024
MAX_CHECK_IN_BYTES = 2 * 1024 * 1024
"""A check-in of 5,000 nodes with names of 253 characters has 1.3 MB."""

DEFAULT_PAGE, MAX_PAGE = 100, 1_000
_ID = re.compile("[0-9a-f]{32}")

Parsed = TypeVar("Parsed")


class NothingSchema(Schema):
    """The body of a deed that has nothing more to say: `{}`."""


def house() -> House:
    """The house this application speaks for."""
    return cast(House, current_app.extensions["house"])


def parse(schema: Schema) -> Any:
    """The body as `schema` loads it; raises UnsupportedMediaType, Malformed, InvalidFields."""
    if request.mimetype != "application/json" or request.content_encoding:
        raise UnsupportedMediaType("Send plain application/json.")
    try:
        document = read_body_json(request.get_data(cache=True))
    except ValueError as error:
        raise Malformed("The body is not strict JSON.") from error
    if type(document) is not dict:
        raise Malformed("The body is not a JSON object.")
    try:
        return schema.load(document)
    except ValidationError as error:
        raise InvalidFields(flat(error.messages)) from error


def parse_query(schema: Schema) -> Any:
    """The query as `schema` loads it; raises InvalidFields, for what it does not know or names twice, too."""
    twice = [name for name, values in request.args.lists() if len(values) > 1]
    if twice:
        raise InvalidFields({name: ["Must stand once."] for name in twice})
    try:
        return schema.load(request.args.to_dict())
    except ValidationError as error:
        raise InvalidFields(flat(error.messages)) from error


def bearer_token() -> str:
    """The unverified token of the Authorization header (RFC 6750 §2.1); raises Unauthentic when there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthentic(Reason.NOT_A_TOKEN, "Send the license token: Authorization: Bearer <token>.")
    return token


def page_of(anchor: str) -> tuple[str, int]:
    """Where a listing goes on (the id in the query's `anchor`) and how long it may be; raises InvalidFields."""
    limit = request.args.get("limit", str(DEFAULT_PAGE))
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= len(str(MAX_PAGE)) and 1 <= int(limit) <= MAX_PAGE):
        raise InvalidFields({"limit": [f"Must be 1 to {MAX_PAGE}."]})
    return query_id(anchor) or "", int(limit)


def query_id(name: str) -> str | None:
    """The id in the query's `name`, if there is one; raises NotFound for what can't be one."""
    value = request.args.get(name)
    if value is not None and not _ID.fullmatch(value):
        raise NotFound(f"There is no such {name}.")
    return value


class IdConverter(BaseConverter):
    """An id in a path: 32 hex digits. Whatever else stands there is no path of ours."""

    regex = _ID.pattern


class FsidConverter(BaseConverter):
    """A Ceph fsid in a path, in lower case."""

    regex = "[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"

    def to_python(self, value: str) -> str:
        return value.lower()


def register(app: Flask) -> None:
    """Gives each request an id of our own, each answer its headers, and paths their ids."""
    app.url_map.converters |= {"id": IdConverter, "fsid": FsidConverter}
    app.before_request(_number_request)
    app.after_request(_add_headers)


def _number_request() -> None:
    g.request_id = house().system.new_id()


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers["X-Request-Id"] = g.get("request_id", "")
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Cache-Control", "no-store")
    headers.setdefault("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
    return response


def flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Marshmallow's nested messages by dotted path: `cluster.fsid`."""
    if isinstance(messages, list):
        return {path: [str(message) for message in messages]}
    by_path: dict[str, list[str]] = {}
    for name, inner in messages.items():
        by_path.update(flat(inner, f"{path}.{name}" if path else str(name)))
    return by_path
