"""Movements: each rule of docs/reports.md with plain rows. Days are counted from 2024-01-01; a license lasts 365."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.ledger import Kind
from licensing.core.licenses import Edition
from licensing.core.movements import GRACE, PAID, Deal, Movement, What, change, counted, movements, seats_before
from licensing.core.tiers import Tier

START = datetime(2024, 1, 1, tzinfo=UTC)
SECOND = 1 / 86_400
TIERS = [
    Tier("entry", Edition.PRO, 1, None, "", START - timedelta(days=9_999)),
    Tier("medium", Edition.PRO, 11, None, "", START - timedelta(days=9_999)),
    Tier("large", Edition.PRO, 101, None, "", START - timedelta(days=9_999)),
]
END = 365 + 30
"""The day on which a license that was sold on day 0 and nothing was done to is not live any more."""


def on(day: float) -> datetime:
    return START + timedelta(seconds=round(day * 86_400))


def deal(number: int, kind: Kind, day: float, seats: int = 5, **changes: Any) -> Deal:
    """The issuance at place `number` of the ledger, for a term of 365 days from its own day on."""
    is_trial, ends = kind is Kind.TRIAL, on(changes.pop("ends", day + 365))
    values: dict[str, Any] = {
        "license_id": "L",
        "organization_id": "acme",
        "edition": Edition.TRIAL if is_trial else Edition.PRO,
        "starts_at": on(changes.pop("starts", day)),
        "ends_at": None if is_trial else ends,
        "effective_at": on(day),
    }
    return Deal(number, str(number), kind, seats=seats, **{**values, **changes})


def told(*deals: Deal, members: Sequence[str] = ("acme",), tiers: Sequence[Tier] = TIERS) -> list[Movement]:
    return movements(deals, members, tiers)


def seen(*deals: Deal, members: Sequence[str] = ("acme",)) -> list[tuple[str, float, int]]:
    """Of each movement: what, day, seats."""
    found = told(*deals, members=members)
    return [(each.what, (each.at - START) / timedelta(days=1), each.seats) for each in found]


TRIAL = deal(0, Kind.TRIAL, -10, 4)
SOLD = deal(1, Kind.SOLD, 0)


def test_the_first_paid_issuance_after_a_trial_is_a_conversion() -> None:
    assert seen(TRIAL, deal(1, Kind.CONVERTED, 0)) == [("conversion", 0, 5), ("churn", END, 5)]


def test_the_first_paid_issuance_without_a_trial_is_direct() -> None:
    assert seen(SOLD) == [("direct", 0, 5), ("churn", END, 5)]


def test_a_trial_after_the_purchase_makes_no_conversion() -> None:
    later = deal(2, Kind.TRIAL, 1, 4, license_id="T")
    more = deal(3, Kind.CONVERTED, 2, 6, license_id="T", ends=365)

    assert seen(SOLD, later, more)[:2] == [("direct", 0, 5), ("expansion", 2, 6)]


@pytest.mark.parametrize(("trial", "sale", "what"), [(1, 2, "conversion"), (2, 1, "direct")])
def test_on_the_same_second_the_order_of_the_ledger_decides(trial: int, sale: int, what: str) -> None:
    assert seen(deal(trial, Kind.TRIAL, 0, license_id="T"), deal(sale, Kind.SOLD, 0))[0] == (what, 0, 5)


@pytest.mark.parametrize(("seconds", "what"), [(-1, "conversion"), (1, "direct")])
def test_on_the_same_day_the_seconds_decide(seconds: int, what: str) -> None:
    trial = deal(9, Kind.TRIAL, seconds * SECOND, license_id="T")

    assert seen(SOLD, trial)[0][0] == what


def test_an_imported_sale_counts_on_the_day_it_was_sold_whenever_it_was_imported() -> None:
    imported = deal(9, Kind.IMPORTED, -20, license_id=None, ends=345)

    assert seen(TRIAL, SOLD, imported)[:2] == [("direct", -20, 5), ("expansion", 0, 5)]


def test_a_customer_converts_once_for_ever() -> None:
    again = deal(2, Kind.SOLD, 1000, license_id="M")

    whats = [what for what, _, _ in seen(TRIAL, SOLD, again)]

    assert whats == ["conversion", "churn", "return", "churn"]


def test_a_voided_sale_never_happened_nor_what_refers_to_it() -> None:
    refund = deal(2, Kind.REFUNDED, 1, refers_to="1", amount_minor=100, currency="EUR")
    voided = deal(3, Kind.VOIDED, 2, refers_to="1")

    assert seen(TRIAL, SOLD, refund, voided) == []
    assert seen(TRIAL, SOLD, refund, voided, deal(4, Kind.CONVERTED, 3, 7, ends=365)) == [
        ("conversion", 3, 7),
        ("churn", END, 7),
    ]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (END - SECOND, [("direct", 0, 5), ("renewal", END - SECOND, 5)]),
        (END, [("direct", 0, 5), ("churn", END, 5), ("return", END, 5)]),
    ],
)
def test_a_license_is_live_up_to_the_last_second_of_its_grace(day: float, expected: list[Any]) -> None:
    assert seen(SOLD, deal(2, Kind.RENEWED, day))[:-1] == expected


@pytest.mark.parametrize(
    ("seats", "expected"),
    [
        (5, [("renewal", 300, 5)]),
        (8, [("renewal", 300, 5), ("expansion", 300, 3)]),
        (2, [("renewal", 300, 2), ("contraction", 300, 3)]),
    ],
)
def test_a_renewal_counts_the_fewer_seats_and_the_difference_apart(seats: int, expected: list[Any]) -> None:
    assert seen(SOLD, deal(2, Kind.RENEWED, 300, seats))[1:-1] == expected


def test_what_a_renewal_cost_is_counted_once() -> None:
    renewed = deal(2, Kind.RENEWED, 300, 8, amount_minor=700, currency="EUR")

    amounts = [(each.what, each.amount_minor, each.currency) for each in told(SOLD, renewed)]

    assert amounts == [("direct", 0, ""), ("renewal", 700, "EUR"), ("expansion", 0, ""), ("churn", 0, "")]


def test_more_seats_are_an_expansion_and_fewer_a_contraction() -> None:
    more, fewer = deal(2, Kind.EXPANDED, 10, 9, ends=365), deal(3, Kind.REDUCED, 20, 6, ends=365)

    assert seen(SOLD, more, fewer) == [
        ("direct", 0, 5),
        ("expansion", 10, 4),
        ("contraction", 20, 3),
        ("churn", END, 6),
    ]


def test_another_license_is_an_expansion_and_only_the_last_end_is_churn() -> None:
    other = deal(2, Kind.SOLD, 10, 3, license_id="M")

    assert seen(SOLD, other)[1:] == [("expansion", 10, 3), ("contraction", END, 5), ("churn", END + 10, 3)]


def test_seats_that_count_apart_move_nothing_unless_they_are_paid_for() -> None:
    free = deal(2, Kind.EXPANDED, 10, ends=365)
    paid = deal(3, Kind.EXPANDED, 20, ends=365, amount_minor=70, currency="EUR")

    assert seen(SOLD, free) == seen(SOLD)
    assert seen(SOLD, paid)[1] == ("expansion", 20, 0)


@pytest.mark.parametrize("kind", [Kind.SUSPENDED, Kind.REINSTATED, Kind.REISSUED, Kind.ERASED])
def test_what_is_no_sale_moves_nothing(kind: Kind) -> None:
    assert seen(SOLD, deal(2, kind, 10)) == seen(SOLD)


def test_a_revocation_ends_a_license_at_once() -> None:
    other = deal(2, Kind.SOLD, 0, 3, license_id="M")
    revoked = deal(3, Kind.REVOKED, 10), deal(4, Kind.REVOKED, 11, license_id="M")

    assert seen(SOLD, other, *revoked)[2:] == [("contraction", 10, 5), ("churn", 11, 3)]


@pytest.mark.parametrize(
    ("starts", "second"),
    [(364, "expansion"), (365, "renewal"), (395, "renewal"), (395 + SECOND, "expansion")],
)
def test_an_imported_term_continues_one_that_ended_at_most_30_days_before_it_starts(starts: float, second: str) -> None:
    first = deal(1, Kind.IMPORTED, 0, license_id=None)
    next_one = deal(2, Kind.IMPORTED, 360, license_id=None, starts=starts, ends=starts + 365)

    assert [what for what, _, _ in seen(first, next_one)][:2] == ["direct", second]


def test_an_imported_term_sold_after_the_grace_of_the_one_before_is_a_return() -> None:
    first = deal(1, Kind.IMPORTED, 0, license_id=None)
    late = deal(2, Kind.IMPORTED, 400, license_id=None, starts=370, ends=735)

    assert [what for what, _, _ in seen(first, late)] == ["direct", "churn", "return", "churn"]


def test_an_imported_term_continues_the_one_with_the_latest_end_and_each_is_continued_once() -> None:
    earlier = deal(1, Kind.IMPORTED, 0, 1, license_id=None, ends=350)
    latest = deal(2, Kind.IMPORTED, 1, 2, license_id=None, ends=360)
    next_ones = [deal(number, Kind.IMPORTED, 340, 3, license_id=None, starts=365, ends=700) for number in (3, 4, 5)]

    assert seen(earlier, latest, *next_ones)[2:-3] == [
        *[("renewal", 340, 2), ("expansion", 340, 1)],  # the latest end: 2 seats
        *[("renewal", 340, 1), ("expansion", 340, 2)],  # the other one
        ("expansion", 340, 3),  # none left
    ]


def test_a_transfer_ends_the_license_for_one_and_starts_it_for_the_other() -> None:
    transfer = deal(2, Kind.TRANSFERRED, 10, organization_id="beta", ends=365)

    assert seen(SOLD, transfer) == [("direct", 0, 5), ("churn", 10, 5)]
    assert seen(transfer, members=["beta"]) == [("expansion", 10, 5), ("churn", END, 5)]


def test_a_transfer_between_merged_organisations_is_none() -> None:
    transfer = deal(2, Kind.TRANSFERRED, 10, organization_id="beta", ends=365)

    assert seen(SOLD, transfer, members=["acme", "beta"]) == seen(SOLD)


def test_a_license_that_comes_back_is_an_expansion() -> None:
    away = deal(2, Kind.TRANSFERRED, 10, organization_id="beta", ends=365)
    back = deal(3, Kind.TRANSFERRED, 20, ends=365)

    assert seen(SOLD, away, back)[1:] == [("churn", 10, 5), ("expansion", 20, 5), ("churn", END, 5)]


@pytest.mark.parametrize(("earlier", "what"), [([], "direct"), ([TRIAL], "conversion")])
@pytest.mark.parametrize(("seats", "added"), [(5, 0), (8, 3)])
def test_not_the_transfer_but_the_next_sale_is_her_first(
    earlier: list[Deal], what: str, seats: int, added: int
) -> None:
    transfer = deal(2, Kind.TRANSFERRED, 10, ends=365)

    found = seen(*earlier, transfer, deal(3, Kind.RENEWED, 300, seats))

    assert found[:2] == [("expansion", 10, 5), (what, 300, added)]


def test_a_license_that_is_not_live_any_more_starts_nothing_where_it_goes() -> None:
    assert seen(deal(2, Kind.TRANSFERRED, END, ends=365)) == []


@pytest.mark.parametrize(
    ("before", "after", "is_one"), [(10, 11, True), (10, 10, False), (11, 12, False), (9, 40, True)]
)
@pytest.mark.parametrize("kind", [Kind.EXPANDED, Kind.RENEWED])
def test_enterprise_is_from_10_seats_or_fewer_to_more(kind: Kind, before: int, after: int, *, is_one: bool) -> None:
    found = seen(deal(1, Kind.SOLD, 0, before), deal(2, kind, 10, after, ends=365))

    assert (("enterprise", 10, after) in found) is is_one


def test_enterprise_is_counted_again_after_a_fall_and_not_for_what_is_not_paid() -> None:
    fewer, more = deal(2, Kind.REDUCED, 10, 10, ends=365), deal(3, Kind.EXPANDED, 20, 12, ends=365)
    transfer = deal(4, Kind.TRANSFERRED, 30, 50, license_id="M", ends=365)

    found = seen(deal(1, Kind.SOLD, 0, 11), fewer, more)

    assert [each for each in found if each[0] == "enterprise"] == [("enterprise", 0, 11), ("enterprise", 20, 12)]
    assert "enterprise" not in [what for what, _, _ in seen(SOLD, transfer)]


def test_the_tier_is_that_of_all_live_seats_after_it_and_of_fewer_seats_before() -> None:
    more, other = deal(2, Kind.EXPANDED, 10, 40, ends=365), deal(3, Kind.SOLD, 20, 70, license_id="M", ends=350)
    fewer = deal(4, Kind.RENEWED, 30, 9, ends=365)

    assert [(each.what, each.tier) for each in told(deal(1, Kind.SOLD, 0, 9), more, other, fewer)] == [
        ("direct", "entry"),
        *[("expansion", "medium"), ("enterprise", "medium")],
        ("expansion", "large"),
        *[("renewal", "medium"), ("contraction", "large")],
        *[("contraction", "medium"), ("churn", "entry")],
    ]


def test_the_tier_is_by_the_bounds_of_the_day() -> None:
    lowered = Tier("medium", Edition.PRO, 5, None, "", on(300))

    found = told(SOLD, deal(2, Kind.RENEWED, 300), tiers=[*TIERS, lowered])

    assert [each.tier for each in found] == ["entry", "medium", "medium"]


def test_a_refund_counts_against_the_tier_of_the_sale_and_takes_no_seats() -> None:
    sold = deal(1, Kind.SOLD, 0, 5, amount_minor=1000, currency="EUR", salesperson_id="ann")
    more = deal(2, Kind.EXPANDED, 10, 40, ends=365, amount_minor=500, currency="USD")
    refund = deal(3, Kind.REFUNDED, 20, 40, refers_to="1", amount_minor=300, currency="EUR", salesperson_id="ann")

    refunded = told(sold, more, refund)[3]

    assert refunded == Movement("3", What.REFUND, on(20), "entry", 0, "L", -300, "EUR", "ann")


def test_what_was_charged_counts_in_its_currency_for_who_sold_it() -> None:
    sold = deal(1, Kind.SOLD, 0, 12, amount_minor=1000, currency="JPY", salesperson_id="ann")

    assert told(sold)[:2] == [
        Movement("1", What.DIRECT, on(0), "medium", 12, "L", 1000, "JPY", "ann"),
        Movement("1", What.ENTERPRISE, on(0), "medium", 12, "L", 0, "", "ann"),
    ]


@pytest.mark.parametrize(("sold", "ended"), [(394, 395), (395, 395), (400, 400)])
def test_a_term_that_was_over_before_it_was_sold_comes_and_goes_in_the_second_of_its_sale(
    sold: int, ended: int
) -> None:
    late = deal(1, Kind.IMPORTED, sold, license_id=None, starts=0, ends=365)

    assert seen(late) == [("direct", sold, 5), ("churn", ended, 5)]


licenses, organizations = st.sampled_from("LMN"), st.sampled_from(["acme", "beta", "other"])
kinds = st.sampled_from(
    [*sorted(PAID), Kind.TRIAL, Kind.REDUCED, Kind.TRANSFERRED, Kind.REVOKED, Kind.VOIDED, Kind.REFUNDED]
)


@st.composite
def histories(draw: st.DrawFn) -> list[Deal]:
    """Deals of acme and beta, and transfers to and fro, on days that often coincide; imported terms may be over."""
    deals: list[Deal] = []
    for number in range(draw(st.integers(1, 12))):
        kind, day = draw(kinds), draw(st.integers(0, 12)) * 40
        owner = draw(organizations) if kind is Kind.TRANSFERRED else draw(st.sampled_from(["acme", "beta"]))
        shortest = -3 if kind is Kind.IMPORTED else 1
        ends = day + draw(st.integers(shortest, 5)) * 40
        values = {"license_id": draw(licenses), "organization_id": owner, "ends": ends}
        about = {"refers_to": str(draw(st.integers(0, number)))} if kind in (Kind.VOIDED, Kind.REFUNDED) else {}
        starts = day + draw(st.sampled_from([0, 10, 30])) if kind is Kind.IMPORTED else day
        if kind is Kind.IMPORTED and draw(st.booleans()):
            values["license_id"] = None
        deals.append(deal(number, kind, day, draw(st.integers(1, 25)), starts=starts, **values, **about))
    return deals


MEMBERS = ("acme", "beta")
APPLIES_TO_LIVE = {Kind.REDUCED: True, Kind.TRANSFERRED: False}


def live_seats(deals: Sequence[Deal], moment: datetime) -> int:
    """The sum over the licenses that are live at the moment, as the rules say it; imported terms continue none here."""
    live: dict[str | None, Deal] = {}
    for each in counted(deals):
        if each.effective_at > moment:
            break
        key, held = each.license_id or each.serial, live.get(each.license_id or each.serial)
        is_live = held is not None and held.ends_at is not None and held.ends_at + GRACE > each.effective_at
        if each.kind is Kind.REVOKED or each.organization_id not in MEMBERS:
            live.pop(key, None)
        elif each.kind in PAID or is_live is APPLIES_TO_LIVE.get(each.kind):
            live[key] = each
    return sum(each.seats for each in live.values() if each.ends_at is not None and moment < each.ends_at + GRACE)


@given(histories().map(lambda deals: [each for each in deals if each.kind is not Kind.IMPORTED]))
def test_the_movements_up_to_any_moment_add_up_to_the_live_seats(deals: list[Deal]) -> None:
    found = told(*deals, members=MEMBERS)

    for moment in [each.effective_at for each in deals] + [each.at - timedelta(seconds=1) for each in found]:
        assert sum(change(each) for each in found if each.at <= moment) == live_seats(deals, moment)


@given(histories())
def test_live_seats_are_never_less_than_none_and_none_in_the_end(deals: list[Deal]) -> None:
    found = told(*deals, members=MEMBERS)

    sums = list(accumulate(map(change, found), initial=0))

    assert [each.at for each in found] == sorted(each.at for each in found)
    assert min(sums) == sums[-1] == 0
    assert all(each.seats >= 0 for each in found)


@given(histories().flatmap(lambda deals: st.tuples(st.just(deals), st.permutations(deals))))
def test_the_same_deals_in_any_order_make_the_same_movements(orders: tuple[list[Deal], list[Deal]]) -> None:
    one, other = orders

    assert told(*one, members=MEMBERS) == told(*other, members=MEMBERS)


def test_a_smaller_term_that_is_over_already_lets_go_of_all_seats_in_one_movement() -> None:
    first = deal(0, Kind.CONVERTED, 0, 2, license_id="L", ends=40)
    other = deal(1, Kind.CONVERTED, 0, 1, license_id="M", ends=40)
    over = deal(2, Kind.IMPORTED, 40, 1, license_id="L", starts=-40, ends=0)

    found = told(first, other, over)

    assert [(each.serial, each.what, each.seats) for each in found if each.at == on(40)] == [
        ("2", What.RENEWAL, 1),
        ("2", What.CONTRACTION, 2),
    ]


@given(histories())
def test_a_customer_buys_for_the_first_time_at_most_once(deals: list[Deal]) -> None:
    found = told(*deals, members=MEMBERS)

    assert sum(each.what in (What.CONVERSION, What.DIRECT) for each in found) <= 1
    assert len({(each.serial, each.what, each.at) for each in found}) == len(found)


@given(histories(), st.lists(st.integers(-1, 700), max_size=9).map(sorted))
def test_seats_before_a_moment_leave_out_what_happens_on_it(deals: list[Deal], days: list[int]) -> None:
    found, moments = told(*deals, members=MEMBERS), [on(day) for day in days]

    expected = [sum(change(each) for each in found if each.at < moment) for moment in moments]

    assert list(seats_before(found, moments)) == expected
