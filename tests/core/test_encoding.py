"""One spelling for bytes, one for JSON, and a reader that takes nothing else."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.encoding import MAX_DEPTH, b64url, canonical_json, read_body_json, read_token_json, unb64url

whole_numbers = st.integers(-(2**64), 2**64)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
documents = st.recursive(
    st.one_of(st.none(), st.booleans(), whole_numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


@given(st.binary())
def test_bytes_come_back_from_base64url(data: bytes) -> None:
    assert b64url(data) == urlsafe_b64encode(data).rstrip(b"=").decode()
    assert unb64url(b64url(data)) == data


@pytest.mark.parametrize(
    ("data", "text"), [(b"", ""), (b"f", "Zg"), (b"fo", "Zm8"), (b"foobar", "Zm9vYmFy"), (b"\xfb\xef\xff", "--__")]
)
def test_the_vectors_of_rfc_4648_hold(data: bytes, text: str) -> None:
    assert b64url(data) == text
    assert unb64url(text) == data


@pytest.mark.parametrize(
    "text",
    [
        *("A", "AAAAA", "Zg==", "Zg=", "Zm8=", "=", "==", "Zg\n", "\nZg", " Zg", "Z g", "Zg ", "Z\0g", "Zm9v\r\n"),
        *("++//", "+A", "/w", "Zg.", "é", "Ｚｇ", "\ud800", "Zg==Zg", "Z=g", "Zm9vZg=="),
        *("Zh", "Zn", "Z_", "Zm9", "Zm-", "AB"),  # bits that no byte needs are not zero
    ],
)
def test_a_text_that_our_writer_would_not_write_is_no_base64url(text: str) -> None:
    with pytest.raises(ValueError, match="base64url"):
        unb64url(text)


@given(st.text(st.sampled_from("AQgw-_8=+/ \n"), max_size=6))
def test_whatever_is_read_has_one_spelling(text: str) -> None:
    try:
        data = unb64url(text)
    except ValueError:
        return

    assert b64url(data) == text


def test_canonical_json_is_sorted_utf8_without_space() -> None:
    written = canonical_json({"b": [1, True, None], "a": {"ü": "\n", "Z": '"'}})

    assert written == '{"a":{"Z":"\\"","ü":"\\n"},"b":[1,true,null]}'.encode()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf"), "\ud800", {"\udfff": 1}, ["\ud83d"]])
def test_what_has_no_json_is_not_written(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (json and codecs have their own sentences)
        canonical_json(value)


@given(documents)
def test_what_was_written_is_read(document: object) -> None:
    written = canonical_json(document)

    assert read_token_json(written) == document
    assert read_body_json(written) == document
    assert canonical_json(read_token_json(written)) == written


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b" ", b"{", b"[1,]", b'{"a":1,}', b"{'a':1}", b"// 1", b"1 2", b"nul", b"True", b"\0", b'"\n"', b'"'),
        *(b"NaN", b"Infinity", b"-Infinity", b"[NaN]", b"01", b"+1", b".5", b"1.", b"0x1", b"1_000", b"--1"),
        *(b'{"a":1,"a":1}', b'{"a":1,"\\u0061":2}', b'[{"b":{"a":1,"c":2,"a":3}}]'),
        *(b'"\\ud800"', b'"\\udc00\\ud800"', b'{"\\ud800":1}', b'["x\\uDFFF"]', b'"\xed\xa0\x80"'),
        *(
            b"\xff",
            b'"\xc0\xaf"',
            b'"\xf5\x80\x80\x80"',
            b"\xef\xbb\xbf1",
            '"é"'.encode("latin-1"),
            "1".encode("utf-16"),
        ),
        b"9" * 5_000,
    ],
)
def test_what_is_not_strict_json_is_not_read(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (json and codecs have their own sentences)
        read_token_json(data)
    with pytest.raises(ValueError):  # noqa: PT011
        read_body_json(data)


@pytest.mark.parametrize("data", [b'"\\ud83d\\ude00"', '"😀"'.encode()])
def test_a_pair_of_surrogates_is_a_character(data: bytes) -> None:
    assert read_token_json(data) == "😀"


@pytest.mark.parametrize("number", [b"1.5", b"1.0", b"1e2", b"-0.0", b"1E+2"])
def test_a_fraction_is_read_in_a_body_and_never_in_a_token(number: bytes) -> None:
    assert read_body_json(number) == float(number)
    with pytest.raises(ValueError, match="not a number we read"):
        read_token_json(number)


@pytest.mark.parametrize("number", [b"1e400", b"-1e400", b"1" * 400 + b".0"])
def test_a_number_beyond_every_float_is_not_read(number: bytes) -> None:
    with pytest.raises(ValueError, match="too large"):
        read_body_json(number)


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_document_may_nest_as_deep_as_allowed_and_no_deeper(opening: bytes, closing: bytes) -> None:
    levels = MAX_DEPTH - 1
    deepest = b"[[[]]," + opening * levels + b"1" + closing * levels + b"]"  # more brackets than levels
    too_deep = deepest.replace(b"1", opening + b"1" + closing)

    read_token_json(deepest)

    with pytest.raises(ValueError, match="nested"):
        read_token_json(too_deep)


@pytest.mark.parametrize(
    "data",
    [
        b"[" + b",".join([b"[]"] * 1_000) + b"]",
        b'"' + b"[{" * 1_000 + b'"',
        b'{"a\\"' + b"[" * 100 + b'":"\\\\","b":[' + b'"]"' + b"]}",
    ],
)
def test_many_brackets_are_not_many_levels(data: bytes) -> None:
    assert read_token_json(data) is not None


@pytest.mark.parametrize("data", [b"[" * 100_000, b'{"a":' * 100_000, b'"\\"' + b"[" * 99 + b'",' + b"[" * 99_000])
def test_bottomless_nesting_raises_nothing_but_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (too deep, or no JSON before it is)
        read_token_json(data)
