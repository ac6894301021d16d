"""Routes are compiled once a process: each test's world has the same two hundred, and to compile them takes 60 ms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule

Builder = Callable[..., tuple[str, str]]


def compile_once() -> None:
    """What builds a route's address (Werkzeug's own, private, and pinned) is made of the route's words alone."""
    known: dict[object, Builder] = {}
    build: Callable[[Rule, bool], Builder] = Rule._compile_builder

    def compiled(rule: Any, append_unknown: bool = True) -> Builder:
        if rule.defaults:
            return build(rule, append_unknown)
        words = tuple(rule._trace), append_unknown
        if words not in known:
            known[words] = build(rule, append_unknown)
        return known[words]

    Rule._compile_builder = compiled  # type: ignore[assignment, method-assign]
