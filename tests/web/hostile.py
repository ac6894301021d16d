"""Hostile requests, generated from good ones: what reliability asks of every endpoint that writes."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.support.worlds import World, checkin, registration

BIG = 2**63
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A writing endpoint with a body that it accepts."""

    method: str
    path: str
    body: dict[str, Any]
    authorized: bool = False


ENDPOINTS = {
    "register": Endpoint("POST", "/v1/trials", registration(email="new@other.example")),
    "confirm by link": Endpoint("POST", "/v1/trials/confirm", {"token": "x" * 43}),
    "confirm by code": Endpoint("POST", "/v1/trials/confirm", {"email": "new@other.example", "code": "BBBB-BBBB"}),
    "check in": Endpoint("POST", "/v1/checkins", checkin(["a", "b"], instance_key="x" * 43), authorized=True),
    "validate": Endpoint("POST", "/v1/validate", {"license": "x.y.z", "nodes": 4, "nodes_planned": 5, "fsid": "x"}),
}
"""Every writing endpoint that takes JSON. A body need not succeed; each member is spoiled in turn."""

WRONG: tuple[Any, ...] = (
    None,
    True,
    1.5,
    -1,
    BIG,
    -BIG,
    "",
    "1",
    " ",
    [],
    ["x"],
    {},
    {"a": 1},
    "a\x00b",
    "a\nb",
    "\x1b[31m",
    "\u2028",
    "x" * 5_000,
)
RAW_BODIES: dict[str, bytes] = {
    "empty": b"",
    "open": b"{",
    "list": b"[]",
    "text": b'"x"',
    "null": b"null",
    "number": b"1",
    "nan": b'{"a":NaN}',
    "infinity": b'{"a":-Infinity}',
    "huge number": b'{"a":1e400}',
    "many digits": b'{"a":' + b"9" * 5_000 + b"}",
    "double name": b'{"a":1,"a":2}',
    "deep": b'{"a":' * 200 + b"1" + b"}" * 200,
    "very deep": b"[" * 20_000,
    "bad utf-8": b'{"a":"\xff"}',
    "utf-16": '{"a":1}'.encode("utf-16"),
    "bom": b'\xef\xbb\xbf{"a":1}',
    "surrogate": rb'{"a":"\ud888"}',
    "surrogate name": rb'{"\udc00":1}',
    "too long": b'{"a":"' + b"x" * (3 * 1024 * 1024) + b'"}',
}
EXTRA = ("id", "serial", "tenant_id", "status", "approved_by", "is_admin", "kid", "iat", "__class__")


def send(world: World, endpoint: Endpoint, body: bytes, content_type: str = JSON, **headers: str) -> Any:
    """The answer to a body, sent as it is."""
    if endpoint.authorized and "Authorization" not in headers:
        headers["Authorization"] = "Bearer a.b.c"
    return world.client.open(
        endpoint.path, method=endpoint.method, data=body, content_type=content_type, headers=headers
    )


def paths(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where each member of a body stands."""
    for name, inner in value.items():
        yield (*path, name)
        if isinstance(inner, dict):
            yield from paths(inner, (*path, name))


def spoiled(endpoint: Endpoint) -> Iterator[bytes]:
    """The body with each member missing, and of each wrong value."""
    for path in paths(endpoint.body):
        for value in (..., *WRONG):
            body = copy.deepcopy(endpoint.body)
            parent = body
            for step in path[:-1]:
                parent = parent[step]
            if value is ...:
                del parent[path[-1]]
            else:
                parent[path[-1]] = value
            yield json.dumps(body).encode()


def with_extra_fields(endpoint: Endpoint) -> Iterator[bytes]:
    """The body with one field more."""
    for name in EXTRA:
        yield json.dumps({**endpoint.body, name: "x"}).encode()


def compressed(endpoint: Endpoint) -> bytes:
    return gzip.compress(json.dumps(endpoint.body).encode())
