"""The token format: JWS compact serialisation (RFC 7515 §7.1) with Ed25519 (RFC 8037 §3.1), and its strict reader.

A token is `header.payload.signature`, each part unpadded base64url. The header is exactly the canonical JSON
`{"alg":"EdDSA","kid":K,"typ":T}`: no other member ever, so each key we publish has one header text for each type
it may sign, and a reader compares text instead of parsing it. `typ` names the purpose; no token passes as another.
Payloads are canonical JSON; their members are described in `licenses`, `leases`, `keys` and `revocations`.

`open_token` proves authenticity, never time. Its steps are numbered; the Go client numbers them the same:

1. a string within its type's size cap, with exactly two dots;
2. the header segment is looked up as text among the headers of the keyring, and must be of the type asked for;
3. payload and signature are strict base64url (encoding them again gives the same text);
4. the signature is 64 bytes and is Ed25519's over `header.payload` (weak keys never reach a keyring, see `keys`);
5. only now the payload is read: strict UTF-8 JSON, unique names, whole numbers, bounded depth, an object;
6. the key's state and window around `iat`, for a relay's key the `lid`, `aud`, then `v` and exact types of all claims
   (by the parser of the type).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from licensing.core.encoding import b64url, canonical_json, read_token_json, unb64url
from licensing.core.errors import Reason, Unauthentic

AUDIENCE = "koor-dcc"
SIGNATURE_BYTES = 64
NUMBER_BITS = 53
"""Numbers in tokens are 0 to 2^53 - 1: what every JSON reader reads exactly (RFC 7493 §2.2)."""


class TokenType(StrEnum):
    """What a token is for: the `typ` of its header (RFC 8725 §3.11, explicit typing)."""

    LICENSE = "koor-license+jwt"
    LEASE = "koor-lease+jwt"
    KEYS = "koor-keys+jwt"
    REVOKED = "koor-revoked+jwt"


MAX_CHARACTERS: Mapping[TokenType, int] = {
    TokenType.LICENSE: 4_096,
    TokenType.LEASE: 4_096,
    TokenType.KEYS: 16 * 1_024,
    TokenType.REVOKED: 1_024 * 1_024,
}


@dataclass(frozen=True, slots=True)
class HeaderKey:
    """What one exact header text stands for: a type, a public key, and when that key may have signed.

    `not_before` and `sign_until` are Unix seconds, `not_before <= iat < sign_until`; a root key has no window. With
    `lid` it signs for that license alone (see `relays`).
    """

    typ: TokenType
    kid: str
    public: Ed25519PublicKey
    not_before: int | None = None
    sign_until: int | None = None
    revoked: bool = False
    lid: str | None = None


Headers = Mapping[str, HeaderKey]


def header_segment(kid: str, typ: TokenType) -> str:
    """The one header text under which `kid` signs tokens of type `typ`."""
    return b64url(canonical_json({"alg": "EdDSA", "kid": kid, "typ": typ}))


def signing_input(header: str, claims: Mapping[str, object]) -> str:
    """`header.payload`: the ASCII text that is signed (RFC 7515 §5.1)."""
    return f"{header}.{b64url(canonical_json(claims))}"


def assemble(signed: str, signature: bytes) -> str:
    """The token of a signing input and its 64-byte signature."""
    return f"{signed}.{b64url(signature)}"


def open_token(unverified_token: object, headers: Headers, typ: TokenType) -> dict[str, Any]:
    """The claims of an authentic token; raises Unauthentic with the reason at the first step that fails."""
    # 1. shape
    if type(unverified_token) is not str or unverified_token.count(".") != 2:
        raise Unauthentic(Reason.NOT_A_TOKEN, "A token is three parts joined by dots.")
    if len(unverified_token) > MAX_CHARACTERS[typ]:
        raise Unauthentic(Reason.TOO_LONG, f"A {typ} has at most {MAX_CHARACTERS[typ]} characters.")
    signed, _, signature_segment = unverified_token.rpartition(".")
    header, _, payload_segment = signed.partition(".")
    # 2. header, as text
    key = headers.get(header)
    if key is None:
        raise Unauthentic(Reason.UNKNOWN_HEADER, "The token's header belongs to no key that is known here.")
    if key.typ is not typ:
        raise Unauthentic(Reason.WRONG_TYPE, f"A {typ} was expected, this is a {key.typ}.")
    # 3. encoding
    try:
        payload, signature = unb64url(payload_segment), unb64url(signature_segment)
    except ValueError as error:
        raise Unauthentic(Reason.BAD_ENCODING, "Payload or signature is not strict base64url.") from error
    # 4. signature
    if len(signature) != SIGNATURE_BYTES:
        raise Unauthentic(Reason.BAD_SIGNATURE, f"An Ed25519 signature has {SIGNATURE_BYTES} bytes.")
    try:
        key.public.verify(signature, signed.encode("ascii"))
    except InvalidSignature as error:
        raise Unauthentic(Reason.BAD_SIGNATURE, "The signature does not belong to this header and payload.") from error
    # 5. payload
    try:
        claims = read_token_json(payload)
    except ValueError as error:
        raise Unauthentic(Reason.BAD_PAYLOAD, "The payload is not strict JSON.") from error
    if type(claims) is not dict:
        raise Unauthentic(Reason.BAD_PAYLOAD, "The payload is not a JSON object.")
    # 6. claims
    _check_key(key, claims.get("iat"), claims.get("lid"))
    if claims.get("aud") != AUDIENCE:
        raise Unauthentic(Reason.WRONG_AUDIENCE, f"The token is not for {AUDIENCE}.")
    return claims


def _check_key(key: HeaderKey, issued_at: object, license_id: object) -> None:
    if key.revoked:
        raise Unauthentic(Reason.KEY_REVOKED, f"The key {key.kid} is revoked.")
    if type(issued_at) is not int:
        raise Unauthentic(Reason.BAD_CLAIMS, "`iat` is missing or no whole number.")
    if key.not_before is not None and issued_at < key.not_before:
        raise Unauthentic(Reason.KEY_NOT_YET, f"The key {key.kid} did not sign yet at the token's `iat`.")
    if key.sign_until is not None and issued_at >= key.sign_until:
        raise Unauthentic(Reason.KEY_RETIRED, f"The key {key.kid} no longer signed at the token's `iat`.")
    if key.lid is not None and license_id != key.lid:
        raise bad_claims(f"The key {key.kid} signs for another license alone.")


def bad_claims(detail: str) -> Unauthentic:
    """The refusal of a payload whose members are missing or of the wrong type."""
    return Unauthentic(Reason.BAD_CLAIMS, detail)


def require_range(*numbers: int) -> None:
    """Raises Unauthentic unless every number is one that tokens have."""
    if any(number >> NUMBER_BITS for number in numbers):
        raise bad_claims("A number is out of range.")
