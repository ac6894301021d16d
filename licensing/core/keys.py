"""Two layers of keys: offline root keys sign the key statement, and the statement names the working keys.

The key statement (`koor-keys+jwt`) is a JSON Web Key Set (RFC 7517 §5) with four more members a key:

    {"v":1, "iss":…, "aud":"koor-dcc", "iat":…, "seq":n,
     "keys":[{"kty":"OKP","crv":"Ed25519","kid":…,"x":…, "purpose":…,"state":…,"nbf":…,"sign_until":…}]}

`seq` rises with every statement; a reader keeps the highest it has seen. `purpose` is what the key signs, `state` where
it stands in its life: `next` (published, not used yet) → `active` (signs) → `retired` (signed until `sign_until`, what
it signed then still stands); `revoked` at any time (nothing it signed stands). A statement never expires.

A key's name (`kid`) is its purpose and the first 16 hex digits of its RFC 7638 thumbprint: `license-9f86d081884c7d65`.
Keys of a development server are named `TEST-…`; a client trusts a `TEST-` root only when told,
a production server never.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType, NoneType
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from licensing.core.encoding import b64url, canonical_json, unb64url
from licensing.core.errors import Reason, Unauthentic
from licensing.core.tokens import (
    AUDIENCE,
    HeaderKey,
    Headers,
    TokenType,
    bad_claims,
    header_segment,
    open_token,
    require_range,
)

TEST_MARK = "TEST-"
PUBLIC_KEY_BYTES = 32
PUBLISHED_PAIRS = frozenset({"d500933b491911deaf22915ae9d7c9f2473a0264d8dff5e86e5f6a5491b754b7"})
"""Thumbprints of pairs whose private half everybody has (`keys/test/`), whatever they call themselves."""

# The encodings of y of the eight points of small order on edwards25519, canonical and not (RFC 7748 §7 tells why
# they are dangerous): a signature under such a key can be valid for many messages. The sign bit is masked off.
_FIELD_PRIME = 2**255 - 19
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _FIELD_PRIME - 1,
        int.from_bytes(bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"), "little"),
        int.from_bytes(bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"), "little"),
    }
)


class Purpose(StrEnum):
    """What a working key signs."""

    LICENSE = "license"
    LEASE = "lease"
    REVOCATION = "revocation"
    LOG = "log"


class KeyState(StrEnum):
    """Where a working key stands in its life."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRED = "retired"
    REVOKED = "revoked"


_PURPOSES, _STATES = [purpose.value for purpose in Purpose], [state.value for state in KeyState]

TYPE_OF: Mapping[Purpose, TokenType] = MappingProxyType(
    {
        Purpose.LICENSE: TokenType.LICENSE,
        Purpose.LEASE: TokenType.LEASE,
        Purpose.REVOCATION: TokenType.REVOKED,
    }
)
"""The token type each purpose signs. The log key signs checkpoints, which are signed notes and no tokens."""


def load_public_key(x: bytes) -> Ed25519PublicKey:
    """The public key of 32 bytes `x` (RFC 8032 §5.1.5); raises Unauthentic for a weak or non-canonical one."""
    if len(x) != PUBLIC_KEY_BYTES:
        raise Unauthentic(Reason.BAD_KEY, f"An Ed25519 public key has {PUBLIC_KEY_BYTES} bytes, this has {len(x)}.")
    y = int.from_bytes(x, "little") & (2**255 - 1)
    if y >= _FIELD_PRIME:
        raise Unauthentic(Reason.BAD_KEY, "The public key is not in canonical form.")
    if y in _SMALL_ORDER_Y:
        raise Unauthentic(Reason.BAD_KEY, "The public key has small order: anyone could sign for it.")
    return Ed25519PublicKey.from_public_bytes(x)


def public_bytes(public: Ed25519PublicKey) -> bytes:
    """The 32 bytes of `public`."""
    return public.public_bytes(Encoding.Raw, PublicFormat.Raw)


def thumbprint(x: bytes) -> str:
    """RFC 7638 SHA-256 thumbprint of the Ed25519 public key `x`, in hex."""
    return hashlib.sha256(canonical_json({"crv": "Ed25519", "kty": "OKP", "x": b64url(x)})).hexdigest()


def is_worthless(kid: str, x: bytes) -> bool:
    """Whether production must not use the key: marked for development, or with a published private half."""
    return kid.startswith(TEST_MARK) or thumbprint(x) in PUBLISHED_PAIRS


def name_key(x: bytes, role: str, *, test: bool) -> str:
    """The `kid` of public key `x` in `role` (a purpose, or `root`)."""
    return f"{TEST_MARK if test else ''}{role}-{thumbprint(x)[:16]}"


def jwk(kid: str, x: bytes) -> dict[str, str]:
    """The public JSON Web Key (RFC 8037 §2). No `alg`: the curve says it, and readers differ on its name."""
    return {"kty": "OKP", "crv": "Ed25519", "kid": kid, "x": b64url(x)}


def read_jwk(document: object) -> tuple[str, bytes]:
    """`kid` and public bytes of a JWK; raises Unauthentic when it is no Ed25519 public key."""
    if type(document) is not dict or document.get("kty") != "OKP" or document.get("crv") != "Ed25519":
        raise Unauthentic(Reason.BAD_KEY, "Not a JSON Web Key of an Ed25519 public key.")
    kid, x = document.get("kid"), document.get("x")
    if type(kid) is not str or type(x) is not str or not kid:
        raise Unauthentic(Reason.BAD_KEY, "The JSON Web Key lacks `kid` or `x`.")
    try:
        return kid, unb64url(x)
    except ValueError as error:
        raise Unauthentic(Reason.BAD_KEY, "The JSON Web Key's `x` is not base64url.") from error


@dataclass(frozen=True, slots=True)
class RootKey:
    """A root public key: the only thing a client has to trust beforehand."""

    kid: str
    x: bytes

    @property
    def is_test(self) -> bool:
        return self.kid.startswith(TEST_MARK)


def read_root(document: object) -> RootKey:
    """The root key of a JWK; raises Unauthentic unless it is sound and its name is derived from it."""
    kid, x = read_jwk(document)
    load_public_key(x)
    if kid != name_key(x, "root", test=kid.startswith(TEST_MARK)):
        raise Unauthentic(Reason.BAD_KEY, "The root key's name does not belong to it.")
    return RootKey(kid, x)


@dataclass(frozen=True, slots=True)
class WorkingKey:
    """One entry of the key statement. Times are Unix seconds; it may have signed while `nbf <= iat < sign_until`."""

    kid: str
    x: bytes
    purpose: Purpose
    state: KeyState
    nbf: int
    sign_until: int

    def member(self) -> dict[str, object]:
        """The entry as it stands in the statement."""
        return {
            **jwk(self.kid, self.x),
            "purpose": self.purpose,
            "state": self.state,
            "nbf": self.nbf,
            "sign_until": self.sign_until,
        }


@dataclass(frozen=True, slots=True)
class Keyring:
    """The working keys of one verified statement, and the header texts they sign under."""

    seq: int
    iat: int
    keys: tuple[WorkingKey, ...]
    headers: Headers

    def active(self, purpose: Purpose) -> WorkingKey | None:
        """The key that signs for `purpose` now, if there is one."""
        return next((key for key in self.keys if key.purpose is purpose and key.state is KeyState.ACTIVE), None)

    def find(self, kid: str) -> WorkingKey | None:
        """The key named `kid`."""
        return next((key for key in self.keys if key.kid == kid), None)

    def ignoring_revocation(self) -> Headers:
        """Headers in which a revoked key still opens what it signed.

        Only for a reader that then asks the ledger: after a theft the ledger tells our tokens from the thief's, which
        no signature can.
        """
        return _headers(self.keys, honour_revocation=False)


def statement_claims(issuer: str, seq: int, iat: int, keys: Iterable[WorkingKey]) -> dict[str, object]:
    """The payload of a key statement."""
    members = [key.member() for key in keys]
    return {"v": 1, "iss": issuer, "aud": AUDIENCE, "iat": iat, "seq": seq, "keys": members}


def open_statement(unverified_token: object, roots: Iterable[RootKey]) -> Keyring:
    """The keyring that `unverified_token` states, proved by one of `roots`; raises Unauthentic."""
    headers = {
        header_segment(root.kid, TokenType.KEYS): HeaderKey(TokenType.KEYS, root.kid, load_public_key(root.x))
        for root in roots
    }
    try:
        claims = open_token(unverified_token, headers, TokenType.KEYS)
    except Unauthentic as error:
        if error.reason is Reason.UNKNOWN_HEADER:
            raise Unauthentic(
                Reason.UNKNOWN_ROOT, "The key statement is not signed by a root key trusted here."
            ) from error
        raise
    return read_statement(claims)


def read_statement(claims: Mapping[str, Any]) -> Keyring:
    """The keyring that the payload of a statement describes; raises Unauthentic."""
    if claims.get("v") != 1 or type(claims.get("v")) is not int:
        raise Unauthentic(Reason.WRONG_VERSION, "This key statement is of a version not known here.")
    seq, iat, members = claims.get("seq"), claims.get("iat"), claims.get("keys")
    if type(seq) is not int or type(iat) is not int or type(members) is not list:
        raise bad_claims("The key statement lacks `seq` or `keys`.")
    require_range(seq, iat)
    entries = (_working_key(member) for member in members)
    return build_keyring(seq, iat, tuple(entry for entry in entries if entry is not None))


def build_keyring(seq: int, iat: int, keys: tuple[WorkingKey, ...]) -> Keyring:
    """The keyring of already trusted entries; raises Unauthentic for weak keys or names that stand twice."""
    if len({key.kid for key in keys}) != len(keys) or len({key.x for key in keys}) != len(keys):
        raise bad_claims("A key stands twice in the key statement.")
    return Keyring(seq, iat, keys, _headers(keys, honour_revocation=True))


def newest(first: Keyring | None, second: Keyring) -> Keyring:
    """The keyring of the higher `seq`: what a reader keeps."""
    return second if first is None or second.seq >= first.seq else first


def _headers(keys: Iterable[WorkingKey], *, honour_revocation: bool) -> Headers:
    headers = {}
    for key in keys:
        public = load_public_key(key.x)
        typ = TYPE_OF.get(key.purpose)
        if typ is not None:
            revoked = honour_revocation and key.state is KeyState.REVOKED
            headers[header_segment(key.kid, typ)] = HeaderKey(typ, key.kid, public, key.nbf, key.sign_until, revoked)
    return headers


def _working_key(member: Any) -> WorkingKey | None:
    if type(member) is not dict:
        raise bad_claims("An entry of the key statement is no object.")
    kty, crv, purpose, state = (member.get(name) for name in ("kty", "crv", "purpose", "state"))
    if {type(kty), type(purpose), type(state)} != {str} or type(crv) not in (str, NoneType):
        raise bad_claims("An entry of the key statement does not say what it is.")
    if (kty, crv) != ("OKP", "Ed25519") or purpose not in _PURPOSES or state not in _STATES:
        return None  # a later server's kind of key: this reader has no use for it, and must not stop for it
    kid, x = read_jwk(member)
    nbf, sign_until = member.get("nbf"), member.get("sign_until")
    if type(nbf) is not int or type(sign_until) is not int or nbf > sign_until:
        raise bad_claims(f"The key {kid} lacks its window.")
    require_range(nbf, sign_until)
    return WorkingKey(kid, x, Purpose(purpose), KeyState(state), nbf, sign_until)
