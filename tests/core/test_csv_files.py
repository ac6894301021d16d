"""CSV files: whatever can be taken is taken, and all that can't is named by its line."""

from __future__ import annotations

import pytest

from licensing.core.csv_files import MAX_BYTES, WRONG_QUOTES, Line, rows
from licensing.core.errors import ImportRefused

REQUIRED, OPTIONAL = ("organization", "seats"), ("name",)


def read(text: str | bytes) -> list[Line]:
    return rows(text.encode() if isinstance(text, str) else text, REQUIRED, OPTIONAL)


def problems(text: str | bytes) -> list[tuple[int, str]]:
    with pytest.raises(ImportRefused) as caught:
        read(text)
    return list(caught.value.problems)


def test_lines_have_their_number_and_their_cells_by_column() -> None:
    lines = read('seats,organization,name\n4,Acme,Jane\n\n25,"Buyer, Inc.", \n')

    assert lines == [
        Line(2, {"seats": "4", "organization": "Acme", "name": "Jane"}),
        Line(4, {"seats": "25", "organization": "Buyer, Inc.", "name": ""}),
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_byte_order_mark_and_any_line_end_are_fine(end: str) -> None:
    lines = read(b"\xef\xbb\xbf" + end.join(["organization,seats", "Müller,4", "Łódź,5"]).encode())

    assert [(line.number, line.values["organization"]) for line in lines] == [(2, "Müller"), (3, "Łódź")]


def test_an_optional_column_that_is_not_there_is_empty() -> None:
    assert read("organization,seats\nAcme,4\n")[0].values["name"] == ""


@pytest.mark.parametrize("empty", ["", "\n\n", "\ufeff"])
def test_an_empty_file_is_refused(empty: str) -> None:
    assert problems(empty) == [(1, "The file is empty.")]


def test_a_header_alone_is_refused() -> None:
    assert problems("organization,seats\n") == [(1, "The file has no lines below its header.")]


def test_every_wrong_column_is_named_at_the_header() -> None:
    assert problems("organization,organization,colour\nAcme,Acme,red\n") == [
        (1, "The column seats is missing."),
        (1, "A column stands twice."),
        (1, "1 columns are not known; these are: organization, seats, name."),
    ]


def test_every_line_that_is_wrong_is_named() -> None:
    text = (
        'organization,seats\nAcme\nAcme,4,5\nA\x00cme,4\n"two\nlines",4\nA\u2028cme,4\n"a"b,4\nAcme,4\n"never ends,4\n'
    )

    assert problems(text) == [
        (2, "The line has 1 cells, not 2."),
        (3, "The line has 3 cells, not 2."),
        (4, "The line has control characters."),
        (5, "The line has control characters."),
        (7, "The line has control characters."),
        (8, WRONG_QUOTES),
        (10, WRONG_QUOTES),
    ]


@pytest.mark.parametrize("bad", [b"\xff", b"\xc3", b"\xed\xa0\x80"], ids=["no UTF-8", "cut off", "lone surrogate"])
def test_a_line_that_is_not_utf_8_is_named(bad: bytes) -> None:
    assert problems(b"organization,seats\nAcme,4\n" + bad + b",4\n") == [(3, "The file is not UTF-8.")]


def test_a_file_may_have_a_hundred_megabytes_and_no_more() -> None:
    line = b"x" * 100_000 + b",4\n"
    data = b"organization,seats\n" + line * 999
    data += b"x" * (MAX_BYTES - len(data) - 2) + b",4"

    assert len(read(data)) == 1_000
    assert problems(data + b"5") == [(1, f"The file has more than {MAX_BYTES} bytes; split it.")]
