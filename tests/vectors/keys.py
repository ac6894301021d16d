"""Key statements and roots: weak keys, other kinds of keys, and numbers that stand twice."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from typing import Any

from licensing.core.encoding import b64url
from licensing.core.keys import jwk, name_key, statement_claims
from tests.conformance.cases import Document
from tests.core.factories import (
    ISSUER,
    NOW,
    ROOT,
    make_statement,
)
from tests.vectors import edwards
from tests.vectors.setting import TEST_ROOT, USUAL, case, off_curve


def keys() -> Iterator[Document]:
    """Statements and roots: weak keys, other kinds of keys, and numbers that stand twice."""
    members = [key.member() for key in USUAL]

    def stated(name: str, entries: list[Any], expect: str | None = None) -> Document:
        claims = {**statement_claims(ISSUER, 1, NOW, ()), "keys": entries}
        return case(f"a statement: {name}", "keys", ROOT.sign(claims), expect, roots=["root"])

    for i, x in enumerate(weak_keys()):
        yield stated(f"weak key {i}", [{**members[0], "x": b64url(x)}], "BAD_KEY")
        yield stated(f"weak log key {i}", [{**members[3], "x": b64url(x)}], "BAD_KEY")
        yield case(f"a weak root {i}", "root", json.dumps(jwk(name_key(x, "root", test=False), x)), "BAD_KEY")
    yield stated("a key off the curve", [{**members[0], "x": b64url(off_curve())}])
    yield stated("no keys", [])
    yield stated("a name twice", [members[0], {**members[1], "kid": members[0]["kid"]}], "BAD_CLAIMS")
    yield stated("a key twice", [members[0], {**members[1], "x": members[0]["x"]}], "BAD_CLAIMS")
    yield stated("a weak key twice", [{**members[i], "x": b64url(bytes(32))} for i in (0, 1)], "BAD_CLAIMS")
    value: Any
    for name, value in product(("kty", "crv", "purpose", "state"), ("EC", "", None, 1, True, [], "OKP", "log")):
        yield stated(f"{name} is {value!r}", [{**members[0], name: value}, members[1]])
    for name, value in product(("kid", "x", "nbf", "sign_until"), ("", None, 1, -1, 2**53, 10**30, True, "é", "AA==")):
        yield stated(f"{name} is {value!r}", [{**members[0], name: value}])
    for name in members[0]:
        yield stated(f"{name} is missing", [{key: value for key, value in members[0].items() if key != name}])
    yield stated("a window of no second", [{**members[0], "nbf": NOW, "sign_until": NOW}])
    yield stated(
        "a window that ends before it begins", [{**members[0], "nbf": NOW + 1, "sign_until": NOW}], "BAD_CLAIMS"
    )
    yield stated("an entry that is no object", [[]], "BAD_CLAIMS")
    yield from roots()


def weak_keys() -> Iterator[bytes]:
    """Small order and non-canonical, with both signs; and keys of a wrong length."""
    eight = edwards.TORSION[1]
    values = (0, 1, edwards.PRIME - 1, eight, edwards.PRIME - eight, *range(edwards.PRIME, 2**255, 6), 2**255 - 1)
    for y, sign in product(values, (0, 1)):
        yield (y | sign << 255).to_bytes(32, "little")
    yield from (b"", b"\x09" * 31, b"\x09" * 33)


def roots() -> Iterator[Document]:
    good = make_statement()
    for name, allowed, reason in (
        ("none", [], "UNKNOWN_ROOT"),
        ("another", ["spare"], "UNKNOWN_ROOT"),
        ("two", ["spare", "root"], None),
    ):
        yield case(f"a statement before {name}", "keys", good, reason or {"keyring": {}}, roots=allowed)
    yield case("a statement of a test root", "keys", make_statement(root=TEST_ROOT), "UNKNOWN_ROOT", roots=["root"])
    yield case(
        "a statement of a test root that is trusted",
        "keys",
        make_statement(root=TEST_ROOT),
        {"keyring": {}},
        roots=["test"],
    )
    for key in (ROOT, TEST_ROOT):
        yield case(f"the root {key.kid}", "root", json.dumps(jwk(key.kid, key.x)), {"roots": [{"kid": key.kid}]})
    good_root = jwk(ROOT.kid, ROOT.x)
    for name, value in product(
        good_root, ("", None, 1, "root", ROOT.kid.upper(), f"TEST-TEST-{ROOT.kid}", f"{good_root['x']}=")
    ):
        yield case(f"a root whose {name} is {value!r}", "root", json.dumps({**good_root, name: value}), "BAD_KEY")
    for i, text in enumerate(
        (b"", b"[1", b"null", b"7", b'"x"', b"{}", b'{"kty":"OKP","kty":"OKP"}', b"\xff", b"\xef\xbb\xbf{}")
    ):
        yield case(f"no root {i}", "root", text, "BAD_KEY")
