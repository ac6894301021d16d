"""A right signature excuses nothing: payloads that our own keys signed and that no reader takes."""

from __future__ import annotations

import pytest

from licensing.core.errors import Reason
from licensing.core.tokens import TokenType
from tests.core.factories import REVOCATION_KEY
from tests.core.hostile import refusal
from tests.core.hostile_payloads import CLAIMS, SIGNER, badly_typed, not_strict_json, out_of_range, spoiled


@pytest.mark.parametrize("typ", TokenType)
def test_a_member_missing_or_of_the_wrong_type_is_refused_although_signed(typ: TokenType) -> None:
    reasons = {refusal(typ, SIGNER[typ].sign_payload(payload)) for payload in badly_typed(typ)}

    assert None not in reasons
    assert {Reason.BAD_CLAIMS, Reason.BAD_PAYLOAD, Reason.WRONG_AUDIENCE} <= reasons


@pytest.mark.parametrize("typ", TokenType)
def test_what_is_not_strict_json_is_refused_although_signed(typ: TokenType) -> None:
    *broken, empty_object = (refusal(typ, SIGNER[typ].sign_payload(payload)) for payload in not_strict_json(typ))

    assert set(broken) == {Reason.BAD_PAYLOAD}
    assert empty_object is Reason.BAD_CLAIMS


@pytest.mark.parametrize("typ", TokenType)
def test_a_number_out_of_range_is_refused_although_signed(typ: TokenType) -> None:
    accepted = [payload for payload in out_of_range(typ) if refusal(typ, SIGNER[typ].sign_payload(payload)) is None]

    assert accepted == []


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":'])
def test_a_payload_nested_a_hundred_thousand_deep_is_refused_without_overflow(opening: bytes) -> None:
    payload = b'{"a":' + opening * 100_000

    assert refusal(TokenType.REVOKED, REVOCATION_KEY.sign_payload(payload)) is Reason.BAD_PAYLOAD


def test_a_number_of_five_thousand_digits_is_refused() -> None:
    payload = spoiled(CLAIMS[TokenType.REVOKED], ("seq",), "9" * 5_000)

    assert refusal(TokenType.REVOKED, REVOCATION_KEY.sign_payload(payload)) is Reason.BAD_PAYLOAD


@pytest.mark.parametrize("audience", ["koor", "KOOR-DCC", "koor-dcc ", ["koor-dcc"], None, "", 0, True])
@pytest.mark.parametrize("typ", TokenType)
def test_a_token_for_another_product_is_refused_as_such(typ: TokenType, audience: object) -> None:
    token = SIGNER[typ].sign({**CLAIMS[typ], "aud": audience})

    assert refusal(typ, token) is Reason.WRONG_AUDIENCE


@pytest.mark.parametrize("version", ["0", "2", "-1"])
@pytest.mark.parametrize("typ", [TokenType.LICENSE, TokenType.LEASE, TokenType.KEYS, TokenType.REVOKED])
def test_a_version_not_known_here_is_refused_as_such(typ: TokenType, version: str) -> None:
    path = ("koor", "v") if typ is TokenType.LICENSE else ("v",)
    payload = spoiled(CLAIMS[typ], path, version)

    assert refusal(typ, SIGNER[typ].sign_payload(payload)) is Reason.WRONG_VERSION
