"""The API keeps what its last release promised, unless the changelog says that it is broken."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from licensing.web.api.openapi import document
from licensing.web.app import routes_alone
from tests.docs.openapi_changes import breaks

DOCS = Path(__file__).parent.parent.parent / "docs"
CHANGELOG = DOCS.parent / "CHANGELOG.md"


def released() -> Any:
    """The document of the last release."""
    newest = max((DOCS / "openapi").glob("*.json"), key=lambda path: [int(part) for part in path.stem.split(".")])
    return json.loads(newest.read_text("utf-8"))


def test_nothing_that_was_promised_is_broken_unless_the_changelog_says_so() -> None:
    told = re.findall(r"^- Breaking: `([^`]+)`", CHANGELOG.read_text("utf-8"), re.M)

    found = [line for line in breaks(released(), document(routes_alone())) if not line.startswith(tuple(told))]

    assert found == []


CONVERT = "/v1/licenses/{license_id}/conversion"


def body(changed: Any) -> Any:
    return changed["paths"][CONVERT]["post"]["requestBody"]["content"]["application/json"]["schema"]


CHANGES: dict[str, Callable[[Any], object]] = {
    "gone": lambda changed: changed["paths"].pop(CONVERT),
    "409 gone": lambda changed: changed["paths"][CONVERT]["post"]["responses"].pop("409"),
    "200 lost the member serial": lambda changed: changed["components"]["schemas"]["Done"]["required"].remove("serial"),
    "200 lost the member license.tier": lambda changed: changed["components"]["schemas"]["License"]["required"].remove(
        "tier"
    ),
    "body.months is needed now": lambda changed: body(changed)["required"].append("months"),
    "body.start is taken no longer": lambda changed: body(changed)["properties"].pop("start"),
    "body.seats takes nothing as large any more": lambda changed: body(changed)["properties"]["seats"].update(
        maximum=9
    ),
    "body.seats takes no integer any more": lambda changed: body(changed)["properties"]["seats"].update(type="string"),
    "body.months takes no null any more": lambda changed: body(changed)["properties"]["months"]["anyOf"].pop(),
    "body.currency takes another form": lambda changed: body(changed)["properties"]["currency"].update(pattern="^EUR$"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_broken_promise_is_seen(what: str) -> None:
    before = document(routes_alone())
    after = copy.deepcopy(before)
    CHANGES[what](after)

    assert f"POST {CONVERT}: {what}" in list(breaks(before, after))


def test_what_is_added_breaks_nothing() -> None:
    after = document(routes_alone())
    before = copy.deepcopy(after)
    del before["paths"][CONVERT]
    body_of_renewal = before["paths"]["/v1/licenses/{license_id}/renewals"]["post"]["requestBody"]
    del body_of_renewal["content"]["application/json"]["schema"]["properties"]["support"]
    before["components"]["schemas"]["Done"]["required"].remove("charge")

    assert list(breaks(before, after)) == []
