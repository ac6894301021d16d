"""Filters of a console's page: they stand in its address, and one that can't be taken is told beside its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response, request
from marshmallow import Schema, ValidationError

from licensing.core.callers import Caller
from licensing.core.errors import InvalidFields, Refusal
from licensing.web.forms import MAX_TYPED, Form
from licensing.web.pages.rendering import page
from licensing.web.problems import STATUS
from licensing.web.requests import flat
from licensing.web.texts import problem_text

TOLD_BESIDE = frozenset({404, 422})


def filtered(
    caller: Caller, template: str, schema: Schema, report: Callable[[dict[str, Any]], dict[str, Any] | Response]
) -> Response:
    """The page with what `report` makes of its filters, or with what is wrong with them and no report."""
    try:
        made = report(read_filters(schema))
    except Refusal as refusal:
        status = STATUS[type(refusal)]
        if status not in TOLD_BESIDE:
            raise
        return page(template, status, caller=caller, form=Form(_typed(), _problems(refusal), status), report=None)
    return made if isinstance(made, Response) else page(template, caller=caller, form=Form(_typed()), **made)


def read_filters(schema: Schema) -> dict[str, Any]:
    """The address's filters as `schema` loads them; an empty one, or one it does not know, is not there.

    Raises InvalidFields.
    """
    try:
        loaded: dict[str, Any] = schema.load(filters_of(schema))
    except ValidationError as error:
        raise InvalidFields(flat(error.messages)) from error
    return loaded


def filters_of(schema: Schema) -> dict[str, str]:
    """The same as they stand in the address."""
    known = {schema.fields[name].data_key or name for name in schema.fields}
    return {name: text for name, text in _typed().items() if name in known and text}


def _typed() -> dict[str, str]:
    return {name: text.strip()[:MAX_TYPED] for name, text in request.args.items()}


def _problems(refusal: Refusal) -> dict[str, list[str]]:
    if isinstance(refusal, InvalidFields):
        return {name: list(why) for name, why in refusal.errors.items()}
    return {"": [problem_text(refusal)]}
