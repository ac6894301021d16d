"""A quote's life: who may decide, until when it is worth something, and what it becomes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from licensing.core.callers import Caller, Permission
from licensing.core.errors import ApprovalRequired, OwnRequest, QuoteState
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition
from licensing.core.prices import Amount, Period
from licensing.core.quotes import (
    Quote,
    State,
    acceptable,
    accepted,
    decided,
    first_state,
    grows_to,
    last_moment,
    number,
    require_within_limits,
    withdrawn,
)
from licensing.core.sales import Term
from licensing.core.standings import Standing
from tests.core.factories import make_standing

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
LAST = datetime(2026, 2, 15, tzinfo=UTC)
SELLER = Caller("staff:seller", frozenset({Permission.QUOTES_WRITE}), discount_limit=10)


def standing(license_id: str, seats: int, **changes: Any) -> Standing:
    return make_standing(NOW, license_id=license_id, seats=seats, **changes)


NOT_PAID = (
    standing("over", 100, ends_at=NOW),
    standing("revoked", 100, revoked_at=NOW),
    standing("trial", 4, edition=Edition.TRIAL),
)
MANAGER = Caller("staff:manager", frozenset({Permission.QUOTES_APPROVE}), discount_limit=30)


def quote(state: State = State.OPEN) -> Quote:
    return Quote(
        id="q",
        number="Q-2026-00001",
        organization_id="o",
        license_id=None,
        kind=Kind.SOLD,
        term=Term(25, 12),
        tier="medium_enterprise",
        amount=Amount("EUR", 120_000, 25, Period(months=12), 3_000_000, 0, 0, 0, 0, 3_000_000),
        state=state,
        created_by=SELLER.id,
        created_at=NOW,
        valid_until=LAST,
    )


@pytest.mark.parametrize(
    ("percent", "seats", "state"),
    [
        (0, 0, State.OPEN),
        (10, 1_000, State.OPEN),
        (11, 0, State.PENDING),
        (0, 1_001, State.PENDING),
        (11, 1_001, State.PENDING),
    ],
)
def test_what_is_above_a_limit_waits_for_approval(percent: int, seats: int, state: State) -> None:
    assert first_state(SELLER, percent, seats) is state


def test_a_sale_without_a_quote_has_nobody_to_approve_it() -> None:
    require_within_limits(SELLER, 10, 1_000)

    for above in ((11, 1_000), (10, 1_001)):
        with pytest.raises(ApprovalRequired):
            require_within_limits(SELLER, *above)


HELD = (standing("paid", 600), standing("other", 300, np_seats=50), *NOT_PAID)


@pytest.mark.parametrize(
    ("license_id", "seats", "after"),
    [
        (None, 10, 960),
        ("paid", 601, 951),
        ("paid", 600, 0),
        ("paid", 599, 0),
        ("other", 350, 0),
        ("other", 400, 1_000),
        ("over", 100, 1_050),
        ("trial", 10, 960),
    ],
)
def test_a_customer_grows_to_all_her_paid_seats_together(license_id: str | None, seats: int, after: int) -> None:
    assert grows_to(HELD, license_id, seats, NOW) == after


@pytest.mark.parametrize("state", [State.APPROVED, State.REFUSED])
def test_somebody_else_decides_on_a_pending_quote(state: State) -> None:
    after = decided(quote(State.PENDING), MANAGER, state, NOW)

    assert (after.state, after.decided_by, after.decided_at) == (state, MANAGER.id, NOW)


def test_nobody_decides_on_her_own_request() -> None:
    with pytest.raises(OwnRequest):
        decided(quote(State.PENDING), SELLER, State.APPROVED, NOW)


@pytest.mark.parametrize("state", [each for each in State if each is not State.PENDING])
def test_nothing_else_is_decided_on(state: State) -> None:
    with pytest.raises(QuoteState):
        decided(quote(state), MANAGER, State.APPROVED, NOW)


@pytest.mark.parametrize("state", [State.OPEN, State.APPROVED])
def test_an_open_or_approved_quote_may_be_accepted_until_its_last_moment(state: State) -> None:
    assert acceptable(quote(state), LAST - timedelta(seconds=1)) == quote(state)
    with pytest.raises(QuoteState, match="expired"):
        acceptable(quote(state), LAST)


@pytest.mark.parametrize("state", [State.REFUSED, State.WITHDRAWN, State.ACCEPTED])
def test_a_quote_that_has_ended_is_not_accepted(state: State) -> None:
    with pytest.raises(QuoteState):
        acceptable(quote(state), NOW)


def test_a_pending_quote_is_not_accepted_and_says_why() -> None:
    with pytest.raises(ApprovalRequired):
        acceptable(quote(State.PENDING), NOW)


@pytest.mark.parametrize(
    "change", [lambda it: withdrawn(it, LAST), lambda it: decided(it, MANAGER, State.APPROVED, LAST)]
)
def test_after_its_last_day_nothing_is_done_with_a_quote(change: Callable[[Quote], Quote]) -> None:
    with pytest.raises(QuoteState):
        change(quote(State.PENDING))


def test_an_accepted_quote_names_what_it_became() -> None:
    after = accepted(quote(), "serial-1")

    assert (after.state, after.serial) == (State.ACCEPTED, "serial-1")
    assert after.state_at(LAST) is State.ACCEPTED


def test_a_number_is_for_people_and_a_last_day_is_whole() -> None:
    assert number(2026, 42) == "Q-2026-00042"
    assert last_moment(30, NOW) == LAST
