"""The instance key: only the client that was first, and each request once."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from licensing.core.encoding import b64url
from licensing.core.errors import InstanceMismatch
from licensing.core.instances import Proof, check, read_proof, signed_text
from tests.core.factories import Key, make_key

INSTANCE, STRANGER = make_key("instance"), make_key("instance", "stranger")
REQUEST: dict[str, Any] = {"method": "POST", "path": "/v1/checkins", "body": b'{"nodes":[]}'}
LARGEST = 2**53 - 1


def make_header(number: object = 7, key: Key = INSTANCE, **changes: Any) -> str:
    signature = key.private.sign(signed_text(**{**REQUEST, "number": number, **changes}))
    return f"{number} {b64url(signature)}"


def read(header: str | None, **changes: Any) -> Proof | None:
    return read_proof(header, **{**REQUEST, **changes})


def test_the_signed_text_is_the_one_that_is_documented() -> None:
    text = signed_text("DELETE", "/v1/clusters/x", b"", 9)

    assert text.decode().split("\n") == [
        "koor-instance/v1",
        "DELETE",
        "/v1/clusters/x",
        hashlib.sha256(b"").hexdigest(),
        "9",
    ]


@pytest.mark.parametrize("number", [7, LARGEST])
def test_the_pinned_key_is_let_in_with_a_number_that_rises(number: int) -> None:
    assert check(read(make_header(number)), INSTANCE.x, last_number=6) == number


@pytest.mark.parametrize("last_number", [7, 8])
def test_a_number_that_does_not_rise_is_refused(last_number: int) -> None:
    with pytest.raises(InstanceMismatch, match=f"above {last_number}, not 7"):
        check(read(make_header(7)), INSTANCE.x, last_number)


def test_a_pinned_cluster_needs_a_proof() -> None:
    with pytest.raises(InstanceMismatch, match="pinned"):
        check(read(None), INSTANCE.x, last_number=0)


def test_another_key_is_refused() -> None:
    with pytest.raises(InstanceMismatch, match="another instance key"):
        check(read(make_header(key=STRANGER)), INSTANCE.x, last_number=0)


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "DELETE"},
        {"path": "/v1/checkins/"},
        {"path": "/v1/checkins?x"},
        {"body": b'{"nodes":["a"]}'},
        {"body": b""},
    ],
)
def test_a_proof_holds_for_its_own_request_alone(changes: dict[str, Any]) -> None:
    with pytest.raises(InstanceMismatch):
        check(read(make_header(), **changes), INSTANCE.x, last_number=0)


def test_a_proof_holds_for_its_own_number_alone() -> None:
    _, _, signature = make_header(7).partition(" ")

    with pytest.raises(InstanceMismatch):
        check(read(f"8 {signature}"), INSTANCE.x, last_number=0)


@pytest.mark.parametrize("length", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(length: int) -> None:
    header = f"7 {b64url(bytes(length))}"

    with pytest.raises(InstanceMismatch):
        check(read(header), INSTANCE.x, last_number=0)


@pytest.mark.parametrize(
    "header",
    [
        *("", " ", "7=", "-1 AAAA", "+7 AAAA", "7.0 AAAA", "x AAAA", "٧ AAAA", "0x7 AAAA", " 7 AAAA", "7_0 AAAA"),
        *("7 A", "7 AAAA=", "7  AAAA", "7 AAAA ", "7 é", "7 \ud800", "7 AAAA AAAA"),
        *(f"{LARGEST + 1} AAAA", f"{'9' * 5_000} AAAA"),
    ],
)
def test_a_header_of_another_form_is_refused(header: str) -> None:
    with pytest.raises(InstanceMismatch):
        read(header)


def test_a_path_that_can_not_be_written_is_refused() -> None:
    with pytest.raises(InstanceMismatch):
        read("7 AAAA", path="/\ud800")
