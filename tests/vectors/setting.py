"""What the cases share: TEST keys, key statements and revoked lists, and the makers of a case.

The seeds of the keys are hashes of their labels (`tests.core.factories.make_key`); nothing real is signed by them.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Any

from licensing.core.keys import KeyState, WorkingKey, jwk
from licensing.core.revocations import Revocation
from licensing.core.tokens import TokenType
from tests.conformance.cases import Document
from tests.core.factories import (
    DAY,
    LEASE_KEY,
    LICENSE_KEY,
    LOG_KEY,
    NOW,
    REVOCATION_KEY,
    ROOT,
    make_key,
    make_statement,
    make_working,
    revoked_token,
)
from tests.vectors import edwards

TEST_ROOT = make_key("root", "test", test=True)


SPARE_ROOT = make_key("root", "spare")


NEW_LICENSE_KEY = make_key("license", "second")


ODD_KIDS = ('"\\/\b\f\n\r\t\x00\x1f\x7f', "é😀  <>&'", "TEST-license-x", " ")


READ = {
    TokenType.LICENSE: "license",
    TokenType.LEASE: "lease",
    TokenType.KEYS: "keys",
    TokenType.REVOKED: "revoked",
}


def statement(*keys: WorkingKey, seq: int = 1, iat: int = NOW - 10 * DAY, root: str = "root") -> Document:
    return {"token": make_statement(*keys, seq=seq, iat=iat, root=ROOTS[root]), "roots": [root]}


def odd_key(kid: str) -> Any:
    """A license key with a name that JSON has to escape, or that other writers would."""
    key = make_key("license", f"odd {kid}")
    return type(key)(key.role, kid, key.private)


def off_curve() -> bytes:
    """32 bytes in canonical form that are no point."""
    return next(y for y in range(2, 99) if edwards.with_y(y) is None).to_bytes(32, "little")


ROOTS = {"root": ROOT, "spare": SPARE_ROOT, "test": TEST_ROOT}


_WINDOW = {"nbf": NOW - DAY, "sign_until": NOW}


USUAL = tuple(make_working(key) for key in (LICENSE_KEY, LEASE_KEY, REVOCATION_KEY, LOG_KEY))


NO_POINT = WorkingKey(
    "license-off-curve", off_curve(), *(getattr(USUAL[0], n) for n in ("purpose", "state", "nbf", "sign_until"))
)


LICENSE_SEED = hashlib.sha256(b"license ").digest()  # of LICENSE_KEY, as make_key derives it


MIXED = edwards.encode(edwards.add(edwards.multiply(edwards.scalar(LICENSE_SEED), edwards.BASE), edwards.TORSION))


MIXED_KEY = make_working(LICENSE_KEY, kid="license-mixed-order", x=MIXED)


SETTING: Document = {
    "roots": {name: jwk(key.kid, key.x) for name, key in ROOTS.items()},
    "statements": {
        "usual": statement(),
        "newer": statement(*USUAL, make_working(NEW_LICENSE_KEY), seq=2, iat=NOW),
        "window": statement(make_working(LICENSE_KEY, **_WINDOW, state=KeyState.RETIRED), *USUAL[1:], seq=3),
        "license-revoked": statement(make_working(LICENSE_KEY, state=KeyState.REVOKED), *USUAL[1:], seq=4),
        "list-revoked": statement(*USUAL[:2], make_working(REVOCATION_KEY, state=KeyState.REVOKED), seq=5),
        "odd": statement(*(make_working(odd_key(kid)) for kid in ODD_KIDS), NO_POINT, MIXED_KEY, seq=6),
        "test": statement(root="test"),
    },
    "lists": {
        "old": {"token": revoked_token(Revocation(NOW, lid="license-1"), seq=1), "statement": "usual"},
        "new": {"token": revoked_token(Revocation(NOW, lid="license-9"), seq=7), "statement": "usual"},
    },
}


def case(name: str, read: str, data: str | bytes, expect: Document | str | None = None, **members: Any) -> Document:
    """One case. `expect` is a part of the outcome, or the reason of a refusal, that it was written for."""
    raw = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    outcome = {"reason": expect} if isinstance(expect, str) else expect
    return {"name": name, "read": read, "input": b64encode(raw).decode(), **members, "_meant": outcome}


def token_case(name: str, typ: TokenType, token: str | bytes, expect: Document | str | None = None) -> Document:
    under = {"roots": ["root"]} if typ is TokenType.KEYS else {"statement": "usual"}
    return case(name, READ[typ], token, expect, **under)
