"""Leases by the key that a license names as its relay's: what it may sign, and what it may not."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from typing import Any

from licensing.core.encoding import b64url
from licensing.core.leases import lease_claims
from licensing.core.licenses import license_claims
from licensing.core.relays import relay_key
from licensing.core.tokens import TokenType, header_segment, signing_input
from tests.conformance.cases import Document
from tests.core.factories import (
    ISSUER,
    LEASE_KEY,
    LICENSE_KEY,
    NOW,
    Key,
    lease_token,
    license_token,
    make_key,
    make_lease,
    make_license,
)
from tests.vectors.setting import case

RELAY = make_key("relay")
OTHER = make_key("relay", "other")
TEST = make_key("relay", "test", test=True)
X = b64url(RELAY.x)

UNSOUND = {
    "another key's name": (OTHER.kid, X),
    "its name in capitals": (RELAY.kid.upper(), X),
    "a mark that is none": (f"test-{RELAY.kid}", X),
    "the name of a working key": (LEASE_KEY.kid, b64url(LEASE_KEY.x)),
    "padding": (RELAY.kid, X + "="),
    "a character less": (RELAY.kid, X[:-1]),
    "stray bits": (RELAY.kid, X[:-1] + chr(ord(X[-1]) + 1)),
    "no base64url": (RELAY.kid, "!"),
    "nothing": (RELAY.kid, ""),
    "31 bytes": (relay_key(RELAY.x[:31], test=False).kid, b64url(RELAY.x[:31])),
    "a weak key": (relay_key(bytes(32), test=False).kid, b64url(bytes(32))),
    "a key that is not in canonical form": (relay_key(b"\xff" * 32, test=False).kid, b64url(b"\xff" * 32)),
    "empty text": ("", ""),
}


def named(claim: tuple[str, str] | None = (RELAY.kid, X)) -> str:
    """A license that names this key, in base64 as a case has it."""
    return _base64(license_token(relay=claim))


def signed(key: Key, typ: TokenType = TokenType.LEASE, *, kid: str | None = None, **changes: Any) -> str:
    claims = {**lease_claims(make_lease(), ISSUER), **changes}
    return key.sign_text(signing_input(header_segment(kid or key.kid, typ), claims))


def relays() -> Iterator[Document]:
    def lease(name: str, token: str, license: str | None, expect: Document | str, under: str = "usual") -> Document:
        members = {} if license is None else {"license": license}
        return case(name, "lease", token, expect, statement=under, **members)

    good = {"lease": {"lid": "license-1"}}
    yield lease("a relay's lease of its own license", signed(RELAY), named(), good)
    yield lease("a relay's lease long before its license", signed(RELAY, iat=1), named(), good)
    yield lease("a relay's lease long after its license", signed(RELAY, iat=NOW + 10**9), named(), good)
    yield lease("the vendor's lease beside a relay", lease_token(), named(), good)
    yield lease("the vendor's lease of another license", lease_token(lid="x"), named(), {"lease": {"lid": "x"}})
    yield lease("a test relay's lease", signed(TEST), named((TEST.kid, b64url(TEST.x))), good)
    yield lease("a relay's lease, the keyring alone asked", signed(RELAY), None, "UNKNOWN_HEADER")
    yield lease("a relay's lease of a license that names none", signed(RELAY), named(None), "UNKNOWN_HEADER")
    yield lease("another relay's lease", signed(OTHER), named(), "UNKNOWN_HEADER")
    yield lease("another relay's lease under the name", signed(OTHER, kid=RELAY.kid), named(), "BAD_SIGNATURE")
    yield lease("a vendor's license key signs as relay", signed(LICENSE_KEY), named(), "UNKNOWN_HEADER")
    yield lease("a relay's lease under a keyring with a revoked list key", signed(RELAY), named(), good, "list-revoked")
    yield lease(
        "a relay's lease for a license that does not stand", signed(RELAY), named(), "KEY_REVOKED", "license-revoked"
    )
    for lid in ("license-2", "", "License-1", "license-1 ", None, 1, ["license-1"]):
        yield lease(f"a relay's lease of the license {lid!r}", signed(RELAY, lid=lid), named(), "BAD_CLAIMS")
    for iat in (None, "1", 1.5):
        yield lease(f"a relay's lease with the iat {iat!r}", signed(RELAY, iat=iat), named(), _no_number(iat))
    yield lease("a relay's lease for another audience", signed(RELAY, aud="x"), named(), "WRONG_AUDIENCE")
    yield lease(
        "a relay's lease of another license and audience", signed(RELAY, lid="x", aud="x"), named(), "BAD_CLAIMS"
    )
    for name, claim in UNSOUND.items():
        yield lease(f"a relay named by {name}", signed(RELAY, kid=claim[0] or None), named(claim), _refusal(claim))
    license = license_claims(make_license(seats=100_000), ISSUER)
    for typ in (TokenType.LICENSE, TokenType.LEASE):
        token = RELAY.sign_text(signing_input(header_segment(RELAY.kid, typ), license))
        yield case(f"a license by a relay as {typ}", "license", token, "UNKNOWN_HEADER", statement="usual")
        reason = "UNKNOWN_HEADER" if typ is TokenType.LICENSE else "BAD_CLAIMS"
        yield lease(f"a license by a relay as {typ}, read as a lease", token, named(), reason)
    over = signed(RELAY, used=9, granted=3, code="OVER_LIMIT")
    yield case(
        "a relay's lease narrows the license",
        "verdict",
        license_token(relay=(RELAY.kid, X)),
        {"verdict": {"code": "OVER_LIMIT", "granted": 3}},
        statement="usual",
        lease=_base64(over),
        nodes=9,
        now=NOW,
        known={},
    )


def _refusal(claim: tuple[str, str]) -> str:
    """Nothing joins the keyring; a name that the keyring has stays its own key's."""
    return "BAD_SIGNATURE" if claim[0] == LEASE_KEY.kid else "UNKNOWN_HEADER"


def _no_number(iat: object) -> str:
    """A fraction is no JSON that tokens have."""
    return "BAD_PAYLOAD" if isinstance(iat, float) else "BAD_CLAIMS"


def _base64(token: str) -> str:
    return b64encode(token.encode()).decode()
