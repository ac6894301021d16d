"""Payloads that are signed with the right key and must be refused all the same: a signature excuses nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from licensing.core.keys import statement_claims
from licensing.core.leases import lease_claims
from licensing.core.licenses import license_claims
from licensing.core.revocations import Revocation, revoked_claims
from licensing.core.tokens import TokenType
from tests.core.factories import (
    ISSUER,
    LEASE_KEY,
    LICENSE_KEY,
    NOW,
    REVOCATION_KEY,
    ROOT,
    make_lease,
    make_license,
    make_working,
)

SIGNER = {
    TokenType.LICENSE: LICENSE_KEY,
    TokenType.LEASE: LEASE_KEY,
    TokenType.KEYS: ROOT,
    TokenType.REVOKED: REVOCATION_KEY,
}
"""The key that rightly signs each type."""

CLAIMS: dict[TokenType, dict[str, Any]] = {
    TokenType.LICENSE: license_claims(make_license(), ISSUER),
    TokenType.LEASE: lease_claims(make_lease(over_since=NOW), ISSUER),
    TokenType.KEYS: statement_claims(ISSUER, 1, NOW, [make_working(LICENSE_KEY)]),
    TokenType.REVOKED: revoked_claims(ISSUER, 1, NOW, [Revocation(NOW, lid="license-9")]),
}
"""Good claims of each type."""

BEYOND_RANGE = ("-1", str(2**63), str(2**53))
"""Whole numbers that no count and no time of ours can be."""

_WRONG: dict[type, tuple[str, ...]] = {
    int: (
        '"4"',
        '""',
        "true",
        "false",
        "null",
        "1e400",
        "-1e400",
        "4.0",
        "1e2",
        "-0.0",
        "NaN",
        "-Infinity",
        "[4]",
        "{}",
    ),
    str: ("4", "true", "null", '["x"]', "{}", r'"\ud800"', r'"\udfff\ud800"'),
    bool: ("0", "1", '"true"', "null", "[]"),
    list: ('"x"', "{}", "null", "4", "[4]", "[null]", '[["x"]]', "[true]"),
    dict: ('"x"', "[]", "null", "4", "true", "{}"),
}
_MAY_BE_ABSENT = {("exp",), ("over_since",), ("iss",)}
_NEVER_READ = {("iss",)}
_MAY_BE_ANYTHING = {("keys", 0, name) for name in ("purpose", "state", "kty", "crv")}
"""A later server's kinds of key: their entries are passed over (test_statements.py)."""


def members(claims: Mapping[str, Any], path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Each member of `claims` that is read, nested ones too, and its good value."""
    for name, value in claims.items():
        here = (*path, name)
        if here not in _NEVER_READ | _MAY_BE_ANYTHING:
            yield here, value
        if isinstance(value, dict):
            yield from members(value, here)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield from members(value[0], (*here, 0))


def spoiled(claims: Mapping[str, Any], path: tuple[str | int, ...], literal: str | None) -> bytes:
    """The payload with `literal` as the member at `path`; without the member for None."""
    document = json.loads(json.dumps(claims))
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    if literal is None:
        del parent[path[-1]]
    else:
        parent[path[-1]] = "@here@"
    return json.dumps(document, separators=(",", ":")).replace('"@here@"', literal or "").encode()


def badly_typed(typ: TokenType) -> Iterator[bytes]:
    """Each member missing, and of each wrong type."""
    for path, value in members(CLAIMS[typ]):
        if path not in _MAY_BE_ABSENT:
            yield spoiled(CLAIMS[typ], path, None)
        for literal in _WRONG[type(value) if not isinstance(value, str) else str]:
            yield spoiled(CLAIMS[typ], path, literal)


def out_of_range(typ: TokenType) -> Iterator[bytes]:
    """Each number below and above what it can be."""
    for path, value in members(CLAIMS[typ]):
        if type(value) is int:
            yield from (spoiled(CLAIMS[typ], path, literal) for literal in BEYOND_RANGE)


def not_strict_json(typ: TokenType) -> Iterator[bytes]:
    """Texts that a lenient reader would take for the good claims, and texts that no reader takes."""
    good = json.dumps(CLAIMS[typ], separators=(",", ":")).encode()
    inside = b"," + good[1:]
    yield from (b'{"iat":1' + inside, b'{"aud":"x"' + inside, good[:-1] + b',"aud":"koor-dcc"}')
    yield from (b'{"a":{"b":1,"b":1}' + inside, b'{"a":[{"b":1,"\\u0062":2}]' + inside)
    yield from (
        b'{"a":' + word + inside for word in (b"NaN", b"Infinity", b"-Infinity", b"1e400", b"1.5", b"01", b"+1")
    )
    yield from (b'{"a":"\\ud800"' + inside, b'{"\\udc00":1' + inside, b'{"a":["\\ud800x"]' + inside)
    yield from (
        b'{"a":"\xed\xa0\x80"' + inside,
        b'{"a":"\xc0\x80"' + inside,
        b'{"a":"\xff"' + inside,
        b'{"a":"\n"' + inside,
    )
    yield from (b'{"a":' + b"[" * 40 + b"]" * 40 + inside, b'{"a":' + b'{"a":' * 40 + b"1" + b"}" * 40 + inside)
    yield from (
        good[:-1],
        good + b"x",
        good + good,
        good[:-1] + b",}",
        b"\xef\xbb\xbf" + good,
        good.replace(b'"', b"'"),
    )
    yield from (good.decode().encode("utf-16"), good.decode().encode("utf-32"), good + b"\0", b"/**/" + good)
    yield from (b"", b"null", b"true", b"4", b'"x"', b"[]", b"[" + good + b"]", b"{", b"\0", b"\xff\xfe", b"{}")
