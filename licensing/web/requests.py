"""What every request goes through: a request id, security headers, a size limit, and strict JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar, cast

import flask
from flask import Flask, current_app, request
from flask.sessions import NullSession, SessionInterface
from marshmallow import Schema, ValidationError, missing
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge, UnsupportedMediaType
from werkzeug.routing import BaseConverter, Map, MapAdapter
from werkzeug.wsgi import get_host

from licensing.bootstrap import House
from licensing.core.encoding import read_body_json
from licensing.core.errors import InvalidFields, Malformed, NotFound, Reason, Unauthentic

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MAX_BODY_BYTES = 64 * 1024
MAX_CHECK_IN_BYTES = 2 * 1024 * 1024
"""A check-in of 5,000 nodes with names of 253 characters has 1.3 MB."""

REQUEST_ID = "koor.request_id"
"""The request's id in the WSGI environment."""
TRACE_ID = "koor.trace_id"
"""The trace's id there; only where traces are made."""
STATUS = "koor.status"
"""The answer's status there: `200 OK`."""
RULE = "koor.rule"
"""The route that the request took there; None when there is none for it."""
CODE = "koor.code"
"""A check-in's code there."""
DEFAULT_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
"""What every answer says that does not say otherwise."""
_DEFAULTS = [(header[0].lower(), header) for header in DEFAULT_HEADERS]

_PROCESS_DIGITS = 20
DEFAULT_PAGE, MAX_PAGE = 100, 1_000
_ID = re.compile("[0-9a-f]{32}")

Parsed = TypeVar("Parsed")


class Request(flask.Request):
    """A request whose body, where its length is told, is read in one piece: a tenth of what Werkzeug's streams cost."""

    def body(self) -> bytes:
        """What `get_data` returns. Raises RequestEntityTooLarge, and ClientDisconnected for one that ends early."""
        length = self.content_length
        if length is not None and not hasattr(self, "_cached_data"):
            self._cached_data = self._read(length)
        return bytes(self.get_data())

    def _read(self, length: int) -> bytes:
        longest = self.max_content_length
        if longest is not None and length > longest:
            raise RequestEntityTooLarge
        read, pieces, missing = self.environ["wsgi.input"].read, [], length
        while missing and (piece := read(missing)):
            pieces.append(piece)
            missing -= len(piece)
        if missing:
            raise ClientDisconnected
        return b"".join(pieces)


class Shape(Schema):
    """A schema that loads one object through its fields and does nothing else: no hooks, no partial loading, no `many`.

    That takes a third of the time, which counts where thousands of clusters call.
    """

    def load(self, data: Any, **_: Any) -> dict[str, Any]:
        """The members by the fields' names; raises ValidationError, as marshmallow words it."""
        if type(data) is not dict:
            raise ValidationError([self.error_messages["type"]], "_schema")
        fields, loaded = self.load_fields, {}
        errors: dict[str, Any] = {name: [self.error_messages["unknown"]] for name in data.keys() - fields.keys()}
        for name, field in fields.items():
            value = data.get(name, missing)
            try:
                if value is missing or value is None or field.validators:
                    loaded[name] = field.deserialize(value, name, data)
                else:
                    loaded[name] = field._deserialize(value, name, data)
            except ValidationError as error:
                errors[name] = error.messages
        if errors:
            raise ValidationError(errors)
        return loaded


class NothingSchema(Schema):
    """The body of a deed that has nothing more to say: `{}`."""


def this_request() -> Request:
    """The request itself; each look through Flask's proxy costs."""
    return cast(Request, request._get_current_object())  # type: ignore[attr-defined]


def house() -> House:
    """The house this application speaks for."""
    return cast(House, current_app.extensions["house"])


def parse(schema: Schema) -> Any:
    """The body as `schema` loads it; raises UnsupportedMediaType, Malformed, InvalidFields."""
    asked = this_request()
    is_json = asked.environ.get("CONTENT_TYPE") == "application/json" or asked.mimetype == "application/json"
    if not is_json or asked.content_encoding:
        raise UnsupportedMediaType("Send plain application/json.")
    try:
        document = read_body_json(asked.body())
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
    header: str = this_request().environ.get("HTTP_AUTHORIZATION", "")
    scheme, _, token = header.partition(" ")
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


def request_id() -> str:
    """The id of this request, which its answer names, too."""
    return str(request.environ.get(REQUEST_ID, ""))


class Answers:
    """Gives each request an id of our own and each answer its headers, around all of Flask."""

    def __init__(self, application: WSGIApplication, first_id: str) -> None:
        """Ids begin as `first_id` does, which no other process has, and count."""
        self._application = application
        self._process = first_id[:_PROCESS_DIGITS]
        self._numbers = count(1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request_id = environ[REQUEST_ID] = f"{self._process}{next(self._numbers):012x}"

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            environ[STATUS], environ[RULE] = status, environ["werkzeug.request"].url_rule  # gone once Flask is done
            said = {name.lower() for name, _ in headers}
            headers += [header for name, header in _DEFAULTS if name not in said]
            headers.append(("X-Request-Id", request_id))
            return start_response(status, headers, *rest)

        return self._application(environ, start)


class _NoSessions(SessionInterface):
    """Sessions are rows of ours (`web.sessions`): Flask need not look for its own in each request."""

    _none = NullSession()

    def open_session(self, app: Flask, request: flask.Request) -> NullSession:
        return self._none


def _adapter(paths: Map, asked: flask.Request | None) -> MapAdapter | None:
    """What matches the request's path: what Flask makes, without its look at subdomains and other names of a server."""
    if asked is None:
        return None
    asked.host = get_host(asked.environ)
    query = asked.query_string.decode("latin-1")
    return paths.bind(asked.host, asked.root_path, "", asked.scheme, asked.method, asked.path, query)


def _as_it_is(func: Callable[..., Any]) -> Callable[..., Any]:
    """What Flask calls; it would look up each time whether it is a coroutine, and none of ours is."""
    return func


def know_paths(app: Flask) -> None:
    """Paths may have ids in them."""
    app.url_map.converters |= {"id": IdConverter, "fsid": FsidConverter}


def register(app: Flask) -> None:
    """Gives each request an id of our own, each answer its headers, and paths their ids."""
    app.request_class = Request
    app.ensure_sync = _as_it_is  # type: ignore[method-assign]
    know_paths(app)
    app.create_url_adapter = partial(_adapter, app.url_map)  # type: ignore[method-assign]
    app.session_interface = _NoSessions()
    first_id = app.extensions["house"].system.new_id()
    app.wsgi_app = Answers(app.wsgi_app, first_id)  # type: ignore[method-assign]


def flat(messages: Any, path: str = "") -> dict[str, list[str]]:
    """Marshmallow's nested messages by dotted path: `cluster.fsid`."""
    if isinstance(messages, list):
        return {path: [str(message) for message in messages]}
    by_path: dict[str, list[str]] = {}
    for name, inner in messages.items():
        by_path.update(flat(inner, f"{path}.{name}" if path else str(name)))
    return by_path
