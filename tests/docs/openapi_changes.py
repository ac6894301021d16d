"""What a change of the API breaks for those who call it: two OpenAPI documents compared.

Callers lean on what was there: paths, methods, statuses, members of answers. They send what was enough: a new needed
member, a member that is taken no longer, or one that takes less, refuses what used to pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]
LEAST, MOST = ("minimum", "minLength", "minItems"), ("maximum", "maxLength", "maxItems")


def breaks(before: Document, after: Document) -> Iterator[str]:
    """Each break in a line that begins with the method and path."""
    for path, operations in before["paths"].items():
        for method, old in operations.items():
            where = f"{method.upper()} {path}"
            new = after["paths"].get(path, {}).get(method)
            if new is None:
                yield f"{where}: gone"
                continue
            for what in (*_answers(before, old, after, new), *_requests(before, old, after, new)):
                yield f"{where}: {what}"


def _answers(before: Document, old: Document, after: Document, new: Document) -> Iterator[str]:
    for status, response in old["responses"].items():
        if status not in new["responses"]:
            yield f"{status} gone"
            continue
        there = _resolved(after, new["responses"][status]).get("content", {})
        for media, told in _resolved(before, response).get("content", {}).items():
            if media not in there:
                yield f"{status} is {media} no longer"
            else:
                lost = _members(before, told["schema"]) - _members(after, there[media]["schema"])
                yield from (f"{status} lost the member {name}" for name in sorted(lost))


def _requests(before: Document, old: Document, after: Document, new: Document) -> Iterator[str]:
    for name, (shape, _) in _asked(before, old).items():
        if name not in _asked(after, new):
            yield f"{name} is taken no longer"
        else:
            yield from (f"{name} {why}" for why in _narrowed(before, shape, after, _asked(after, new)[name][0]))
    for name, (_, needed) in _asked(after, new).items():
        if needed and not _asked(before, old).get(name, ({}, False))[1]:
            yield f"{name} is needed now"


def _asked(document: Document, operation: Document) -> dict[str, tuple[Document, bool]]:
    """What a request may hold, by name: its schema, and whether it is needed."""
    found = {each["name"]: (each["schema"], each.get("required", False)) for each in operation["parameters"]}
    for content in operation.get("requestBody", {}).get("content", {}).values():
        schema = _resolved(document, content["schema"])
        for name, shape in schema.get("properties", {}).items():
            found[f"body.{name}"] = (shape, name in schema.get("required", []))
    return found


def _members(document: Document, schema: Document, name: str = "", depth: int = 0) -> set[str]:
    """Every member that an answer surely has, by its dotted name; `[]` is what stands in a list."""
    schema = _resolved(document, schema)
    found: set[str] = set()
    for each in schema.get("anyOf", []):
        found |= _members(document, each, name, depth)
    if "items" in schema:
        found |= _members(document, schema["items"], f"{name}[]", depth + 1)
    for member in schema.get("required", []):
        found.add(f"{name}.{member}".lstrip("."))
        found |= _members(document, schema["properties"][member], f"{name}.{member}", depth + 1)
    return found


def _narrowed(before: Document, old: Document, after: Document, new: Document) -> Iterator[str]:
    """How `new` takes less than `old`: fewer types, fewer words, narrower bounds, more needed members."""
    olds, news = _choices(before, old), _choices(after, new)
    for kind, shape in olds.items():
        if kind not in news and news.keys() != {""}:
            yield f"takes no {kind} any more"
            continue
        there = news.get(kind, {})
        if "enum" in there and not set(shape.get("enum", ["?"])) <= set(there["enum"]):
            yield "takes fewer words"
        if any(there.get(bound, -1) > shape.get(bound, -1) for bound in LEAST):
            yield "takes nothing as small any more"
        if any(bound in there and there[bound] < shape.get(bound, there[bound] + 1) for bound in MOST):
            yield "takes nothing as large any more"
        if there.get("pattern", shape.get("pattern")) != shape.get("pattern"):
            yield "takes another form"
        if "items" in shape and "items" in there:
            yield from (f"[] {why}" for why in _narrowed(before, shape["items"], after, there["items"]))
        yield from (f"needs {name} now" for name in set(there.get("required", [])) - set(shape.get("required", [])))
        for name, inner in shape.get("properties", {}).items():
            if name in there.get("properties", {}):
                yield from (f".{name} {why}" for why in _narrowed(before, inner, after, there["properties"][name]))
            elif there:
                yield f".{name} is taken no longer"


def _choices(document: Document, schema: Document) -> dict[str, Document]:
    """The schema's alternatives by JSON type; two of one type are one of them."""
    schema = _resolved(document, schema)
    if "anyOf" in schema:
        return {kind: one for each in schema["anyOf"] for kind, one in _choices(document, each).items()}
    kinds = schema.get("type", "")
    return dict.fromkeys(kinds if isinstance(kinds, list) else [kinds], schema)


def _resolved(document: Document, schema: Document) -> Document:
    """The schema, or what its reference names."""
    for name in schema.get("$ref", "#").split("/")[1:]:
        document = document[name]
    return document if "$ref" in schema else schema
