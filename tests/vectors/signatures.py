"""Signatures about which Ed25519 verifiers are known to disagree."""

from __future__ import annotations

from collections.abc import Iterator

from licensing.core.encoding import b64url, canonical_json
from licensing.core.licenses import license_claims
from licensing.core.tokens import TokenType, assemble
from tests.conformance.cases import Document
from tests.core.factories import (
    ISSUER,
    LICENSE_KEY,
    license_token,
    make_license,
)
from tests.vectors import edwards
from tests.vectors.setting import LICENSE_SEED, MIXED, MIXED_KEY, NO_POINT, case, token_case


def signatures() -> Iterator[Document]:
    """Signatures about which Ed25519 verifiers are known to disagree."""
    token = license_token()
    signed, _, _ = token.rpartition(".")
    message, public = signed.encode(), LICENSE_KEY.x
    right = LICENSE_KEY.private.sign(message)
    r, s = right[:32], int.from_bytes(right[32:], "little")
    secret = edwards.scalar(LICENSE_SEED)

    def answered(r: bytes) -> bytes:
        """The S that satisfies the equation for R of no discrete logarithm but 0."""
        return r + (edwards.challenge(r, public, message) * secret % edwards.ORDER).to_bytes(32, "little")

    changed = {
        "S with the order added": (r + (s + edwards.ORDER).to_bytes(32, "little"), "BAD_SIGNATURE"),
        "S negated": (r + (edwards.ORDER - s).to_bytes(32, "little"), "BAD_SIGNATURE"),
        "the sign bit of S": (right[:63] + bytes([right[63] | 128]), "BAD_SIGNATURE"),
        "the sign bit of R": (right[:31] + bytes([right[31] ^ 128]) + right[32:], "BAD_SIGNATURE"),
        "R the identity": (answered(edwards.encode(edwards.IDENTITY)), None),
        "R the identity, spelt otherwise": (answered((edwards.PRIME + 1).to_bytes(32, "little")), "BAD_SIGNATURE"),
        "R the identity with a sign": (answered((1 | 1 << 255).to_bytes(32, "little")), "BAD_SIGNATURE"),
        "R of order 8": (answered(edwards.encode(edwards.TORSION)), "BAD_SIGNATURE"),
        "all zero": (bytes(64), "BAD_SIGNATURE"),
        "63 bytes": (right[:63], "BAD_SIGNATURE"),
        "65 bytes": (right + b"\0", "BAD_SIGNATURE"),
        "none": (b"", "BAD_SIGNATURE"),
    }
    for name, (signature, reason) in changed.items():
        expect: Document | str = reason or {"license": {}}
        yield token_case(f"a signature: {name}", TokenType.LICENSE, assemble(signed, signature), expect)
    yield from mixed_order(secret)
    for signature in (right, bytes(64)):
        header = b64url(canonical_json({"alg": "EdDSA", "kid": NO_POINT.kid, "typ": TokenType.LICENSE}))
        forged = f"{header}.{b64url(b'{}')}"
        yield case(
            f"under a key off the curve, R {signature[0]}",
            "license",
            assemble(forged, signature),
            "BAD_SIGNATURE",
            statement="odd",
        )


def mixed_order(secret: int) -> Iterator[Document]:
    """A key with a part of order 8: without the cofactor, one signature in eight holds."""
    header = b64url(canonical_json({"alg": "EdDSA", "kid": MIXED_KEY.kid, "typ": TokenType.LICENSE}))
    nonce = 12_345
    r = edwards.encode(edwards.multiply(nonce, edwards.BASE))
    for seq in range(12):
        claims = license_claims(make_license(seq=seq), ISSUER)
        signed = f"{header}.{b64url(canonical_json(claims))}"
        k = edwards.challenge(r, MIXED, signed.encode())
        signature = r + ((nonce + k * secret) % edwards.ORDER).to_bytes(32, "little")
        expect: Document | str = "BAD_SIGNATURE" if k % 8 else {"license": {}}
        yield case(f"under a key of mixed order {seq}", "license", assemble(signed, signature), expect, statement="odd")
