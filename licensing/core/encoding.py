"""Bytes and text: strict base64url (RFC 4648 §5, no padding), canonical JSON, and a JSON reader that trusts nothing.

Canonical JSON here means: UTF-8, members sorted by name, no white space. What we sign is written by `canonical_json`
and nothing else, so the same claims give the same bytes on every machine.
"""

from __future__ import annotations

import json
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from typing import Any

MAX_DEPTH = 32
"""Deepest nesting of objects and arrays that is read. Ours use 4."""
MAX_DIGITS = 4_300
"""Digits of the longest whole number that is read: every reader has the same bound."""

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/", b"+/!!")  # what the other alphabet has becomes what no alphabet has
_PADDING = (b"", b"", b"==", b"=")
_canonical = json.JSONEncoder(ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")).encode


def b64url(data: bytes) -> str:
    """Base64url text of `data`, without padding."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=").decode("ascii")


def unb64url(text: str) -> bytes:
    """The bytes of unpadded base64url `text`; raises ValueError for anything `b64url` would not have written.

    The decoder of the standard library skips foreign characters and stray bits, so two texts could mean the same
    bytes; encoding again and comparing leaves exactly one spelling.
    """
    try:
        raw = text.encode("ascii").translate(_FROM_URL)
        data = a2b_base64(raw + _PADDING[len(raw) % 4])
    except (UnicodeEncodeError, Base64Error) as error:
        raise ValueError("not base64url") from error
    if b2a_base64(data, newline=False).rstrip(b"=") != raw:
        raise ValueError("not canonical base64url")
    return data


def canonical_json(value: object) -> bytes:
    """Canonical JSON bytes of `value`; raises ValueError for NaN, infinities and lone surrogates."""
    return _canonical(value).encode("utf-8")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return members


def _refuse(literal: str) -> Any:
    raise ValueError(f"{literal[:20]} is not a number we read")


def _int(literal: str) -> int:
    if len(literal.lstrip("-")) > MAX_DIGITS:
        raise ValueError("the number is too long")
    return int(literal)


def _float(literal: str) -> float:
    number = float(literal)
    if number in (float("inf"), float("-inf")):
        raise ValueError("the number is too large")
    return number


_token_json = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_refuse, parse_int=_int
).raw_decode
_body_json = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_float, parse_int=_int
).decode


def read_token_json(data: bytes) -> object:
    """The value in `data`: strict UTF-8, unique names, whole numbers only, at most MAX_DEPTH deep; else ValueError.

    No white space may stand around it.
    """
    text = _shallow_text(data)
    value, end = _token_json(text)
    if end != len(text):
        raise ValueError("something follows the value")
    return _encodable(value, text)


def read_body_json(data: bytes) -> object:
    """As `read_token_json`, but a finite number may have a fraction, and white space may stand around the value."""
    text = _shallow_text(data)
    return _encodable(_body_json(text), text)


def _shallow_text(data: bytes) -> str:
    text = data.decode("utf-8")
    # No more brackets than levels allowed cannot nest too deep: the exact depth is needed for odd documents only.
    if text.count("[") + text.count("{") > MAX_DEPTH and _too_deep(text):
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    return text


def _encodable(value: object, text: str) -> object:
    if "\\" in text:
        canonical_json(value)  # a lone surrogate can only come from an escape, and can't be encoded
    return value


def _too_deep(text: str) -> bool:
    """Whether `text` nests deeper than MAX_DEPTH, brackets inside strings not counted."""
    depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif character in "]}":
            depth -= 1
    return False
