"""Checkpoints as C2SP signed notes: what others read, and what we refuse to."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.checkpoints import Checkpoint, read_note, verifier_key, write_note, write_proof
from licensing.core.errors import LedgerBroken
from tests.core.factories import LOG_KEY, Key, make_key

ORIGIN = "licenses.example.com/ledger/1"
CHECKPOINT = Checkpoint(ORIGIN, 80_762, bytes(range(32)))
NEXT_LOG_KEY = make_key("log", "next")


def make_note(checkpoint: Checkpoint = CHECKPOINT, key: Key = LOG_KEY) -> str:
    return write_note(checkpoint, key.x, key.private.sign)


NOTE = make_note()


def sign_body(body: str, name: str = ORIGIN) -> str:
    """A note of any body, rightly signed by the log key."""
    key_hash = bytes.fromhex(verifier_key(name, LOG_KEY.x).split("+")[1])
    mark = b64encode(key_hash + LOG_KEY.private.sign(body.encode())).decode()
    return f"{body}\n— {name} {mark}\n"


@pytest.mark.parametrize(
    "vkey",
    [
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",  # golang.org/x/mod/sumdb/note
        "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",  # the Go checksum database
    ],
)
def test_a_verifier_key_is_written_as_go_writes_it(vkey: str) -> None:
    name, _, encoded = vkey.split("+", 2)

    assert verifier_key(name, b64decode(encoded)[1:]) == vkey


def test_a_note_has_the_form_of_the_specification() -> None:
    origin, size, encoded_root, empty, signature, end = NOTE.split("\n")

    assert (origin, size, empty, end) == (ORIGIN, "80762", "", "")
    assert b64decode(encoded_root) == CHECKPOINT.root
    dash, name, mark = signature.split(" ")
    assert (dash, name, len(b64decode(mark))) == ("—", ORIGIN, 4 + 64)


@given(st.integers(0, 2**53), st.binary(min_size=32, max_size=32))
def test_every_checkpoint_is_read_as_it_was_written(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root)

    assert read_note(make_note(checkpoint), [LOG_KEY.x]) == checkpoint


def test_a_note_is_read_with_any_of_the_log_keys() -> None:
    assert read_note(NOTE, [NEXT_LOG_KEY.x, LOG_KEY.x]) == CHECKPOINT


def test_a_note_that_others_signed_too_is_read() -> None:
    witness = "— witness.example.com AAAAAAAAAAA=\n"
    body, signature = NOTE.split("\n\n")

    assert read_note(f"{body}\n\n{witness}{signature}{witness}", [LOG_KEY.x]) == CHECKPOINT


def test_a_note_signed_by_another_key_is_refused() -> None:
    with pytest.raises(LedgerBroken):
        read_note(make_note(key=NEXT_LOG_KEY), [LOG_KEY.x])


def test_another_key_under_the_hash_of_the_log_key_is_refused() -> None:
    forged = write_note(CHECKPOINT, LOG_KEY.x, NEXT_LOG_KEY.private.sign)

    with pytest.raises(LedgerBroken):
        read_note(forged, [LOG_KEY.x])


def test_the_log_key_under_another_key_hash_is_refused() -> None:
    mislabelled = write_note(CHECKPOINT, NEXT_LOG_KEY.x, LOG_KEY.private.sign)

    with pytest.raises(LedgerBroken):
        read_note(mislabelled, [LOG_KEY.x])


def test_without_log_keys_no_note_is_read() -> None:
    with pytest.raises(LedgerBroken):
        read_note(NOTE, [])


def test_a_note_signed_under_another_name_is_refused() -> None:
    with pytest.raises(LedgerBroken):
        read_note(sign_body(CHECKPOINT.body(), "other.example.com/ledger/1"), [LOG_KEY.x])


@pytest.mark.parametrize("root", [b"", bytes(31), bytes(33)])
def test_a_root_of_another_length_is_refused_although_signed(root: bytes) -> None:
    note = sign_body(Checkpoint(ORIGIN, 8, root).body())

    with pytest.raises(LedgerBroken):
        read_note(note, [LOG_KEY.x])


@pytest.mark.parametrize("size", ["", "-1", "+1", "1.0", "0x1", "1e3", " 1", "one"])
def test_a_size_that_is_no_decimal_number_is_refused_although_signed(size: str) -> None:
    note = sign_body(CHECKPOINT.body().replace("80762", size))

    with pytest.raises(LedgerBroken):
        read_note(note, [LOG_KEY.x])


def altered_notes() -> Iterator[str]:
    """The note with one character missing, doubled or replaced; those that still say the same are left out."""
    for i, character in enumerate(NOTE[:-1]):
        for other in ("", character * 2, "A", "0", " ", "\n", "=", "é"):
            if other != character:
                yield NOTE[:i] + other + NOTE[i + 1 :]


def test_an_altered_note_says_the_same_or_nothing() -> None:
    refused = 0
    for note in altered_notes():
        try:
            assert read_note(note, [LOG_KEY.x]) == CHECKPOINT
        except LedgerBroken:
            refused += 1
        else:
            assert note.startswith(CHECKPOINT.body())  # only the signature line has a second spelling

    assert refused > 1_500


@pytest.mark.parametrize(
    "note",
    [
        *("", "\n", "\n\n", "\n\n\n", "a\n\n", "a\n1\n\n", "a\n1\nAAAA\n\n", "— a b", "\0" * 9, "x" * 1_000_000),
        *(f"{CHECKPOINT.body()}\n", f"{CHECKPOINT.body()}\n— {ORIGIN}", f"{CHECKPOINT.body()}\n— {ORIGIN} "),
        *(f"{CHECKPOINT.body()}\n— {ORIGIN} {mark}\n" for mark in ("=", "é", "AAAA", "A" * 1_001, "\ud800", "A" * 92)),
        NOTE.replace("—", "-"),
        NOTE.replace("\n", "\r\n"),
        NOTE.replace("\n\n", "\nextension\n\n"),
    ],
)
def test_a_malformed_note_is_refused_and_nothing_else_is_raised(note: str) -> None:
    with pytest.raises(LedgerBroken):
        read_note(note, [LOG_KEY.x])


@given(st.text())
def test_no_text_but_a_signed_note_is_read(text: str) -> None:
    with pytest.raises(LedgerBroken):
        read_note(text, [LOG_KEY.x])


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(NOTE.replace(ORIGIN, "\ud800"), id="an origin that can't be encoded"),
        pytest.param(sign_body(CHECKPOINT.body().replace("80762", "9" * 5_000)), id="a size of 5,000 digits"),
    ],
)
def test_a_note_with_an_origin_or_size_beyond_reason_is_refused(note: str) -> None:
    with pytest.raises(LedgerBroken):
        read_note(note, [LOG_KEY.x])


@pytest.mark.parametrize("size", ["080762", "٨٠٧٦٢"])
def test_a_size_has_one_spelling(size: str) -> None:
    note = sign_body(CHECKPOINT.body().replace("80762", size))

    with pytest.raises(LedgerBroken):
        read_note(note, [LOG_KEY.x])


@pytest.mark.parametrize("end", ["x\n", "\n", NOTE, "— \n"])
def test_a_line_that_is_no_signature_spoils_the_note(end: str) -> None:
    with pytest.raises(LedgerBroken):
        read_note(NOTE + end, [LOG_KEY.x])


def test_a_proof_file_has_the_form_of_the_specification() -> None:
    proof = write_proof(7, [bytes(32), b"\x01" * 32], NOTE)

    assert proof.split("\n", 5) == [
        "c2sp.org/tlog-proof@v1",
        "index 7",
        b64encode(bytes(32)).decode(),
        b64encode(b"\x01" * 32).decode(),
        "",
        NOTE,
    ]
