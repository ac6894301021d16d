"""Tokens: what our format adds to the bare signature."""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.measuring import Ratio, ratio
from licensing.core.encoding import read_token_json, unb64url
from licensing.core.keys import KeyState, Purpose, WorkingKey, build_keyring, name_key, public_bytes
from licensing.core.licenses import Edition, Grace, License, Over, license_claims, parse_license
from licensing.core.tokens import TokenType, assemble, header_segment, signing_input
from licensing.verifier import verify

CALLS = 50
ISSUER = "https://licenses.example.com"
LICENSE = License(
    sub="01a20589ce6c7e80966df2cd79c12fad",
    jti="132474b8e3eec005e42e2789d1b3c264",
    iat=1_768_478_400,
    nbf=1_768_478_100,
    exp=None,
    lid="01a20589ce6c7e80966df2cd79c12fae",
    seq=1,
    edition=Edition.TRIAL,
    seats=4,
    np_seats=0,
    tier="trial",
    support="community",
    bind=("*",),
    over=Over.RESTRICT,
    grace=Grace(),
    feat=(),
    org="Acme GmbH",
)


def ratios() -> list[Ratio]:
    """Sign and verify against Ed25519 on the same bytes; then what the parts of a verification cost."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    x = public_bytes(public)
    key = WorkingKey(name_key(x, "license", test=True), x, Purpose.LICENSE, KeyState.ACTIVE, 0, 2**40)
    keyring, header = build_keyring(1, 0, (key,)), header_segment(key.kid, TokenType.LICENSE)

    def sign() -> str:
        signed = signing_input(header, license_claims(LICENSE, ISSUER))
        return assemble(signed, private.sign(signed.encode("ascii")))

    token = sign()
    signed, _, segment = token.rpartition(".")
    data, signature = signed.encode("ascii"), unb64url(segment)

    def raw() -> None:
        public.verify(signature, data)

    return [
        ratio("verify a license token", lambda: verify(token, keyring), "raw Ed25519 verify", raw, 1.15, calls=CALLS),
        ratio("sign a license token", sign, "raw Ed25519 sign", lambda: private.sign(data), 1.4, calls=CALLS),
        *_parts(token, raw),
    ]


def _parts(token: str, raw: Callable[[], None]) -> list[Ratio]:
    """What a verification does beside the signature, part by part."""
    _, payload_segment, signature_segment = token.split(".")
    payload = unb64url(payload_segment)
    claims = read_token_json(payload)
    assert isinstance(claims, dict)
    parts: dict[str, Callable[[], object]] = {
        "strict base64url": lambda: (unb64url(payload_segment), unb64url(signature_segment)),
        "strict JSON": lambda: read_token_json(payload),
        "typed claims": lambda: parse_license(claims),
    }
    return [
        ratio(f"verify, of which {name}", part, "raw Ed25519 verify", raw, 0.1, calls=CALLS)
        for name, part in parts.items()
    ]
