"""How values look in JSON: RFC 3339 times with `Z`, enumerations by name, bytes that are the same each time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime

from flask import Response

from licensing.core.verdicts import Verdict
from licensing.services.idempotency import Rendered

_encode = json.JSONEncoder(ensure_ascii=False).encode


def dumps(document: Mapping[str, object]) -> bytes:
    """The bytes of an answer."""
    return _encode(document).encode("utf-8")


def answer(document: Mapping[str, object], status: int = 200) -> Response:
    return Response(dumps(document), status, content_type="application/json")


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
