"""Forms of pages: what was typed as a schema wants it, and, when it can't be taken, put back with what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request
from marshmallow import Schema, ValidationError
from marshmallow import fields as marshmallow_fields
from werkzeug.datastructures import MultiDict

from licensing.core.errors import InvalidFields, Refusal
from licensing.web import fields
from licensing.web.requests import flat
from licensing.web.texts import problem_text

ONCE = "once"
"""The hidden field that makes a form's deed happen once, however often it is sent."""
MAX_TYPED = 2_000
_MISSING = marshmallow_fields.Field.default_error_messages["required"]


@dataclass(frozen=True, slots=True)
class Form:
    """What was typed and why it was refused: `problems` by field, and those of the whole form under the empty name."""

    typed: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[str, list[str]] = field(default_factory=dict)
    status: int = 200

    def value(self, name: str, default: object = "") -> str:
        """What stands in the field: what was typed, or the default."""
        return self.typed.get(name, "" if default is None else str(default))


NEW = Form()
"""A form that nobody has sent yet."""


def refused_form(refusal: Refusal, status: int) -> Form:
    """The request's form, to be shown again."""
    typed = {name: value[:MAX_TYPED] for name, value in request.form.items()}
    if isinstance(refusal, InvalidFields):
        return Form(typed, {name: list(why) for name, why in refusal.errors.items()}, status)
    return Form(typed, {"": [problem_text(refusal)]}, status)


def read_form(schema: Schema, form: MultiDict[str, str] | None = None) -> Any:
    """The form (None: the request's) as `schema` loads it; an empty field is one that is not there.

    Raises InvalidFields.
    """
    form = request.form if form is None else form
    known = {schema.fields[name].data_key or name: schema.fields[name] for name in schema.fields}
    filled = {name: _typed(known[name], value) for name, value in form.items() if name in known and value.strip()}
    for name, each in known.items():
        if isinstance(each, fields.Truth):
            filled[name] = name in form
        elif isinstance(each, marshmallow_fields.List) and name in filled:
            filled[name] = form.getlist(name)
    try:
        return schema.load(filled)
    except ValidationError as error:
        raise InvalidFields(
            {name: [_plain(why) for why in each] for name, each in flat(error.messages).items()}
        ) from error


def _plain(message: str) -> str:
    """The message for a person: a field left empty is one that is not there."""
    return "Please fill this in." if message == _MISSING else message


def _typed(each: Any, value: str) -> object:
    """A field's text as JSON would have it."""
    is_number = isinstance(each, fields.WholeNumber) and not isinstance(each, fields.Digits)
    if is_number and fields.is_digits(value.strip()):
        return int(value)
    return value
