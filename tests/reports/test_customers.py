"""Each of the forty-odd customers counts as what is written beside her, on both databases."""

from __future__ import annotations

from datetime import datetime

import pytest

from licensing.core.funnels import Step
from licensing.core.journeys import Journey, Signal
from licensing.core.movements import Movement
from licensing.storage import journeys
from tests.reports.customers import CUSTOMERS, UNCONFIRMED, Expected
from tests.reports.rows import at, id_of
from tests.support.counted import NOW
from tests.support.worlds import World


def told(world: World, subject: str) -> tuple[Journey | None, list[Movement]]:
    with world.house.database.read() as session:
        return journeys.of_subjects(session, [subject]).get(subject, (None, []))


def steps(journey: Journey | None) -> dict[str, datetime]:
    moments = {step.value: getattr(journey, f"{step}_at", None) for step in Step}
    return {step: moment for step, moment in moments.items() if moment is not None}


def spelled(movement: Movement) -> str:
    when = movement.at.strftime("%Y-%m-%d" if movement.at.hour == 12 else "%Y-%m-%d %H:%M:%S")
    paid = f" {movement.amount_minor} {movement.currency}" if movement.currency else ""
    return f"{when} {movement.what} {movement.tier} {movement.seats}{paid}"


@pytest.mark.parametrize("expected", CUSTOMERS, ids=[each.organizations[0].name for each in CUSTOMERS])
def test_a_customer_counts_as_what_is_written_beside_her(counted: World, expected: Expected) -> None:
    journey, movements = told(counted, expected.organizations[0].id)

    assert steps(journey) == {step: at(when) for step, when in (expected.steps or {}).items()}, expected.why
    assert journey is not None
    assert (journey.tier, journey.salesperson_id) == expected.bought
    assert (journey.source, journey.country) == (expected.source, expected.organizations[0].country)
    assert Signal(journey.signals) == Signal(sum(Signal[name] for name in expected.signals))
    assert sorted(spelled(each) for each in movements if each.at < NOW) == sorted(expected.moves)


def test_a_registration_without_an_organisation_is_counted_once_a_key(counted: World) -> None:
    for key, country, source, day, _ in UNCONFIRMED:
        journey, movements = told(counted, key)
        assert journey is not None
        assert steps(journey) == {"registered": at(day)}
        assert (journey.country, journey.source, movements) == (country, source, [])


def test_duplicates_have_no_rows_of_their_own(counted: World) -> None:
    for name in ("a15", "a17", "a47"):
        assert told(counted, id_of(name)) == (None, [])


def test_every_figure_is_that_of_the_ledger(counted: World) -> None:
    assert counted.house.rollups.reconcile() == []
