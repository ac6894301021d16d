"""The token format, and the order in which a reader looks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.core.encoding import b64url, unb64url
from licensing.core.errors import Reason, Unauthentic
from licensing.core.tokens import (
    AUDIENCE,
    HeaderKey,
    TokenType,
    assemble,
    header_segment,
    open_token,
    signing_input,
)
from tests.core.factories import LICENSE_KEY, NOW

CLAIMS: dict[str, object] = {"aud": AUDIENCE, "iat": NOW}
KEY = HeaderKey(TokenType.LICENSE, LICENSE_KEY.kid, LICENSE_KEY.private.public_key())
HEADERS = {LICENSE_KEY.header: KEY}


def make_token(**claims: object) -> str:
    return LICENSE_KEY.sign({**CLAIMS, **claims})


def open_license(token: object, headers: Mapping[str, HeaderKey] = HEADERS) -> dict[str, Any]:
    return open_token(token, headers, TokenType.LICENSE)


def reason_for(token: object, **changes: Any) -> Reason:
    with pytest.raises(Unauthentic) as refused:
        open_license(token, **changes)
    return refused.value.reason


def test_the_header_is_canonical_json_of_three_members() -> None:
    header = header_segment("license-1", TokenType.LICENSE)

    assert unb64url(header) == b'{"alg":"EdDSA","kid":"license-1","typ":"koor-license+jwt"}'


def test_the_same_claims_give_the_same_signing_input_in_any_order() -> None:
    one = signing_input("h", {"a": 1, "b": [2]})
    other = signing_input("h", {"b": [2], "a": 1})

    assert one == other == "h." + b64url(b'{"a":1,"b":[2]}')


def test_a_signature_of_rfc_8037_is_reproduced() -> None:
    # RFC 8037, Appendix A.4: key, header, payload and signature.
    private = Ed25519PrivateKey.from_private_bytes(unb64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
    signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"

    token = assemble(signed, private.sign(signed.encode()))

    assert token == (f"{signed}.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")


def test_an_authentic_token_opens_with_all_its_claims_and_the_key_that_signed() -> None:
    opened = open_license(make_token(unheard_of={"x": [1]}))

    assert opened == {**CLAIMS, "unheard_of": {"x": [1]}}


def test_time_is_not_looked_at() -> None:
    opened = open_license(make_token(iat=0, nbf=2**40, exp=1))

    assert opened["exp"] == 1


def test_each_step_has_its_reason() -> None:
    header, payload, signature = make_token().split(".")
    other_signature = make_token(iat=NOW + 1).rpartition(".")[2]
    cases = [
        (f"{header}.{payload}", Reason.NOT_A_TOKEN),
        (f"{header}.{'A' * 4_096}.{signature}", Reason.TOO_LONG),
        (f"{header}A.{payload}.{signature}", Reason.UNKNOWN_HEADER),
        (f"{header}.{payload}=.{signature}", Reason.BAD_ENCODING),
        (f"{header}.{payload}.{signature[:-2]}==", Reason.BAD_ENCODING),
        (f"{header}.{payload}.{other_signature}", Reason.BAD_SIGNATURE),
        (LICENSE_KEY.sign_payload(b"{"), Reason.BAD_PAYLOAD),
        (LICENSE_KEY.sign({"aud": AUDIENCE}), Reason.BAD_CLAIMS),
        (make_token(aud="koor"), Reason.WRONG_AUDIENCE),
    ]

    assert [reason_for(token) for token, _ in cases] == [reason for _, reason in cases]


def test_a_known_header_of_another_type_is_the_wrong_type() -> None:
    with pytest.raises(Unauthentic) as refused:
        open_token(make_token(), HEADERS, TokenType.LEASE)

    assert refused.value.reason is Reason.WRONG_TYPE


def test_the_payload_is_not_read_before_the_signature_holds() -> None:
    header, _, signature = make_token().split(".")

    assert reason_for(f"{header}.{b64url(b'no JSON')}.{signature}") is Reason.BAD_SIGNATURE


@pytest.mark.parametrize(
    ("not_before", "sign_until", "reason"),
    [
        (NOW + 1, None, Reason.KEY_NOT_YET),
        (None, NOW, Reason.KEY_RETIRED),
    ],
)
def test_a_key_signs_from_its_first_second_until_before_its_last(
    not_before: int | None, sign_until: int | None, reason: Reason
) -> None:
    outside = HeaderKey(KEY.typ, KEY.kid, KEY.public, not_before, sign_until)
    within = HeaderKey(KEY.typ, KEY.kid, KEY.public, NOW, NOW + 1)

    assert reason_for(make_token(), headers={LICENSE_KEY.header: outside}) is reason
    assert open_license(make_token(), {LICENSE_KEY.header: within}) == CLAIMS


def test_a_revoked_key_is_named_as_such_whenever_it_signed() -> None:
    revoked = HeaderKey(KEY.typ, KEY.kid, KEY.public, NOW + 1, NOW + 2, revoked=True)

    assert reason_for(make_token(), headers={LICENSE_KEY.header: revoked}) is Reason.KEY_REVOKED
