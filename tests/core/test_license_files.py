"""The license file: three tokens and a page for the reader, believed only when each is verified."""

from __future__ import annotations

import json

import pytest

from licensing.core.errors import Reason, Unauthentic
from licensing.core.licenses import MAX_FILE_CHARACTERS, UnverifiedLicenseFile, read_license_file

FILE = {"v": 1, "keys": "k", "license": "l", "revoked": "r", "human": {"seats": 8}}


@pytest.mark.parametrize("encoded", [True, False])
def test_a_license_file_is_three_tokens(encoded: bool) -> None:
    text = json.dumps(FILE)

    assert read_license_file(text.encode() if encoded else text) == UnverifiedLicenseFile("k", "l", "r")


def test_a_license_file_may_lack_the_revoked_list_and_carry_what_is_unknown() -> None:
    text = json.dumps({"v": 1, "keys": "k", "license": "l", "tomorrow": [1]})

    assert read_license_file(text) == UnverifiedLicenseFile("k", "l", None)


@pytest.mark.parametrize(
    "text",
    [
        *("", "null", "[]", "4", '"x"', "{", "a.b.c", "\ud800", b"\xff", '{"v":1,"v":1}', "[" * 100_000),
        *(json.dumps({**FILE, "v": v}) for v in (0, 2, "1", True, None, [1])),
        *(json.dumps(FILE).replace(f'"{token}"', literal) for token in "kl" for literal in ("null", "1", "[]", "{}")),
        *(json.dumps(FILE).replace('"r"', literal) for literal in ("1", "[]", "{}", "false")),
        *(json.dumps({k: v for k, v in FILE.items() if k != name}) for name in ("v", "keys", "license")),
    ],
)
def test_what_is_no_license_file_is_refused(text: str | bytes) -> None:
    with pytest.raises(Unauthentic) as refused:
        read_license_file(text)

    assert refused.value.reason is Reason.BAD_FILE


def test_a_license_file_may_be_as_long_as_its_cap_and_no_longer() -> None:
    longest = json.dumps(FILE).ljust(MAX_FILE_CHARACTERS)

    assert read_license_file(longest).keys == "k"
    with pytest.raises(Unauthentic, match="at most"):
        read_license_file(longest + " ")
