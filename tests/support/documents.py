"""The API's own document, and whether an answer is one that it tells of."""

from __future__ import annotations

import re
from typing import Any

from openapi_schema_validator import OAS31Validator
from werkzeug.test import TestResponse

from licensing.web.api.openapi import document
from licensing.web.app import routes_alone

VARIABLE = re.compile(r"<(?:\w+:)?(\w+)>")


def closed(shape: Any) -> Any:
    """The shape, with no members in its objects but those that are named: what is answered and not told shows."""
    if isinstance(shape, list):
        return [closed(each) for each in shape]
    if not isinstance(shape, dict):
        return shape
    shape = {name: closed(each) for name, each in shape.items()}
    return {"additionalProperties": False, **shape} if isinstance(shape.get("properties"), dict) else shape


class Documented:
    """The document, asked about requests and answers by method and rule of the url map."""

    def __init__(self) -> None:
        self.document = document(routes_alone())
        self._components = closed(self.document["components"])

    def operation(self, method: str, rule: str) -> dict[str, Any]:
        """What is told of a route."""
        operation: dict[str, Any] = self.document["paths"][VARIABLE.sub(r"{\1}", rule)][method.lower()]
        return operation

    def body_of(self, method: str, rule: str) -> dict[str, Any] | None:
        """The schema of its JSON body, if it takes one."""
        content = self.operation(method, rule).get("requestBody", {}).get("content", {})
        schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
        return schema

    def response(self, method: str, rule: str, status: int) -> dict[str, Any]:
        """What is told of an answer with this status; an assertion fails if nothing is."""
        responses = self.operation(method, rule)["responses"]
        assert str(status) in responses, (method, rule, status, sorted(responses))
        response: dict[str, Any] = responses[str(status)]
        name = response.get("$ref", "").rpartition("/")[2]
        return self.document["components"]["responses"][name] if name else response

    def faults(self, method: str, rule: str, answer: TestResponse) -> list[str]:
        """What of the answer the document does not tell of: its status, media type, or a member."""
        where = f"{method} {rule} {answer.status_code}"
        content = self.response(method, rule, answer.status_code).get("content", {})
        if not content:
            return [f"{where}: a body"] if answer.data else []
        media = str(answer.mimetype)
        if media not in content:
            return [f"{where}: {media}"]
        schema = content[media]["schema"]
        found = self.differences(closed(schema), answer.get_json()) if "json" in media else []
        return [f"{where}: {each}" for each in found]

    def differences(self, schema: dict[str, Any], value: object) -> list[str]:
        """Why the schema does not take the value."""
        validator = OAS31Validator({**schema, "components": self._components})
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]
