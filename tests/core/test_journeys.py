"""Journeys: each step of docs/reports.md with plain rows; days are counted from 2024-01-01."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.journeys import History, Journey, Offered, Registered, Signal, Use, told
from licensing.core.ledger import Kind
from licensing.core.movements import Deal
from tests.core.test_movements import SECOND, SOLD, TIERS, TRIAL, deal, on

CONVERTED = deal(1, Kind.CONVERTED, 0)
STEPS = ("registered", "confirmed", "activated", "full", "over", "quoted", "converted", "direct")


def page(day: float, country: str = "DE", source: str = "page") -> Registered:
    return Registered(on(day), source, country)


def uses(day: float, nodes: int, *, is_first: bool = False) -> Use:
    return Use(on(day), nodes, is_first)


def quote(day: float, seller: str = "ann") -> Offered:
    return Offered(on(day), seller)


def history(*deals: Deal, **changes: Any) -> History:
    values = {"subject": "acme", "members": ("acme",), "country": "", "has_company_domain": False}
    return History(**{**values, "deals": deals, **changes})


def journey(*deals: Deal, **changes: Any) -> Journey:
    found, _ = told(history(*deals, **changes), TIERS)
    assert found is not None
    return found


def steps(*deals: Deal, **changes: Any) -> dict[str, datetime]:
    """When each step was reached; without those that were not."""
    found = journey(*deals, **changes)
    moments = {step: getattr(found, f"{step}_at") for step in STEPS}
    return {step: at for step, at in moments.items() if at is not None}


def test_every_step_is_counted_when_it_was_reached_first() -> None:
    clusters = [uses(-9, 3, is_first=True), uses(-8, 4), uses(-7, 4), uses(-6, 5), uses(-5, 9)]

    reached = steps(
        TRIAL, CONVERTED, registrations=[page(-12), page(-11)], uses=clusters, quotes=[quote(-4), quote(-3)]
    )

    assert reached == {
        "registered": on(-12),
        "confirmed": on(-10),
        "activated": on(-9),
        "full": on(-8),
        "over": on(-6),
        "quoted": on(-4),
        "converted": on(0),
    }


def test_a_step_does_not_need_the_ones_before_it() -> None:
    assert steps(TRIAL, CONVERTED, registrations=[page(-12)], quotes=[quote(-4)]).keys() == {
        "registered",
        "confirmed",
        "quoted",
        "converted",
    }


def test_who_never_confirmed_is_registered() -> None:
    found = journey(subject="domain:acme.example", members=(), registrations=[page(-12, "FR"), page(-9, "DE")])

    assert (found.registered_at, found.confirmed_at, found.organization_id) == (on(-12), None, None)
    assert (found.country, found.source, found.tier, found.salesperson_id) == ("FR", "page", "none", "none")


@pytest.mark.parametrize(("day", "expected"), [(-11, -11), (-10, -10), (-9, -10)])
def test_a_trial_before_the_registration_counts_as_registered(day: float, expected: float) -> None:
    assert steps(TRIAL, registrations=[page(day)])["registered"] == on(expected)


def test_a_trial_without_registration_came_from_sales() -> None:
    found = journey(TRIAL)

    assert (found.registered_at, found.source) == (on(-10), "sales")


def test_the_source_is_that_of_the_first_registration() -> None:
    assert (
        journey(TRIAL, registrations=[page(-9, source="page"), page(-12, source="invitation")]).source == "invitation"
    )


def test_the_country_is_the_organisations_or_else_the_registrations() -> None:
    assert journey(TRIAL, country="CH", registrations=[page(-12, "DE")]).country == "CH"
    assert journey(TRIAL, registrations=[page(-12, "DE")]).country == "DE"
    assert journey(TRIAL).country == "none"


@pytest.mark.parametrize(("nodes", "reached"), [(3, []), (4, ["full"]), (5, ["full", "over"])])
def test_four_nodes_are_full_and_the_fifth_is_over(nodes: int, reached: list[str]) -> None:
    assert [step for step in ("full", "over") if step in steps(TRIAL, uses=[uses(-1, nodes, is_first=True)])] == reached


@pytest.mark.parametrize(("day", "counts"), [(-SECOND, True), (0, False)])
def test_full_and_over_count_before_the_first_purchase_alone(day: float, *, counts: bool) -> None:
    reached = steps(TRIAL, CONVERTED, uses=[uses(day, 5, is_first=True)])

    assert ("full" in reached, "over" in reached, "activated" in reached) == (counts, counts, True)


@pytest.mark.parametrize(("day", "counts"), [(-1, True), (0, True), (SECOND, False)])
def test_a_quote_counts_up_to_the_second_of_the_first_purchase(day: float, *, counts: bool) -> None:
    assert ("quoted" in steps(TRIAL, CONVERTED, quotes=[quote(day)])) is counts


def test_a_purchase_without_a_trial_before_it_is_direct() -> None:
    assert steps(SOLD) == {"direct": on(0)}
    assert steps(deal(0, Kind.TRIAL, 5, license_id="T"), SOLD, registrations=[page(4)]) == {
        "registered": on(4),
        "confirmed": on(5),
        "direct": on(0),
    }


def test_a_voided_purchase_was_none_and_the_next_one_counts() -> None:
    voided, again = deal(2, Kind.VOIDED, 2, refers_to="1"), deal(3, Kind.CONVERTED, 3, 20, salesperson_id="bob")

    assert journey(TRIAL, CONVERTED, voided).is_open
    found = journey(TRIAL, CONVERTED, voided, again)
    assert (found.converted_at, found.tier, found.purchase, found.salesperson_id) == (on(3), "medium", "3", "bob")


def test_the_tier_is_that_of_the_first_purchase_for_ever() -> None:
    assert journey(TRIAL, CONVERTED, deal(2, Kind.EXPANDED, 5, 40)).tier == "entry"


@pytest.mark.parametrize(
    ("deals", "quotes", "salesperson"),
    [
        ([TRIAL], [], "none"),
        ([TRIAL], [quote(-2, "bob"), quote(-3, "ann")], "ann"),
        ([TRIAL, deal(1, Kind.CONVERTED, 0, salesperson_id="eve")], [quote(-3, "ann")], "eve"),
        ([TRIAL, deal(1, Kind.CONVERTED, 0)], [quote(1, "ann")], "none"),
    ],
)
def test_the_salesperson_made_the_first_purchase_or_else_the_first_quote(
    deals: list[Deal], quotes: list[Offered], salesperson: str
) -> None:
    assert journey(*deals, quotes=quotes).salesperson_id == salesperson


def test_merged_organisations_are_one_customer() -> None:
    other = deal(2, Kind.TRIAL, -20, 4, organization_id="beta", license_id="T")

    found = journey(TRIAL, CONVERTED, other, members=("acme", "beta"), registrations=[page(-12), page(-21)])

    assert (found.registered_at, found.confirmed_at, found.trial) == (on(-21), on(-20), "2")
    assert (found.converted_at, found.organization_id) == (on(0), "acme")


def test_a_license_that_came_by_transfer_is_no_purchase() -> None:
    found = journey(TRIAL, deal(1, Kind.TRANSFERRED, 0, 9, license_id="L2"))

    assert (found.converted_at, found.direct_at, found.purchase, found.is_open) == (None, None, None, True)


def test_who_did_nothing_has_no_journey() -> None:
    assert told(history(deal(1, Kind.ERASED, 0)), TIERS) == (None, [])


def test_who_was_only_quoted_has_a_journey_that_is_not_in_the_funnel() -> None:
    assert steps(quotes=[quote(1)]) == {"quoted": on(1)}


NOTHING: dict[str, Any] = {}
SIGNS: list[tuple[dict[str, Any], Signal]] = [
    (NOTHING, Signal(0)),
    ({"uses": [uses(-9, 4, is_first=True)]}, Signal.FULL),
    ({"uses": [uses(-9, 5, is_first=True)]}, Signal.FIFTH_NODE | Signal.FULL),
    ({"uses": [uses(-9, 1, is_first=True), uses(-8, 2)]}, Signal.GROWING),
    ({"uses": [uses(-9, 2, is_first=True), uses(-8, 1)]}, Signal(0)),
    ({"clusters": 2}, Signal.SEVERAL_CLUSTERS),
    ({"has_company_domain": True}, Signal.COMPANY_DOMAIN),
    ({"watched": timedelta(days=30)}, Signal.MANY_CHECK_INS),
    ({"watched": timedelta(days=30, seconds=-1)}, Signal(0)),
    ({"quotes": [quote(-1)]}, Signal.ASKED_FOR_QUOTE),
]


@pytest.mark.parametrize(("shown", "signals"), SIGNS)
def test_a_trial_shows_its_signals_until_it_buys(shown: dict[str, Any], signals: Signal) -> None:
    assert journey(TRIAL, **shown).signals == signals
    assert journey(TRIAL, CONVERTED, **shown).signals == 0


@pytest.mark.parametrize("seen", [None, on(-5), on(-1)])
def test_a_lead_was_active_when_she_last_did_anything(seen: datetime | None) -> None:
    found = journey(TRIAL, registrations=[page(-12)], quotes=[quote(-3)], last_seen_at=seen)

    assert found.active_at == max(on(-3), seen or on(-3))


moments = st.integers(-20, 20).map(on)
registrations = st.lists(st.builds(Registered, moments, st.just("page"), st.just("DE")), max_size=3)
quoted = st.lists(st.builds(Offered, moments, st.sampled_from(["ann", "bob"])), max_size=3)
bought = st.lists(st.sampled_from([TRIAL, SOLD, deal(2, Kind.TRIAL, 5, 4, license_id="T"), deal(3, Kind.RENEWED, 6)]))


@given(registrations, quoted, bought.map(lambda deals: list(dict.fromkeys(deals))), st.lists(st.integers(-9, 9)))
def test_a_journey_is_the_same_in_any_order_and_never_both_converted_and_direct(
    registrations: list[Registered], quotes: list[Offered], deals: list[Deal], days: list[int]
) -> None:
    seen = [uses(day, abs(day), is_first=True) for day in sorted(days)]
    one = history(*deals, registrations=registrations, quotes=quotes, uses=seen)
    other = history(*deals[::-1], registrations=registrations[::-1], quotes=quotes, uses=seen)

    found, moved = told(one, TIERS)

    assert (found, moved) == told(other, TIERS)
    if found is not None:
        assert found.converted_at is None or found.direct_at is None
        assert (found.purchase is None) is (found.converted_at is None and found.direct_at is None)
        assert found.over_at is None or (found.full_at is not None and found.full_at <= found.over_at)
