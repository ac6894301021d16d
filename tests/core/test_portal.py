"""The portal's lifetimes, to the second, and what a visitor may know of."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from licensing.core.errors import LicenseState, LinkExpired, LinkUnknown, LinkUsed, NotFound, Refusal
from licensing.core.licenses import Edition
from licensing.core.portal import (
    Link,
    Membership,
    State,
    Visitor,
    actor,
    is_silent,
    must_be_reachable,
    opened,
    require_silent,
    state_of,
    usable,
)
from licensing.core.standings import Standing
from tests.core.factories import make_standing

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
JANE = Visitor(
    "jane@acme.example",
    (Membership("c1", "Jane", "Jane@acme.example", ("a", "b")), Membership("c2", "J.", "jane@acme.example", ("x",))),
)
STANDING = make_standing(NOW)


def test_a_link_opens_until_its_last_second() -> None:
    link = Link("jane@acme.example", NOW, None)

    assert usable(link, NOW - SECOND) == link
    with pytest.raises(LinkExpired):
        usable(link, NOW)


@pytest.mark.parametrize(
    ("link", "refusal"),
    [(None, LinkUnknown), (Link("j@a", NOW + SECOND, NOW), LinkUsed), (Link("j@a", NOW - SECOND, NOW), LinkUsed)],
)
def test_a_link_that_is_not_ours_or_was_used_opens_nothing(link: Link | None, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        usable(link, NOW)


def test_a_session_ends_after_twelve_hours_however_busy() -> None:
    busy = replace(opened("j@a", NOW), last_seen_at=NOW + timedelta(hours=12))

    assert busy.is_live(NOW + timedelta(hours=12) - SECOND)
    assert not busy.is_live(NOW + timedelta(hours=12))


def test_a_session_ends_after_two_idle_hours() -> None:
    idle = opened("j@a", NOW)

    assert idle.is_live(NOW + timedelta(hours=2) - SECOND)
    assert not idle.is_live(NOW + timedelta(hours=2))


def test_a_use_is_written_down_once_a_minute() -> None:
    session = opened("j@a", NOW)

    assert not session.is_due(NOW + timedelta(seconds=59))
    assert session.is_due(NOW + timedelta(minutes=1))


def test_a_visitor_knows_of_her_own_organisations_and_what_was_merged_with_them() -> None:
    assert JANE.organization_ids == ("a", "b", "x")
    assert JANE.membership("b", "none").contact_id == "c1"
    with pytest.raises(NotFound, match="no such thing"):
        JANE.membership("foreign", "no such thing")


def test_the_trail_names_a_contact_and_no_person() -> None:
    assert JANE.id == actor(JANE.memberships[0]) == "portal:c1"


@pytest.mark.parametrize(
    ("standing", "state"),
    [
        (STANDING, State.ACTIVE),
        (replace(STANDING, starts_at=NOW + SECOND), State.STARTS_LATER),
        (replace(STANDING, ends_at=NOW), State.ENDED),
        (replace(STANDING, ends_at=NOW + SECOND), State.ACTIVE),
        (replace(STANDING, ends_at=None), State.ACTIVE),
        (replace(STANDING, suspended_at=NOW, ends_at=NOW), State.SUSPENDED),
        (replace(STANDING, suspended_at=NOW, revoked_at=NOW), State.REVOKED),
    ],
)
def test_a_license_has_one_state(standing: Standing, state: State) -> None:
    assert state_of(standing, NOW) is state


def test_a_cluster_is_silent_when_no_unwritten_check_in_can_be_of_the_last_day() -> None:
    written = NOW - timedelta(days=2)

    assert is_silent(written, NOW)
    assert not is_silent(written + SECOND, NOW)
    with pytest.raises(LicenseState):
        require_silent([written, written + SECOND], NOW)


@pytest.mark.parametrize(
    ("standing", "must"),
    [
        (STANDING, True),
        (replace(STANDING, suspended_at=NOW), True),
        (replace(STANDING, ends_at=NOW), False),
        (replace(STANDING, revoked_at=NOW), False),
        (replace(STANDING, edition=Edition.TRIAL, ends_at=None), False),
    ],
)
def test_somebody_must_be_reachable_for_what_is_paid_for(standing: Standing, must: bool) -> None:
    assert must_be_reachable(standing, NOW) is must
