"""What is for sale is dated data: set in the console, and never for a day that is past."""

from __future__ import annotations

from datetime import timedelta

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from tests.support.worlds import Staffer, World, sell, standing


def send(world: World, staffer: Staffer, path: str, **form: str) -> TestResponse:
    path = f"/console/settings/{path}"
    return staffer.client.post(path, data={"once": world.house.system.new_id(), **form})


def day(world: World, days: int = 0) -> str:
    return (world.clock() + timedelta(days=days)).date().isoformat()


def medium_from(world: World, first_seat: str, days: int = 0) -> dict[str, str]:
    return {
        "name": "medium_enterprise",
        "first_seat": first_seat,
        "support": "business",
        "valid_from": day(world, days),
    }


def test_a_tier_has_other_bounds_from_its_day_on_and_what_was_sold_keeps_its_own(world: World) -> None:
    admin, before = world.sign_in("manager"), sell(world, 12)

    answer = send(world, admin, "tiers", **medium_from(world, "20", days=3))
    today = sell(world, 12)
    world.clock.advance(days=3)
    then, more = sell(world, 12), sell(world, 20)

    assert answer.headers["Location"] == "/console/settings?done=tier-set"
    tiers = [each.tier for each in (before, today, then, more)]
    assert tiers == ["medium_enterprise", "medium_enterprise", "entry", "medium_enterprise"]
    kept = world.house.licenses.show(OPERATOR, before.license_id).standing
    assert kept.tier == "medium_enterprise"


def test_a_new_tier_is_one_row(world: World) -> None:
    manager = world.sign_in("manager")

    send(world, manager, "tiers", name="giant", first_seat="1000", support="dedicated-24x7", valid_from=day(world))

    assert "giant" in manager.get("/console/settings").text
    assert sell(world, 1_000).tier == "giant"


def test_a_level_of_support_is_on_offer_at_a_tier(world: World) -> None:
    manager = world.sign_in("manager")
    buyer = world.house.organizations.create(OPERATOR, "Buyer", "DE", None, None)
    form = {"tier": "entry", "support": "dedicated-24x7", "valid_from": day(world)}

    answer = send(world, manager, "support", **form)

    assert answer.headers["Location"] == "/console/settings?done=support-offered"
    sold = world.house.sales.sell(OPERATOR, buyer.id, Term(3, 12, support="dedicated-24x7"), None)
    assert (standing(sold).tier, standing(sold).support) == ("entry", "dedicated-24x7")


@pytest.mark.parametrize(
    "changes",
    [
        {"valid_from": "2026-01-14"},
        {"valid_from": "soon"},
        {"first_seat": "0"},
        {"first_seat": "many"},
        {"name": ""},
        {"name": "Medium Enterprise"},
        {"name": "trial"},
        {"name": "<b>"},
        {"name": "entry", "first_seat": "2"},
        {"support": "none"},
    ],
    ids=str,
)
def test_a_tier_that_can_not_be_changes_nothing_and_keeps_what_was_typed(world: World, changes: dict[str, str]) -> None:
    manager = world.sign_in("manager")
    before = world.rows()

    answer = send(world, manager, "tiers", **{**medium_from(world, "20"), **changes})

    assert answer.status_code == 422
    assert 'name="first_seat"' in answer.text
    after = world.rows()
    assert (after["tier"], after["event"]) == (before["tier"], before["event"])


@pytest.mark.parametrize(
    "changes", [{"tier": "none"}, {"support": "none"}, {"valid_from": "2026-01-14"}, {"tier": ""}], ids=str
)
def test_an_offer_that_can_not_be_changes_nothing(world: World, changes: dict[str, str]) -> None:
    form = {"tier": "entry", "support": "business", "valid_from": day(world)}
    before = world.rows()["support_offer"]

    answer = send(world, world.sign_in("manager"), "support", **{**form, **changes})

    assert answer.status_code == 422
    assert world.rows()["support_offer"] == before


def test_whoever_may_not_set_prices_sees_no_form_and_sets_nothing(world: World) -> None:
    seller = world.sign_in("sales")

    assert "Set a tier" not in seller.get("/console/settings").text
    assert send(world, seller, "tiers", **medium_from(world, "20")).status_code == 403
