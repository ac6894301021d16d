"""Independent witnesses: PyJWT and joserfc read what we sign, through a plain JWKS, and refuse what was altered."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from licensing.core.encoding import canonical_json
from licensing.core.keys import jwk
from licensing.core.licenses import license_claims
from licensing.core.tokens import AUDIENCE
from tests.core.factories import ISSUER, LEASE_KEY, LICENSE_KEY, license_token, make_key, make_license

JWKS: dict[str, Any] = {"keys": [jwk(key.kid, key.x) for key in (LEASE_KEY, LICENSE_KEY)]}
"""As /.well-known/jwks.json has it: no `alg`, for the two know Ed25519 by different names."""

CLAIMS: dict[str, Any] = json.loads(canonical_json(license_claims(make_license(), ISSUER)))


def read_with_pyjwt(token: str) -> dict[str, Any]:
    key = jwt.PyJWKSet.from_dict(JWKS)[jwt.get_unverified_header(token)["kid"]]
    untimed = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(token, key, algorithms=["EdDSA"], audience=AUDIENCE, options=untimed)  # type: ignore[arg-type]  # a TypedDict
    return claims


def read_with_joserfc(token: str) -> dict[str, Any]:
    signed = jws.deserialize_compact(token, KeySet.import_key_set(JWKS), algorithms=["EdDSA", "Ed25519"])  # type: ignore[arg-type]
    claims: dict[str, Any] = json.loads(signed.payload)
    return claims


Witness = Callable[[str], dict[str, Any]]
WITNESSES = pytest.mark.parametrize("witness", [read_with_pyjwt, read_with_joserfc])


@WITNESSES
def test_our_license_is_read_by_others(witness: Witness) -> None:
    assert witness(license_token()) == CLAIMS


@WITNESSES
def test_others_refuse_what_was_altered(witness: Witness) -> None:
    header, payload, signature = license_token().split(".")
    more_seats = license_token(seats=9).split(".")[1]

    with pytest.raises((jwt.PyJWTError, JoseError)):
        witness(f"{header}.{more_seats}.{signature}")
    assert witness(f"{header}.{payload}.{signature}") == CLAIMS


@WITNESSES
def test_others_refuse_a_stranger_who_signs_under_our_name(witness: Witness) -> None:
    signed = license_token().rpartition(".")[0]

    with pytest.raises((jwt.PyJWTError, JoseError)):
        witness(make_key("license", "stranger").sign_text(signed))


@WITNESSES
def test_others_need_no_special_name_for_the_algorithm(witness: Witness) -> None:
    header = jwt.get_unverified_header(license_token())

    assert header == {"alg": "EdDSA", "kid": LICENSE_KEY.kid, "typ": "koor-license+jwt"}
    assert all("alg" not in key for key in JWKS["keys"])
    assert witness(license_token())
