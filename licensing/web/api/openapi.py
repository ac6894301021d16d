"""`/v1/openapi.json`: what this API is, from the url map, the views' own words and the schemas that load bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from flask import Blueprint, Flask, Response, current_app
from marshmallow import Schema, fields
from werkzeug.routing import Rule

from licensing import __version__
from licensing.core.callers import FOR_PERSONS_ONLY
from licensing.web.access import IDEMPOTENCY_KEY, MAX_IDEMPOTENCY_KEY, SAFE_METHODS, SESSION_COOKIE
from licensing.web.api.publishing import published
from licensing.web.api.shapes import ID, PROBLEM, TEXT, Shape, Thing
from licensing.web.api.speaking import CSV, JSON, Speech, speaks
from licensing.web.problems import HTTP_CODES, STATUS
from licensing.web.problems import PROBLEM as PROBLEM_TYPE
from licensing.web.sessions import public

blueprint = Blueprint("api_openapi", __name__, url_prefix="/v1")

API = "api_"
"""How the names of the API's blueprints start."""
FORM = "application/x-www-form-urlencoded"
SESSION, KEY, LICENSE = "session", "apiKey", "license"
SCHEMES = {
    SESSION: {"type": "apiKey", "in": "cookie", "name": SESSION_COOKIE, "description": "A person of the staff."},
    KEY: {"type": "http", "scheme": "bearer", "bearerFormat": "kla_…", "description": "A machine's API key."},
    LICENSE: {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "The license token."},
}
PHRASES = {200: "Done.", 201: "Made.", 202: "Taken.", 204: "Done; there is no body.", 304: "The reader has it already."}
RETRIED = (429, 503)
"""Refusals that tell when to come again."""
BUSY = 503
_VARIABLE = re.compile(r"<(?:(\w+):)?(\w+)>")


@blueprint.get("/openapi.json")
@public
@speaks({"type": "object"}, others={304: None})
def show() -> Response:
    """This document: OpenAPI 3.1."""
    return published(_text(current_app._get_current_object()), JSON)  # type: ignore[attr-defined]


@cache
def _text(app: Flask) -> str:
    return json.dumps(document(app), ensure_ascii=False)


def document(app: Flask) -> dict[str, Any]:
    """The OpenAPI document of an application."""
    plugin = MarshmallowPlugin(schema_name_resolver=_no_name)
    info = {"description": "Bodies and problem codes are explained in docs/api.md.", "license": {"name": "Proprietary"}}
    spec = APISpec("Koor licensing", __version__, "3.1.0", info=info, plugins=[plugin])
    converter = plugin.converter
    assert converter is not None  # noqa: S101 - the document above has made it
    converter.attribute_functions.append(_shape_of_field)
    things: dict[str, Any] = {}
    _named(PROBLEM, things)
    for rule, method, view in spoken(app):
        operation = _Operation(converter, things, rule, method, view).told()
        spec.path(_VARIABLE.sub(r"{\2}", rule.rule), operations={method.lower(): operation})
    for name, shape in sorted(things.items()):
        spec.components.schema(name, shape)
    for status in sorted({*HTTP_CODES, *STATUS.values()}):
        spec.components.response(f"Refused{status}", _refusal(status))
    for name, scheme in SCHEMES.items():
        spec.components.security_scheme(name, scheme)
    return dict(spec.to_dict())


def spoken(app: Flask) -> Iterator[tuple[Rule, str, Any]]:
    """Every route of the API, with its method and view, by path."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if rule.endpoint.startswith(API):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method, app.view_functions[rule.endpoint]


class _Operation:
    """One route and method."""

    def __init__(self, converter: OpenAPIConverter, things: dict[str, Any], rule: Rule, method: str, view: Any) -> None:
        self._converter = converter
        self._things = things
        self._rule = rule
        self._view = view
        self._speech: Speech = view.speech
        self._changes = method not in SAFE_METHODS
        self._parameters = [*self._path(), *self._query(), *self._headers()]

    def told(self) -> dict[str, Any]:
        operation: dict[str, Any] = {
            "operationId": self._rule.endpoint.removeprefix(API),
            "tags": [self._rule.endpoint.removeprefix(API).partition(".")[0]],
            "summary": (self._view.__doc__ or "").strip().partition("\n")[0],
            "parameters": self._parameters,
            "responses": self._responses(),
            "security": self._security(),
        }
        if body := self._body():
            operation["requestBody"] = {"required": True, "content": body}
        return operation

    def _security(self) -> list[dict[str, list[str]]]:
        if hasattr(self._view, "permission"):
            permission = self._view.permission
            persons = [{SESSION: [str(permission)]}]
            return persons if permission in FOR_PERSONS_ONLY else [{KEY: [str(permission)]}, *persons]
        if hasattr(self._view, "for_any_session"):
            return [{SESSION: []}]
        return [{LICENSE: []}] if self._speech.by_license else []

    def _body(self) -> dict[str, Any]:
        kinds = ((JSON, self._speech.body), (FORM, self._speech.form))
        return {media: {"schema": self._loaded(schema)} for media, schema in kinds if schema is not None}

    def _loaded(self, schema: type[Schema]) -> dict[str, Any]:
        shape = _loaded_by(self._converter, schema)
        return {**shape, "additionalProperties": False, **getattr(schema, "SAYS", {})}

    def _path(self) -> list[dict[str, Any]]:
        return [
            {"in": "path", "name": name, "required": True, "schema": ID if kind == "id" else TEXT}
            for kind, name in _VARIABLE.findall(self._rule.rule)
        ]

    def _query(self) -> list[dict[str, Any]]:
        query = self._speech.query
        shapes: Mapping[str, Any] = {}
        if isinstance(query, type):
            loaded = _loaded_by(self._converter, query)["properties"]
            shapes = {name: _in_query(shape) for name, shape in loaded.items()}
        elif query is not None:
            shapes = query
        return [{"in": "query", "name": name, "schema": _named(shape, self._things)} for name, shape in shapes.items()]

    def _headers(self) -> list[dict[str, Any]]:
        if not getattr(self._view, "is_deed", False):
            return []
        shape = {"type": "string", "minLength": 1, "maxLength": MAX_IDEMPOTENCY_KEY, "pattern": "^[ -~]+$"}
        return [{"in": "header", "name": IDEMPOTENCY_KEY, "required": True, "schema": shape}]

    def _responses(self) -> dict[str, Any]:
        told = {status: self._answer(status, shape) for status, shape in self._speech.answers.items()}
        refused = {
            status: {"$ref": f"#/components/responses/Refused{status}"} for status in self._refusals() - told.keys()
        }
        return {str(status): response for status, response in sorted({**told, **refused}.items())}

    def _answer(self, status: int, shape: Shape | None) -> dict[str, Any]:
        response: dict[str, Any] = {"description": PHRASES.get(status, "Refused.")}
        if shape is not None:
            content = {
                media: {"schema": TEXT if media == CSV else _named(shape, self._things)} for media in self._speech.media
            }
            response["content"] = content if status < 300 else {JSON: {"schema": _named(shape, self._things)}}
        return {**response, **_headers_of(status)}

    def _refusals(self) -> set[int]:
        """What is refused because of who calls, of the body, the query or the path, and what the view adds to that."""
        statuses = {BUSY, *self._speech.refuses}
        if self._security():
            statuses |= {401} if self._speech.by_license else {401, 403}
        if self._body():
            statuses |= {400, 413, 415, 422}
        if getattr(self._view, "is_deed", False):
            statuses |= {400, 404, 409, 422}
        kinds = {parameter["in"] for parameter in self._parameters}
        return statuses | ({404} if "path" in kinds else set()) | ({404, 422} if "query" in kinds else set())


def _named(shape: Any, things: dict[str, Any]) -> Any:
    """The shape with each thing in it by its name; what the things are is added to `things`, by name."""
    if isinstance(shape, Thing):
        required = sorted(shape.members.keys() - shape.optional)
        members = {name: _named(member, things) for name, member in shape.members.items()}
        things[shape.name] = {"type": "object", "properties": members, "required": required}
        return {"$ref": f"#/components/schemas/{shape.name}"}
    if isinstance(shape, Mapping):
        return {name: _named(member, things) for name, member in shape.items()}
    return [_named(each, things) for each in shape] if isinstance(shape, list) else shape


def _loaded_by(converter: OpenAPIConverter, schema: type[Schema]) -> dict[str, Any]:
    shape: dict[str, Any] = converter.schema2jsonschema(schema())  # type: ignore[no-untyped-call]
    return shape


def _no_name(_: Any) -> str:
    """Schemas of bodies stand where they are asked for."""
    return ""


def _shape_of_field(field: fields.Field[Any], **_: Any) -> dict[str, Any]:
    """What a field of our own says of itself, and whether it may be null."""
    if not hasattr(field, "shape"):
        return {}
    shape: dict[str, Any] = field.shape()
    if not field.allow_none:
        return shape
    return {"anyOf": [shape, {"type": "null"}]}


def _in_query(shape: dict[str, Any]) -> dict[str, Any]:
    """The shape of what may be missing, but has no null."""
    kept = {name: value for name, value in shape.items() if (name, value) != ("default", None)}
    return {**kept.pop("anyOf")[0], **kept} if "anyOf" in kept else kept


def _refusal(status: int) -> dict[str, Any]:
    content = {PROBLEM_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": _codes(status), "content": content, **_headers_of(status)}


def _headers_of(status: int) -> dict[str, Any]:
    if status == 304 or status not in RETRIED:
        return {}
    return {"headers": {"Retry-After": {"description": "In seconds.", "schema": {"type": "integer", "minimum": 0}}}}


def _codes(status: int) -> str:
    codes = {kind.code for kind, its in STATUS.items() if its == status and status != BUSY}
    codes |= {code for its, code in HTTP_CODES.items() if its == status} | ({"BUSY"} if status == BUSY else set())
    return f"One of {', '.join(f'`{code}`' for code in sorted(codes))}."
