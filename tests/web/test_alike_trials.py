"""Trials that look like one another are no secret to sales, and refused to nobody."""

from __future__ import annotations

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.journeys import Signal
from licensing.core.leads import REASONS
from licensing.core.trials import ALIKE_WITHIN
from licensing.storage import registrations
from tests.support.worlds import World, registration

REASON = REASONS[Signal.ALIKE_TRIALS]


def leads(world: World) -> dict[str, list[str]]:
    """The reasons of each lead, by its organisation."""
    world.house.rollups.catch_up()
    found = world.house.reports.leads(OPERATOR, 100).lines
    return {str(line[1]): list(line[4]) for line in found}


def confirmed(world: World, email: str, organization: str, network: str = "198.51.100.7") -> None:
    """A trial that somebody took from that network."""
    body = registration(email=email, organization=organization)
    answer = world.client.post("/v1/trials", json=body, environ_base={"REMOTE_ADDR": network})
    assert answer.status_code == 202, answer.text
    assert world.confirm().status_code == 201


def test_free_mail_addresses_from_one_network_are_a_reason_for_each_of_them(world: World) -> None:
    confirmed(world, "one@gmail.com", "One")
    assert leads(world) == {}
    confirmed(world, "two@gmx.de", "Two")
    confirmed(world, "three@gmail.com", "Three")
    confirmed(world, "else@gmail.com", "Else", network="203.0.113.9")

    assert leads(world) == {name: [REASON] for name in ("One", "Two", "Three")}
    assert world.house.rollups.reconcile() == []


def test_free_mail_addresses_of_one_name_are_one_too_however_it_is_spelled(world: World) -> None:
    confirmed(world, "one@gmail.com", "Acme  Storage", network="198.51.100.7")
    confirmed(world, "two@gmail.com", "ACME storage", network="203.0.113.9")

    assert list(leads(world).values()) == [[REASON]] * 2


def test_an_organisation_with_a_domain_of_its_own_is_not_suspected(world: World) -> None:
    confirmed(world, "it@acme.example", "Acme")
    confirmed(world, "it@other.example", "Acme")

    assert all(REASON not in reasons for reasons in leads(world).values())


def test_one_that_was_only_asked_for_does_not_count(world: World) -> None:
    assert world.register("one@gmail.com", organization="One").status_code == 202
    confirmed(world, "two@gmail.com", "Two", network="127.0.0.1")

    assert leads(world) == {}


@pytest.mark.parametrize(("seconds", "alike"), [(0, True), (1, False)])
def test_after_a_month_nothing_looks_alike_and_no_network_is_kept(world: World, seconds: int, alike: bool) -> None:
    confirmed(world, "one@gmail.com", "One")
    world.clock.advance(seconds=ALIKE_WITHIN.total_seconds() + seconds)
    confirmed(world, "two@gmail.com", "Two")
    assert (leads(world) != {}) is alike

    with world.house.database.write() as session:
        registrations.forget_likeness(session, world.clock())
    kept = [row for row in world.rows()["registration"] if any(len(str(cell)) == 64 for cell in row[-3:-1])]
    assert len(kept) == 1
    assert world.house.rollups.reconcile() == []


def test_sales_see_why_and_nobody_is_refused(world: World) -> None:
    for number in range(5):
        confirmed(world, f"jo{number}@gmail.com", f"Lab {number}")
    seller = world.sign_in("sales")
    world.house.rollups.catch_up()

    assert seller.get("/console/leads").text.count(REASON) == 5 + 1  # and what it weighs
    report = seller.get("/v1/reports/leads").get_json()
    assert [row["reasons"] for row in report["rows"]] == [[REASON]] * 5
    assert REASON in seller.get("/v1/reports/leads?format=csv").text
