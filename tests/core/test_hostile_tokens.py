"""What must never open. The one exception a reader may raise is Unauthentic."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from itertools import permutations
from time import perf_counter

import pytest

from licensing.core.encoding import b64url, unb64url
from licensing.core.errors import Reason, Unauthentic
from licensing.core.tokens import MAX_CHARACTERS, TokenType
from tests.core.hostile import GOOD, READ, altered, cut, misshapen, refusal, spliced
from tests.core.hostile_headers import ATTACKER, MEGABYTE, headers, under
from tests.core.hostile_payloads import CLAIMS, SIGNER, badly_typed, not_strict_json

ORDER_OF_THE_GROUP = 2**252 + 27742317777372353535851937790883648493
"""L of RFC 8032 §5.1."""


def every_hostile_token(listener: str) -> Iterator[tuple[TokenType, object]]:
    for typ, token in GOOD.items():
        for family in (altered(token), cut(token), misshapen(token), spliced()):
            yield from ((typ, hostile) for hostile in family)
        for payload in (*badly_typed(typ), *not_strict_json(typ)):
            yield typ, SIGNER[typ].sign_payload(payload)
    yield from ((typ, GOOD[other]) for typ, other in permutations(TokenType, 2))
    yield from ((TokenType.LICENSE, token) for header in headers(listener) for token in under(header))


def test_the_good_tokens_open() -> None:
    reasons = {typ: refusal(typ, token) for typ, token in GOOD.items()}

    assert reasons == dict.fromkeys(TokenType)


def test_of_more_than_forty_thousand_hostile_tokens_none_opens() -> None:
    tried, accepted = 0, []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)

        for typ, token in every_hostile_token(f"http://127.0.0.1:{listener.getsockname()[1]}/jwks.json"):
            tried += 1
            if refusal(typ, token) is None:
                accepted.append((typ, token))

        with pytest.raises(BlockingIOError):
            listener.accept()  # a reader that fetches a key from where the token says would have called here
    assert accepted == []
    assert tried >= 40_000


@pytest.mark.parametrize(("typ", "other"), [*permutations([TokenType.LICENSE, TokenType.LEASE, TokenType.REVOKED], 2)])
def test_a_token_of_one_type_is_refused_as_another_for_its_type(typ: TokenType, other: TokenType) -> None:
    assert refusal(typ, GOOD[other]) is Reason.WRONG_TYPE


def test_a_working_token_is_no_key_statement_and_a_key_statement_no_working_token() -> None:
    assert refusal(TokenType.KEYS, GOOD[TokenType.LICENSE]) is Reason.UNKNOWN_ROOT
    assert refusal(TokenType.LICENSE, GOOD[TokenType.KEYS]) is Reason.UNKNOWN_HEADER


def test_whatever_a_header_asks_for_it_is_refused_unread_even_under_our_own_signature() -> None:
    reasons = {
        refusal(TokenType.LICENSE, token)
        for header in headers("https://attacker.example/")
        for token in under(header)
        if len(token) <= MAX_CHARACTERS[TokenType.LICENSE]
    }

    assert reasons == {Reason.UNKNOWN_HEADER}


def test_a_signature_plus_the_order_of_the_group_is_refused() -> None:
    signed, _, signature = GOOD[TokenType.LICENSE].rpartition(".")
    raw = unb64url(signature)
    scalar = int.from_bytes(raw[32:], "little") + ORDER_OF_THE_GROUP
    malleable = raw[:32] + scalar.to_bytes(32, "little")

    assert refusal(TokenType.LICENSE, f"{signed}.{b64url(malleable)}") is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("length", [0, 32, 63, 65, 128])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    signed, _, signature = GOOD[TokenType.LICENSE].rpartition(".")
    resized = (unb64url(signature) * 2)[:length]

    assert refusal(TokenType.LICENSE, f"{signed}.{b64url(resized)}") is Reason.BAD_SIGNATURE


def test_an_attacker_who_names_his_key_like_ours_is_refused_by_the_signature() -> None:
    signed = GOOD[TokenType.LICENSE].rpartition(".")[0]

    assert refusal(TokenType.LICENSE, ATTACKER.sign_text(signed)) is Reason.BAD_SIGNATURE


@pytest.mark.parametrize("typ", TokenType)
def test_a_token_may_be_as_long_as_its_cap_and_no_longer(typ: TokenType) -> None:
    cap = MAX_CHARACTERS[typ]
    header, _, signature = GOOD[typ].split(".")
    longest = f"{header}.{'A' * (cap - len(header) - len(signature) - 2)}.{signature}"

    assert refusal(typ, longest) is not Reason.TOO_LONG
    assert refusal(typ, longest + "A") is Reason.TOO_LONG


@pytest.mark.parametrize("typ", TokenType)
def test_a_megabyte_of_header_is_refused_in_less_than_ten_milliseconds(typ: TokenType) -> None:
    hostile = f"{b64url(b'[' * MEGABYTE)}.{b64url(json.dumps(CLAIMS[typ]).encode())}.{b64url(bytes(64))}"

    seconds = []
    for _ in range(5):
        start = perf_counter()
        assert refusal(typ, hostile) is Reason.TOO_LONG
        seconds.append(perf_counter() - start)

    assert min(seconds) < 0.010


@pytest.mark.parametrize("typ", TokenType)
def test_every_reader_refuses_what_is_no_text(typ: TokenType) -> None:
    reasons = set()
    for thing in (None, 7, b"a.b.c", ["a", "b", "c"], GOOD[typ].encode()):
        with pytest.raises(Unauthentic) as refused:
            READ[typ](thing)
        reasons.add(refused.value.reason)

    assert reasons == {Reason.NOT_A_TOKEN}
