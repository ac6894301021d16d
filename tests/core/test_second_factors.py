"""Codes that change every 30 seconds, against the vectors of RFC 6238."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from licensing.core.second_factors import base32, matching_step, uri

SECRET = b"12345678901234567890"
AT, CODE = 1_111_111_109, "081804"


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (AT, CODE), (1_111_111_111, "050471"), (1_234_567_890, "005924"), (2_000_000_000, "279037")],
)
def test_the_vectors_of_rfc_6238_appendix_b(seconds: int, code: str) -> None:
    assert matching_step(SECRET, code, at(seconds), 0) == seconds // 30


def test_clocks_may_differ_by_one_step_either_way() -> None:
    first = AT // 30 * 30  # the first second of the code's step
    steps = [matching_step(SECRET, CODE, at(first) + timedelta(seconds=drift), 0) for drift in (-31, -30, 59, 60)]

    assert steps == [None, AT // 30, AT // 30, None]


def test_a_code_is_not_taken_twice_nor_one_from_before() -> None:
    assert matching_step(SECRET, CODE, at(AT), AT // 30 - 1) == AT // 30
    assert matching_step(SECRET, CODE, at(AT), AT // 30) is None
    assert matching_step(SECRET, CODE, at(AT), AT // 30 + 1) is None


@pytest.mark.parametrize("code", ["", "81804", "0818040", "081805", "x81804", "०८१८०४", "\ud800"])
def test_another_text_is_no_code(code: str) -> None:
    assert matching_step(SECRET, code, at(AT), 0) is None


def test_blanks_in_a_code_do_not_count() -> None:
    assert matching_step(SECRET, " 081 804 ", at(AT), 0) == AT // 30


def test_the_secret_is_told_to_apps() -> None:
    assert base32(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert uri(SECRET, "eve@koor.example").startswith("otpauth://totp/Koor:eve%40koor.example?")
    assert f"secret={base32(SECRET)}" in uri(SECRET, "eve@koor.example")
