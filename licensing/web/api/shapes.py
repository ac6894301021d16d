"""What answers look like, in the words of JSON Schema (2020-12). Each presenting function has its shape beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from licensing.web.requests import DEFAULT_PAGE, MAX_PAGE

MAX_EXACT = 2**53
"""Above it, programs that have floats alone read another number."""


@dataclass(frozen=True, slots=True)
class Thing:
    """An object with a name of its own in the document. Its members are all there, but for the `optional` ones."""

    name: str
    members: Mapping[str, Shape]
    optional: frozenset[str] = frozenset()

    def may_lack(self, *members: str) -> Thing:
        """The same, with members that may be missing."""
        return replace(self, optional=frozenset(members))


Shape = Union[Mapping[str, Any], Thing]  # noqa: UP007 - it names itself
"""A JSON Schema, in which things may stand."""

TEXT: Shape = {"type": "string"}
ID: Shape = {"type": "string", "pattern": "^[0-9a-f]{32}$"}
FSID: Shape = {"type": "string", "format": "uuid"}
DAY: Shape = {"type": "string", "format": "date"}
MOMENT: Shape = {"type": "string", "format": "date-time", "pattern": "Z$"}
TRUTH: Shape = {"type": "boolean"}
COUNT: Shape = {"type": "integer", "minimum": 0, "maximum": MAX_EXACT}
NUMBER: Shape = {"type": "number"}
MINOR: Shape = {"type": "integer", "minimum": -MAX_EXACT, "maximum": MAX_EXACT, "description": "In minor units."}
PERCENT: Shape = {"type": "integer", "minimum": 0, "maximum": 100}
CURRENCY: Shape = {"type": "string", "pattern": "^[A-Z]{3}$"}
TOKEN: Shape = {"type": "string", "description": "A signed token, in the compact form of a JWS (docs/tokens.md)."}
LIMIT: Shape = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE, "default": DEFAULT_PAGE}
ANYTHING: Shape = {}


def thing(name: str, /, **members: Shape) -> Thing:
    """An object with a name and these members."""
    return Thing(name, members)


def members(**shapes: Shape) -> Shape:
    """An object of one answer alone, with these members."""
    return {"type": "object", "properties": shapes, "required": sorted(shapes)}


def many(shape: Shape) -> Shape:
    """A list."""
    return {"type": "array", "items": shape}


def by_name(shape: Shape) -> Shape:
    """An object with members of any name, each of this shape."""
    return {"type": "object", "additionalProperties": shape}


def maybe(shape: Shape) -> Shape:
    """The same, or null."""
    return {"anyOf": [shape, {"type": "null"}]}


def row_of(line: type[Any]) -> Thing:
    """A table's row, by the fields of the named tuple that it is made of."""
    return Thing(line.__name__, {name: _of_type(hint) for name, hint in get_type_hints(line).items()})


def word_of(words: type[StrEnum]) -> Shape:
    """One of the words of an enumeration."""
    return {"type": "string", "enum": list(words)}


_OF_TYPE: dict[Any, Shape] = {
    str: TEXT,
    int: {"type": "integer"},
    float: NUMBER,
    bool: TRUTH,
    date: DAY,
    datetime: MOMENT,
    type(None): {"type": "null"},
}


def _of_type(hint: Any) -> Shape:
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return word_of(hint)
    if hint in _OF_TYPE:
        return _OF_TYPE[hint]
    if get_origin(hint) in (Union, UnionType):
        return {"anyOf": [_of_type(each) for each in get_args(hint)]}
    return many(_of_type(get_args(hint)[0]))


LICENSE_FILE = thing(
    "LicenseFile",
    v=COUNT,
    keys=TOKEN,
    license=TOKEN,
    revoked=TOKEN,
    human={"type": "object", "description": "For people; programs trust none of it."},
)
PROBLEM = thing(
    "Problem",
    type=TEXT,
    title=TEXT,
    status=COUNT,
    code={"type": "string", "pattern": "^[A-Z_]+$", "description": "Stable: what programs look at (docs/api.md)."},
    detail=TEXT,
    request_id=TEXT,
    errors=by_name(many(TEXT)),
    reason=TEXT,
).may_lack("errors", "reason")
"""RFC 9457's problem details, with our members."""
