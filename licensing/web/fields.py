"""Fields that take exactly what they say: no numbers in quotes, no truth for a one, no control characters.

Each tells its `shape`, too: what JSON Schema says of it, as the API's document has it (web.api.openapi).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from email_validator import EmailNotValidError, validate_email
from marshmallow import ValidationError, fields

from licensing.core.encoding import unb64url
from licensing.core.errors import InvalidFields, Unauthentic
from licensing.core.keys import load_public_key
from licensing.core.licenses import ANY_CLUSTER

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_ASCII_CONTROL = bytes([*range(0x20), 0x7F])
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
UUID_PATTERN = f"^{_UUID.pattern.replace('a-f', 'A-Fa-f')}$"
_COUNTRY = re.compile(r"[A-Z]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_WORD = re.compile(r"[a-z][a-z0-9_]*")
_DIGITS = re.compile(r"[0-9]{1,10}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
"""A line without control characters, for JSON Schema, which knows no surrogates."""
FIRST_YEAR, LAST_YEAR = 2020, 2100
MAX_NODES = 10_000
MAX_NODE_NAME = 253


def _has_control(text: str) -> bool:
    if not text.isascii():
        return _CONTROL.search(text) is not None
    data = text.encode("ascii")  # a tenth of the time, where a thousand nodes are named
    return len(data.translate(None, _ASCII_CONTROL)) != len(data)


class Text(fields.Field[str]):
    """A line of `shortest` to `longest` characters, without control characters; taken literally otherwise."""

    def __init__(self, longest: int, *, shortest: int = 1, **options: Any) -> None:
        super().__init__(**options)
        self._shortest = shortest
        self._longest = longest

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> str:
        if type(value) is not str:
            raise ValidationError("Must be text.")
        if _has_control(value):
            raise ValidationError("Must not have control characters.")
        if not self._shortest <= len(value.strip()) <= self._longest:
            raise ValidationError(f"Must have {self._shortest} to {self._longest} characters.")
        return value.strip()

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "minLength": self._shortest, "maxLength": self._longest, "pattern": _LINE}


class Word(Text):
    """A name for programs: small letters, digits and underscores, a letter first."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if not _WORD.fullmatch(text):
            raise ValidationError("Must be small letters, digits and underscores, a letter first.")
        return text

    def shape(self) -> dict[str, Any]:
        return {**super().shape(), "pattern": f"^{_WORD.pattern}$"}


class WholeNumber(fields.Field[int]):
    """A whole number in JSON's own form, `low` to `high`."""

    def __init__(self, low: int, high: int, **options: Any) -> None:
        super().__init__(**options)
        self._low = low
        self._high = high

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> int:
        if type(value) is not int:
            raise ValidationError("Must be a whole number.")
        if not self._low <= value <= self._high:
            raise ValidationError(f"Must be {self._low} to {self._high}.")
        return value

    def shape(self) -> dict[str, Any]:
        return {"type": "integer", "minimum": self._low, "maximum": self._high}


class Digits(WholeNumber):
    """A whole number in a query: one to ten digits, `low` to `high`."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> int:
        if not is_digits(value):
            raise ValidationError("Must be a whole number.")
        return super()._deserialize(int(value), attr, data, **options)


class Choice(fields.Field[Any]):
    """One of the words of an enumeration."""

    def __init__(self, words: type[StrEnum], **options: Any) -> None:
        super().__init__(**options)
        self._words = words

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> Any:
        if type(value) is not str or value not in list(self._words):
            raise ValidationError(f"Must be one of: {', '.join(self._words)}.")
        return self._words(value)

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(self._words)}


def is_digits(value: str) -> bool:
    """Whether the text is one to ten digits of ASCII."""
    return bool(_DIGITS.fullmatch(value))


class Truth(fields.Field[bool]):
    """`true` or `false`, nothing that could mean it."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> bool:
        if type(value) is not bool:
            raise ValidationError("Must be true or false.")
        return value

    def shape(self) -> dict[str, Any]:
        return {"type": "boolean"}


class Email(Text):
    """An address that mail could reach (RFC 5321), normalised; its domain in ASCII."""

    def __init__(self, **options: Any) -> None:
        super().__init__(254, shortest=3, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        try:
            checked = validate_email(text, check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            raise ValidationError("Must be an e-mail address.") from error
        return f"{checked.local_part}@{checked.ascii_domain}"

    def shape(self) -> dict[str, Any]:
        return {**super().shape(), "format": "email"}


class Domain(Text):
    """A mail domain, in lower case and ASCII (IDNA 2008)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(253, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        try:
            checked = validate_email(f"postmaster@{text}", check_deliverability=False, test_environment=True)
        except EmailNotValidError as error:
            raise ValidationError("Must be a domain.") from error
        return checked.ascii_domain.lower()

    def shape(self) -> dict[str, Any]:
        return {**super().shape(), "format": "idn-hostname"}


class Country(Text):
    """An ISO 3166-1 alpha-2 country code; small letters are taken, too."""

    def __init__(self, **options: Any) -> None:
        super().__init__(2, shortest=2, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        code = super()._deserialize(value, attr, data, **options).upper()
        if not _COUNTRY.fullmatch(code):
            raise ValidationError("Must be a country code of two letters.")
        return code

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[A-Za-z]{2}$"}


class Uuid(Text):
    """A UUID in its usual text form, in lower case."""

    def __init__(self, **options: Any) -> None:
        super().__init__(36, shortest=36, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        return read_uuid(super()._deserialize(value, attr, data, **options))

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "format": "uuid", "pattern": UUID_PATTERN}


def read_uuid(value: str) -> str:
    """The UUID in lower case; raises ValidationError."""
    text = value.lower()
    if not _UUID.fullmatch(text):
        raise ValidationError("Must be a UUID.")
    return text


class Fsid(Text):
    """A Ceph cluster's UUID, or `*` for any."""

    def __init__(self, **options: Any) -> None:
        super().__init__(36, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        return text if text == ANY_CLUSTER else read_uuid(text)

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": rf"{UUID_PATTERN}|^\{ANY_CLUSTER}$"}


class Day(Text):
    """A day, `2026-01-31`: its first moment, UTC."""

    def __init__(self, **options: Any) -> None:
        super().__init__(10, shortest=10, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        return read_day(super()._deserialize(value, attr, data, **options))

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "format": "date", "pattern": f"^{_DAY.pattern}$"}


def read_day(text: str) -> datetime:
    """The first moment of the day, UTC; raises ValidationError."""
    if not _DAY.fullmatch(text):
        raise ValidationError("Must be a day such as 2026-01-31.")
    try:
        day = datetime.fromisoformat(text).replace(tzinfo=UTC)
    except ValueError as error:
        raise ValidationError("There is no such day.") from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValidationError(f"Must be a day of {FIRST_YEAR} to {LAST_YEAR}.")
    return day


class Currency(Text):
    """A currency's three capital letters (ISO 4217)."""

    def __init__(self, **options: Any) -> None:
        super().__init__(3, shortest=3, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options)
        if not _CURRENCY.fullmatch(text):
            raise ValidationError("Must be a currency of three capital letters.")
        return text

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": f"^{_CURRENCY.pattern}$"}


def refused(field: str, reason: str) -> InvalidFields:
    """What is wrong with a field that only the whole body can tell."""
    return InvalidFields({field: [reason]})


class NodeNames(fields.Field[tuple[str, ...]]):
    """A cluster's node names: unique, 1 to 253 characters. One pass over all of them, not one for each."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> tuple[str, ...]:
        if type(value) is not list:
            raise ValidationError("Must be a list of node names.")
        if len(value) > MAX_NODES:
            raise ValidationError(f"Must have at most {MAX_NODES} nodes.")
        try:
            text, distinct = "".join(value), set(value)
        except TypeError as error:
            raise ValidationError("Must hold text only.") from error
        if len(distinct) != len(value):
            raise ValidationError("Must not name a node twice.")
        if "" in distinct or len(max(value, key=len, default="")) > MAX_NODE_NAME:
            raise ValidationError(f"Names must have 1 to {MAX_NODE_NAME} characters.")
        if _has_control(text):
            raise ValidationError("Names must not have control characters.")
        return tuple(value)

    def shape(self) -> dict[str, Any]:
        name = {"type": "string", "minLength": 1, "maxLength": MAX_NODE_NAME, "pattern": _LINE}
        return {"type": "array", "items": name, "maxItems": MAX_NODES, "uniqueItems": True}


class PublicKey(fields.Field[bytes]):
    """An Ed25519 public key in base64url."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **_: Any) -> bytes:
        try:
            x = unb64url(value if type(value) is str else "")
            load_public_key(x)
        except (ValueError, Unauthentic) as error:
            raise ValidationError("Must be an Ed25519 public key in base64url.") from error
        return x

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "pattern": "^[A-Za-z0-9_-]{43}$"}
