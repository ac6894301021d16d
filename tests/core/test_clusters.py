"""What the server holds of a cluster: until when a grant counts, and when a check-in changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from licensing.core.clusters import HOLD, REWRITE_BELOW, Holding, Pool, placed, pool_of
from licensing.core.leases import LEASE_SECONDS
from licensing.core.licenses import Edition
from licensing.core.standings import Standing
from tests.core.factories import FSID, NOW, at

SECOND = timedelta(seconds=1)


def make_holding(**changes: Any) -> Holding:
    """A grant of 4 nodes out of 4, written NOW."""
    defaults: dict[str, Any] = {
        "id": "cluster-1",
        "license_id": "license-1",
        "fsid": FSID,
        "kube_system_uid": "uid-1",
        "digest": "same",
        "used": 4,
        "granted": 4,
        "expires_at": at(NOW) + HOLD,
        "first_seen_at": at(NOW),
        "seen_seq": 3,
        "seen_version": 5,
        "over_since": None,
        "duplicate_since": None,
        "instance_key": None,
        "instance_number": 0,
        "production": True,
        "np_granted": False,
    }
    return Holding(**{**defaults, **changes})


def make_standing(**changes: Any) -> Standing:
    defaults: dict[str, Any] = {
        "license_id": "license-1",
        "organization_id": "org-1",
        "edition": Edition.PRO,
        "tier": "S",
        "support": "business",
        "seats": 8,
        "np_seats": 0,
        "seq": 3,
        "jti": "00" * 16,
        "signed_hash": "ff" * 32,
        "starts_at": at(NOW),
        "ends_at": None,
        "ever_pro": True,
        "version": 5,
        "suspended_at": None,
        "revoked_at": None,
        "bound_fsid": None,
        "created_at": at(NOW),
    }
    return Standing(**{**defaults, **changes})


def test_a_grant_counts_until_its_expiry_second() -> None:
    holding = make_holding(expires_at=at(NOW))

    assert holding.is_alive(at(NOW) - SECOND)
    assert not holding.is_alive(at(NOW))


def test_the_same_nodes_under_the_same_license_change_nothing() -> None:
    assert make_holding().is_unchanged(make_standing(), "same", at(NOW))


@pytest.mark.parametrize(
    ("holding", "standing", "digest"),
    [
        pytest.param({}, {}, "other", id="other nodes"),
        pytest.param({"granted": 3}, {}, "same", id="a node without seat"),
        pytest.param({}, {"seq": 4}, "same", id="a newer issue"),
        pytest.param({}, {"version": 6}, "same", id="another deed or release"),
        pytest.param({"expires_at": at(NOW)}, {}, "same", id="the grant has run out"),
    ],
)
def test_whatever_changed_is_judged_anew(holding: dict[str, Any], standing: dict[str, Any], digest: str) -> None:
    assert not make_holding(**holding).is_unchanged(make_standing(**standing), digest, at(NOW))


def test_a_grant_is_rewritten_as_soon_as_a_full_lease_no_longer_fits_into_it() -> None:
    full_lease = timedelta(seconds=LEASE_SECONDS)
    still_fits = make_holding(expires_at=at(NOW) + full_lease)
    too_short = make_holding(expires_at=at(NOW) + full_lease - SECOND)

    assert still_fits.is_unchanged(make_standing(), "same", at(NOW))
    assert not too_short.is_unchanged(make_standing(), "same", at(NOW))
    assert REWRITE_BELOW < HOLD


@pytest.mark.parametrize(
    ("production", "np_granted", "pool"),
    [
        (True, False, Pool.PRODUCTION),
        (False, False, Pool.PRODUCTION),
        (True, True, Pool.PRODUCTION),
        (False, True, Pool.NON_PRODUCTION),
    ],
)
def test_only_a_wish_that_is_granted_leaves_the_production_pool(production: bool, np_granted: bool, pool: Pool) -> None:
    assert pool_of(production, np_granted) is pool
    assert make_holding(production=production, np_granted=np_granted).pool is pool


@pytest.mark.parametrize(
    ("before", "after", "granted"),
    [
        pytest.param((True, False), (False, False), 4, id="a wish alone"),
        pytest.param((True, False), (True, True), 4, id="leave alone"),
        pytest.param((False, True), (False, True), 4, id="as before"),
        pytest.param((False, False), (False, True), 0, id="leave for a wish"),
        pytest.param((True, True), (False, True), 0, id="a wish with leave"),
        pytest.param((False, True), (False, False), 0, id="leave withdrawn"),
        pytest.param((False, True), (True, True), 0, id="wish withdrawn"),
    ],
)
def test_whoever_changes_pools_holds_no_seat_in_the_new_one(
    before: tuple[bool, bool], after: tuple[bool, bool], granted: int
) -> None:
    holding = make_holding(production=before[0], np_granted=before[1], granted=4)

    there = placed(holding, production=after[0], np_granted=after[1])

    assert (there.production, there.np_granted, there.granted) == (*after, granted)
