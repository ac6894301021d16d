"""What a view says of itself for the API's document: what it takes and answers. Who may call is told by its guard.

`@speaks(SHAPE, body=SomeSchema)` stands next to the view, below the decorator that guards it; the docstring's first
line is the summary. Refusals that follow from the guard, the body, the query or the path need not be told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from marshmallow import Schema

from licensing.web.api.shapes import Shape

JSON = "application/json"
CSV = "text/csv"

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Speech:
    """What is said of a view. `form` is a body as HTML forms send it; a `query` of shapes has no schema to load it."""

    answers: Mapping[int, Shape | None]
    body: type[Schema] | None
    form: type[Schema] | None
    query: type[Schema] | Mapping[str, Shape] | None
    refuses: frozenset[int]
    media: tuple[str, ...]
    by_license: bool


def speaks(
    shape: Shape | None,
    *statuses: int,
    body: type[Schema] | None = None,
    form: type[Schema] | None = None,
    query: type[Schema] | Mapping[str, Shape] | None = None,
    others: Mapping[int, Shape | None] | None = None,
    refuses: Iterable[int] = (),
    media: tuple[str, ...] = (JSON,),
    by_license: bool = False,
) -> Callable[[View], View]:
    """A view that answers `shape` with each of `statuses` (200, if none is told); `others` have shapes of their own."""
    answers = dict.fromkeys(statuses or (200,), shape)
    speech = Speech({**answers, **(others or {})}, body, form, query, frozenset(refuses), media, by_license)

    def decorate(view: View) -> View:
        view.speech = speech  # type: ignore[attr-defined]
        return view

    return decorate
