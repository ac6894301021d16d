"""What a check-in means: which pool's seats the answer tells, and what of them is granted."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.core import checkins
from licensing.core.clusters import Report
from licensing.core.codes import Code
from licensing.core.seats import Others
from tests.core.factories import FSID, NOW, at, make_license
from tests.core.test_clusters import make_holding, make_standing

NODES = ("a", "b", "c", "d")
NOBODY = Others(0, 0)
IN_PRODUCTION: dict[str, Any] = {"production": True, "np_granted": True}
ELSEWHERE: dict[str, Any] = {"production": False, "np_granted": True}


def make_report(**changes: Any) -> Report:
    defaults: dict[str, Any] = {
        "fsid": FSID,
        "kube_system_uid": "uid-1",
        "name": "lab",
        "dcc_version": "0.6.0",
        "nodes": NODES,
        "nonce": "n-1",
    }
    return Report(**{**defaults, **changes})


@pytest.mark.parametrize(("pool", "seats"), [(IN_PRODUCTION, 8), (ELSEWHERE, 3)])
def test_a_cluster_is_granted_what_its_own_pool_has(pool: dict[str, Any], seats: int) -> None:
    license = make_license(seats=8, np_seats=3)

    holding, grant = checkins.granted(make_holding(granted=0, **pool), NODES, license, NOBODY, at(NOW))

    assert holding.granted == grant.granted == min(4, seats)


def test_a_pool_without_seats_grants_nothing() -> None:
    holding, grant = checkins.granted(make_holding(granted=0, **ELSEWHERE), NODES, make_license(), NOBODY, at(NOW))

    assert (holding.granted, grant.unlicensed) == (0, NODES)


@pytest.mark.parametrize(("pool", "seats", "code"), [(IN_PRODUCTION, 8, Code.VALID), (ELSEWHERE, 3, Code.OVER_LIMIT)])
def test_the_verdict_and_the_lease_tell_the_seats_of_the_clusters_pool(
    pool: dict[str, Any], seats: int, code: Code
) -> None:
    license, report = make_license(seats=8, np_seats=3), make_report()
    holding = make_holding(granted=min(4, seats), **pool)

    verdict = checkins.judge(license, make_standing(), report, holding, at(NOW))
    lease = checkins.lease_of(license, report, holding, verdict, at(NOW))

    assert (verdict.code, verdict.seats, verdict.granted) == (code, seats, min(4, seats))
    assert (lease.seats, lease.granted) == (seats, min(4, seats))


def test_a_new_cluster_has_its_wish_and_no_leave() -> None:
    holding, _ = checkins.arrive(None, (), "new", make_report(production=False), make_standing(), at(NOW))

    assert (holding.production, holding.np_granted) == (False, False)


def test_a_cluster_that_moved_keeps_the_leave() -> None:
    old = make_holding(expires_at=at(NOW), kube_system_uid="uid-0", **ELSEWHERE)

    holding, arrival = checkins.arrive(None, (old,), "new", make_report(), make_standing(), at(NOW))

    assert (arrival, holding.np_granted) == (checkins.Arrival.MOVED, True)
