"""The milestone board: how each stands, who counts, and who sets them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR
from licensing.core.milestones import Aim
from licensing.services.milestones import Standings
from tests.support.worlds import Staffer, World, sell
from tests.web.staff_routes import ABSENT

FORM = {
    "name": "Spring",
    "counts_from": "2026-01-01",
    "day": "2026-03-31",
    "new_customers": "2",
    "enterprise_deals": "",
}


@pytest.fixture
def manager(world: World) -> Staffer:
    return world.sign_in("manager")


def send(world: World, staffer: Staffer, path: str, **form: str) -> TestResponse:
    return staffer.client.post(path, data={"once": world.house.system.new_id(), **form})


def milestone(world: World, name: str = "Spring", customers: int = 2) -> str:
    first, day = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 31, tzinfo=UTC)
    return world.house.milestones.set(OPERATOR, name, first, day, {Aim.NEW_CUSTOMERS: customers}).milestone.id


def own(world: World) -> list[Standings]:
    """Those that were not there from the start."""
    return [each for each in world.house.milestones.every(OPERATOR) if each.milestone.day.year == 2026]


def test_sales_may_look_but_not_set(world: World) -> None:
    seller, id = world.sign_in("sales"), milestone(world)
    before = world.rows()

    answers = [
        send(world, seller, path, **FORM)
        for path in ("/console/milestones", f"/console/milestones/{id}/change", f"/console/milestones/{id}/removal")
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert world.rows() == before
    assert "Set a milestone" not in seller.get("/console/milestones").text
    assert "Remove" not in seller.get(f"/console/milestones/{id}").text


def test_a_milestone_that_there_is_not_is_not_found(world: World, manager: Staffer) -> None:
    assert manager.get(f"/console/milestones/{ABSENT}").status_code == 404
    assert send(world, manager, f"/console/milestones/{ABSENT}/change", **FORM).status_code == 404
    assert send(world, manager, f"/console/milestones/{ABSENT}/removal").status_code == 404


def test_a_name_that_would_be_a_script_is_text(world: World, manager: Staffer) -> None:
    id = milestone(world, "<script>alert(1)</script>")

    for path in ("/console/milestones", f"/console/milestones/{id}"):
        assert "<script>alert" not in manager.get(path).text


def test_a_milestone_is_set_changed_and_removed(world: World, manager: Staffer) -> None:
    assert send(world, manager, "/console/milestones", **FORM).status_code == 303
    [standings] = own(world)
    id = standings.milestone.id
    assert dict(standings.milestone.targets) == {Aim.NEW_CUSTOMERS: 2}

    changed = send(world, manager, f"/console/milestones/{id}/change", **{**FORM, "enterprise_deals": "1"})

    assert changed.headers["Location"] == f"/console/milestones/{id}?done=milestone-set"
    assert dict(own(world)[0].milestone.targets) == {Aim.NEW_CUSTOMERS: 2, Aim.ENTERPRISE_DEALS: 1}
    assert send(world, manager, f"/console/milestones/{id}/removal", deed="remove").status_code == 303
    assert own(world) == []


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"new_customers": ""}, "at least one target"),
        ({"day": "2025-12-31"}, "not before that"),
        ({"day": "01.02.2026"}, "Must be a day such as"),
        ({"new_customers": "0"}, "Must be 1 to"),
        ({"name": ""}, "Please fill this in."),
    ],
)
def test_a_milestone_that_can_not_be_keeps_what_was_typed(
    world: World, manager: Staffer, changes: dict[str, str], why: str
) -> None:
    answer = send(world, manager, "/console/milestones", **{**FORM, "counts_from": "2026-01-03", **changes})

    assert answer.status_code == 422
    assert why in answer.text
    assert 'value="2026-01-03"' in answer.text
    assert own(world) == []


def test_the_board_says_how_a_target_stands_and_the_page_who_counts(world: World, manager: Staffer) -> None:
    id = milestone(world)
    license_id = sell(world).license_id
    world.house.rollups.catch_up()

    board, shown = manager.get("/console/milestones").text, manager.get(f"/console/milestones/{id}").text

    for page in (board, shown):
        assert '<meter class="meter" min="0" max="2" value="1"' in page
        assert "on track" in page
        assert "1 missing" in page
        assert "76 days left" in page
    assert "Buyer AG" in shown
    assert f"/console/licenses/{license_id}" in shown


def test_who_counts_is_a_file_too(world: World, manager: Staffer) -> None:
    id = milestone(world)
    sell(world)
    world.house.rollups.catch_up()

    answer = manager.get(f"/console/milestones/{id}?format=csv")

    assert answer.content_type == "text/csv; charset=utf-8"
    assert "Buyer AG" in answer.text


def test_a_day_that_is_over_has_no_days_left(world: World, manager: Staffer) -> None:
    milestone(world)
    world.clock.time = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
    manager = world.again(manager)
    assert "1 day left" in manager.get("/console/milestones").text

    world.clock.advance(seconds=1)

    page = manager.get("/console/milestones").text
    assert "1 day left" not in page
    assert "missed" in page
