"""CSV files as people send them: read strictly, and every line that can't be taken is named, not only the first.

A file is UTF-8 (a byte order mark is fine) with a header line; cells are separated by commas and may be quoted
(RFC 4180). Empty lines are passed over. A line's number is that of its first line in the file, as editors count.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import TextIO

from licensing.core.errors import ImportRefused

MAX_BYTES = 100_000_000
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
WRONG_QUOTES = "The line's quotes are wrong, or a cell has more than 131,072 characters."
_LINE_END = re.compile(r"\r\n|\r|\n")
_HEADER = 1


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its number in the file, and its cells by column, stripped; a column that is not there is empty."""

    number: int
    values: dict[str, str]


def rows(data: bytes, required: tuple[str, ...], optional: tuple[str, ...]) -> list[Line]:
    """The lines of a file whose header has all `required` columns and no others than those and the `optional` ones.

    Raises ImportRefused with the number and reason of each line that can't be taken; a problem of the whole file is
    named at line 1.
    """
    records = _records(_text(data))
    columns = _columns(next(records)[1], required, optional)
    lines, problems = _lines(records, columns, optional)
    if not lines and not problems:
        problems = [(_HEADER, "The file has no lines below its header.")]
    if problems:
        raise ImportRefused(problems)
    return lines


def written(columns: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """A file that spreadsheets open without running what stands in it.

    A text that they would take for a formula gets an apostrophe before it (OWASP, CSV injection); numbers stay numbers.
    """
    file = StringIO(newline="")
    write(file, columns, lines)
    return file.getvalue()


def write(file: TextIO, columns: Sequence[str], lines: Iterable[Sequence[object]]) -> None:
    """The same, into a file that was opened with `newline=""`, a line at a time."""
    writer = csv.writer(file)
    writer.writerow(columns)
    writer.writerows([_harmless(cell) for cell in line] for line in lines)


def _harmless(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a formula starts with, in full width, too."""


def _text(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise ImportRefused([(_HEADER, f"The file has more than {MAX_BYTES} bytes; split it.")])
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = error.object.count(b"\n", 0, error.start) + 1
        raise ImportRefused([(number, "The file is not UTF-8.")]) from error
    if not text.strip():
        raise ImportRefused([(_HEADER, "The file is empty.")])
    return text


def _records(text: str) -> Iterator[tuple[int, list[str] | None]]:
    """Each record that is not empty, with the number of the line it begins at; None where the quotes are wrong."""
    reader = csv.reader(_physical_lines(text), strict=True)
    while True:
        number = reader.line_num + 1
        try:
            cells = next(reader, [])
        except csv.Error:
            yield number, None
            continue
        if cells:
            yield number, cells
        elif reader.line_num < number:
            return


def _physical_lines(text: str) -> Iterator[str]:
    """The text line by line, as editors see them: `str.splitlines` would break at characters that cells may hold."""
    start = 0
    for end in _LINE_END.finditer(text):
        yield text[start : end.end()]
        start = end.end()
    if start < len(text):
        yield text[start:]


def _columns(header: Sequence[str] | None, required: tuple[str, ...], optional: tuple[str, ...]) -> list[str]:
    if header is None:
        raise ImportRefused([(_HEADER, WRONG_QUOTES)])
    columns = [cell.strip() for cell in header]
    problems = [f"The column {name} is missing." for name in required if name not in columns]
    if len(set(columns)) != len(columns):
        problems.append("A column stands twice.")
    unknown = sum(name not in (*required, *optional) for name in columns)
    if unknown:
        known = ", ".join((*required, *optional))
        problems.append(f"{unknown} columns are not known; these are: {known}.")
    if problems:
        raise ImportRefused([(_HEADER, problem) for problem in problems])
    return columns


def _lines(
    records: Iterator[tuple[int, list[str] | None]], columns: list[str], optional: tuple[str, ...]
) -> tuple[list[Line], list[tuple[int, str]]]:
    missing = dict.fromkeys((name for name in optional if name not in columns), "")
    lines: list[Line] = []
    problems: list[tuple[int, str]] = []
    for number, cells in records:
        if cells is None:
            problems.append((number, WRONG_QUOTES))
        elif len(cells) != len(columns):
            problems.append((number, f"The line has {len(cells)} cells, not {len(columns)}."))
        elif CONTROL.search("".join(cells)):
            problems.append((number, "The line has control characters."))
        else:
            values = {name: cell.strip() for name, cell in zip(columns, cells, strict=True)}
            lines.append(Line(number, {**values, **missing}))
    return lines, problems
