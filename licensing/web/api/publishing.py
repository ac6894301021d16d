"""Public documents: cached by whoever asks often, asked again with their ETag."""

from __future__ import annotations

import hashlib
from functools import lru_cache

from flask import Response

from licensing.web.requests import this_request

MAX_AGE_SECONDS = 60
CACHE_CONTROL = f"public, max-age={MAX_AGE_SECONDS}"


def published(document: str, content_type: str) -> Response:
    """The document, or 304 for a reader that has it (RFC 9110 §13.1.2)."""
    etag, asked = _etag(document), this_request()
    headers = [("Cache-Control", CACHE_CONTROL), ("ETag", f'"{etag}"')]
    # Who asks often sends what we said, and nothing else: no need to read it as a list.
    if asked.environ.get("HTTP_IF_NONE_MATCH") == headers[1][1] or asked.if_none_match.contains_weak(etag):
        return Response(status=304, headers=headers)
    return Response(document, headers=headers, content_type=content_type)


@lru_cache(maxsize=16)
def _etag(document: str) -> str:
    return hashlib.sha256(document.encode()).hexdigest()[:32]
