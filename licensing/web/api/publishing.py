"""Public documents: cached by whoever asks often, asked again with their ETag."""

from __future__ import annotations

from flask import Response, request

MAX_AGE_SECONDS = 60


def published(body: str | bytes, content_type: str) -> Response:
    """The document, or 304 for a reader that has it (RFC 9110 §13.1.2)."""
    response = Response(body, content_type=content_type)
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
    response.add_etag()
    response.make_conditional(request)
    return response
