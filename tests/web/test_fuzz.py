"""A short fuzz of every route; the long one is `make fuzz`."""

from __future__ import annotations

import copy

import pytest

from tests.fuzz import Fuzz, Tally
from tests.support.changes import Changes
from tests.support.documents import Documented
from tests.support.worlds import World

EXAMPLES = 2
SEED = 7


@pytest.fixture(scope="module")
def documented() -> Documented:
    return Documented()


def test_requests_made_up_from_the_document_break_nothing(world: World, documented: Documented) -> None:
    fuzz = Fuzz(world, SEED, documented.document)

    fuzz.round(EXAMPLES)

    assert fuzz.tally.wrong == {}
    assert fuzz.tally.changed == {}
    assert max(fuzz.tally.statuses) < 500
    assert fuzz.tally.statuses.total() > len(documented.document["paths"])


@pytest.mark.parametrize("settings", ["sqlite"], indirect=True)
def test_an_answer_that_the_document_does_not_tell_of_is_found(world: World, documented: Documented) -> None:
    document = copy.deepcopy(documented.document)
    document["paths"] = {"/healthz": document["paths"]["/healthz"]}
    schema = document["paths"]["/healthz"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    schema["properties"]["status"] = {"type": "integer"}
    fuzz = Fuzz(world, SEED, document)

    fuzz.round(EXAMPLES)

    assert isinstance(fuzz.tally, Tally)
    assert [where for where in fuzz.tally.wrong if where.startswith("GET /healthz 200")]


def test_what_a_request_changed_is_noticed(world: World) -> None:
    changes = Changes(world)

    assert changes.tables() == frozenset()
    assert world.register().status_code == 202
    assert changes.tables() >= {"registration", "outbox"}
    assert world.register(email="no mail address").status_code == 422
    assert changes.tables() == frozenset()
