"""How values look in JSON: RFC 3339 times with `Z`, enumerations by name, bytes that are the same each time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flask import Response
from werkzeug.datastructures import Headers

from licensing.core.codes import Code, Warning
from licensing.core.verdicts import Verdict
from licensing.services.idempotency import Rendered
from licensing.web.api.shapes import COUNT, TEXT, TRUTH, many, thing, word_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


class Whole(Response):
    """An answer in one piece whose headers are said once: nothing is worked out of them again."""

    def __init__(self, body: bytes, status: int, content_type: str) -> None:
        headers = Headers([("Content-Type", content_type), ("Content-Length", str(len(body)))])
        super().__init__([body], status, headers)

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        return self.headers


VERDICT = thing(
    "Verdict",
    code=word_of(Code),
    restricted=TRUTH,
    warnings=many(word_of(Warning)),
    seats=COUNT,
    used=COUNT,
    granted=COUNT,
    message=TEXT,
    remedy=TEXT,
)


def dumps(document: Mapping[str, object]) -> bytes:
    """The bytes of an answer."""
    return _encode(document).encode("utf-8")


def answer(document: Mapping[str, object], status: int = 200) -> Response:
    return Whole(dumps(document), status, "application/json")


def answer_with_tokens(document: Mapping[str, object], tokens: Mapping[str, str]) -> Response:
    """The answer with members that are tokens: letters, digits, `-`, `_` and dots stand in JSON as they are."""
    members = "".join(f', "{name}": "{token}"' for name, token in tokens.items())
    return Whole(f"{_encode(document)[:-1]}{members}}}".encode(), 200, "application/json")


def rendered(document: Mapping[str, object], status: int = 200, secret: str | None = None) -> Rendered:
    """A deed's answer; the member `secret` is shown once and blank in a replay."""
    kept = None if secret is None else dumps({**document, secret: ""})
    return Rendered(status, dumps(document), kept)


def moment(value: datetime | None) -> str | None:
    """`2026-01-31T12:00:00Z`."""
    return None if value is None else value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def seconds(value: int | None) -> str | None:
    """The same of Unix seconds."""
    return None if value is None else moment(datetime.fromtimestamp(value, UTC))


def verdict_members(verdict: Verdict) -> dict[str, object]:
    """The members that every answer about a license has."""
    return {
        "code": verdict.code,
        "restricted": verdict.restricted,
        "warnings": list(verdict.warnings),
        "seats": verdict.seats,
        "used": verdict.used,
        "granted": verdict.granted,
        "message": verdict.message,
        "remedy": verdict.remedy,
    }
