"""Headers that fool naive readers (RFC 8725 tells of most), and the ways to sign under them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from licensing.core.encoding import b64url
from licensing.core.keys import jwk
from licensing.core.tokens import TokenType
from tests.core.factories import LICENSE_KEY, license_token, make_key

ATTACKER = make_key("license", "attacker")
MEGABYTE = 1_000_000

_SIGNED, _, _SIGNATURE = license_token().rpartition(".")
_PAYLOAD = _SIGNED.partition(".")[2]
_JWK = jwk(ATTACKER.kid, ATTACKER.x)
_PUBLIC = LICENSE_KEY.private.public_key()
_PUBLIC_TEXTS = (
    LICENSE_KEY.x,
    _PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    _PUBLIC.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).strip(),
    _PUBLIC.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    json.dumps(jwk(LICENSE_KEY.kid, LICENSE_KEY.x)).encode(),
    b"",
)
"""Everything public that a confused reader may take for the secret of an HMAC."""

_GOOD: dict[str, object] = {"alg": "EdDSA", "kid": LICENSE_KEY.kid, "typ": TokenType.LICENSE.value}
_CHANGES: dict[str, tuple[object, ...]] = {
    "alg": (
        *("none", "None", "NONE", "nOnE", "", None, "HS256", "HS512", "ES256", "RS256"),
        *("Ed25519", "eddsa", "EdDSA ", ["EdDSA"], {"EdDSA": 1}, 0, True),
    ),
    "kid": (
        *("", None, {}, [], 0, ATTACKER.kid, "../../dev/null", "' OR 1=1 --", "\0", "k" * 10_000),
        *(f"{LICENSE_KEY.kid}{end}" for end in ("\0", " ", "\n", "/../x")),
    ),
    "typ": (
        *("JWT", "", None, "koor-license", "KOOR-LICENSE+JWT", "application/koor-license+jwt"),
        *(typ.value for typ in TokenType if typ is not TokenType.LICENSE),
    ),
    "jwk": (_JWK, None, {}, [_JWK]),
    "x5c": (["MIIB"], []),
    "crit": (["exp"], [], ["b64", "b64"], ["nothing"], ["alg"], "b64", None, {}),
    "b64": (False, True, None),
    "cty": ("JWT",),
    "zip": ("DEF",),
    "enc": ("A128GCM",),
}


def headers(listener: str) -> Iterator[bytes]:
    """Every hostile header; `listener` is the address at which a key fetched from it would be noticed."""
    changes: list[dict[str, object]] = [{name: value} for name, values in _CHANGES.items() for value in values]
    changes += [
        {"jku": listener},
        {"x5u": listener},
        {"kid": listener},
        {"jku": listener, "kid": ATTACKER.kid},
        {"jwk": _JWK, "kid": ATTACKER.kid},
        {"b64": False, "crit": ["b64"]},
        {"b64": True, "crit": ["b64"]},
    ]
    for change in changes:
        yield _text({**_GOOD, **change})
    for name in _GOOD:
        yield _text({other: value for other, value in _GOOD.items() if other != name})
    yield from _other_spellings(_text(_GOOD))


def _text(header: dict[str, object]) -> bytes:
    return json.dumps(header, separators=(",", ":"), sort_keys=True).encode()


def _other_spellings(good: bytes) -> Iterator[bytes]:
    """What a JSON reader takes for the good header, names that stand twice, and what is no header at all."""
    yield json.dumps(_GOOD).encode()
    yield json.dumps(dict(reversed(_GOOD.items())), separators=(",", ":")).encode()
    yield good.replace(b"EdDSA", b"Ed\\u0044SA")
    yield from (good + b" ", b" " + good, b"\xef\xbb\xbf" + good, good + b"\n", good.decode().encode("utf-16"))
    yield from (b'{"alg":"none",' + good[1:], good[:-1] + b',"alg":"none"}', good[:-1] + b',"kid":"x"}')
    yield from (b"", b"{}", b"[]", b"null", b'"EdDSA"', b"\xff\xfe", b"{" * 1_000, b"[" * MEGABYTE, b"A" * MEGABYTE)


def under(header: bytes) -> Iterator[str]:
    """A good license's payload under `header`: unsigned, signed by the attacker, by HMAC, and even by our own key."""
    signed = f"{b64url(header)}.{_PAYLOAD}"
    yield f"{signed}."
    yield f"{signed}.{_SIGNATURE}"
    yield ATTACKER.sign_text(signed)
    yield LICENSE_KEY.sign_text(signed)
    for secret in _PUBLIC_TEXTS:
        yield f"{signed}.{b64url(hmac.digest(secret, signed.encode(), hashlib.sha256))}"
        yield f"{signed}.{b64url(hmac.digest(secret, signed.encode(), hashlib.sha512))}"
