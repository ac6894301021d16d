"""A lease narrows a license for as long as it lives. It never widens it, and a foreign or old one is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from licensing.core.codes import Code
from licensing.core.leases import Lease
from licensing.core.licenses import License
from licensing.core.verdicts import Circumstances, Verdict, evaluate
from tests.core.factories import DAY, FSID, NOW, OTHER_FSID, at, make_lease, make_license
from tests.core.test_verdict_seats import counts, leases, licenses

ONLY_THE_SERVER_KNOWS = [
    Code.NOT_FOUND,
    Code.REVOKED,
    Code.SUSPENDED,
    Code.CLUSTER_MISMATCH,
    Code.DUPLICATE_CLUSTER,
]


def judge(lease: Lease | None, license: License | None = None, nodes: int = 5, **known: Any) -> Verdict:
    return evaluate(license or make_license(), lease, nodes, at(NOW), Circumstances(**{"fsid": FSID, **known}))


@pytest.mark.parametrize(("licensed", "leased", "seats"), [(8, 4, 4), (4, 8, 4), (8, 8, 8)])
def test_the_fewer_seats_of_license_and_lease_count(licensed: int, leased: int, seats: int) -> None:
    verdict = judge(make_lease(seats=leased), make_license(seats=licensed))

    assert verdict.seats == seats
    assert verdict.granted == min(5, seats)


def test_a_cluster_to_which_the_pool_granted_less_keeps_to_it() -> None:
    lease = make_lease(seats=8, used=5, granted=3)

    verdict = judge(lease, nodes=5)

    assert (verdict.code, verdict.granted) == (Code.OVER_LIMIT, 3)


def test_a_cluster_that_was_granted_all_it_used_may_grow_up_to_the_seats() -> None:
    lease = make_lease(seats=8, used=4, granted=4)

    verdict = judge(lease, nodes=8)

    assert (verdict.code, verdict.granted) == (Code.VALID, 8)


@pytest.mark.parametrize("code", ONLY_THE_SERVER_KNOWS)
@pytest.mark.parametrize("restricted", [True, False])
def test_what_only_the_server_knows_is_believed(code: Code, restricted: bool) -> None:
    verdict = judge(make_lease(code=code, restricted=restricted))

    assert (verdict.code, verdict.restricted) == (code, restricted)


@pytest.mark.parametrize("code", [code for code in Code if code not in ONLY_THE_SERVER_KNOWS])
def test_what_the_reader_can_judge_itself_is_not_taken_from_the_lease(code: Code) -> None:
    verdict = judge(make_lease(code=code, restricted=True))

    assert (verdict.code, verdict.restricted) == (Code.VALID, False)


IGNORED = [
    pytest.param({"exp": NOW}, id="expired this second"),
    pytest.param({"exp": NOW - DAY}, id="expired long ago"),
    pytest.param({"lid": "license-2"}, id="of another license"),
    pytest.param({"fsid": OTHER_FSID}, id="of another cluster"),
    pytest.param({"seq": 2}, id="of an older issue"),
]
COUNTED = [
    pytest.param({"exp": NOW + 1}, id="in its last second"),
    pytest.param({"seq": 3}, id="of this issue"),
    pytest.param({"seq": 4}, id="of a newer issue"),
]


@pytest.mark.parametrize("changes", IGNORED)
def test_a_lease_that_is_not_for_this_is_ignored(changes: dict[str, Any]) -> None:
    lease = make_lease(code=Code.SUSPENDED, seats=1, iat=NOW + 2 * DAY, over_since=1, **changes)

    assert judge(lease, make_license(seq=3)) == judge(None, make_license(seq=3))


@pytest.mark.parametrize("changes", COUNTED)
def test_a_lease_that_is_for_this_counts(changes: dict[str, Any]) -> None:
    lease = make_lease(code=Code.SUSPENDED, seats=1, **changes)

    verdict = judge(lease, make_license(seq=3))

    assert (verdict.code, verdict.seats) == (Code.SUSPENDED, 1)


def test_a_reader_that_does_not_know_its_cluster_takes_the_lease_it_holds() -> None:
    assert judge(make_lease(fsid=OTHER_FSID, seats=1), fsid=None).seats == 1


@pytest.mark.parametrize(
    ("changes", "known", "code"),
    [
        ({"nbf": NOW + 1}, {}, Code.NOT_YET_VALID),
        ({"exp": NOW}, {}, Code.EXPIRED_GRACE),
        ({"exp": NOW - 30 * DAY}, {}, Code.EXPIRED),
        ({}, {"revoked_at": NOW}, Code.REVOKED),
        ({}, {"suspended_at": NOW}, Code.SUSPENDED),
        ({"bind": (OTHER_FSID,)}, {}, Code.CLUSTER_MISMATCH),
    ],
)
def test_a_valid_lease_extends_no_date_and_lifts_no_revocation(
    changes: dict[str, Any], known: dict[str, Any], code: Code
) -> None:
    lease = make_lease(code=Code.VALID, exp=NOW + 7 * DAY)

    assert judge(lease, make_license(**changes), **known).code is code


@pytest.mark.parametrize(
    ("remembered", "told", "since"),
    [(None, NOW - 9, NOW - 9), (NOW - 9, None, NOW - 9), (NOW - 9, NOW - 5, NOW - 9), (NOW - 5, NOW - 9, NOW - 9)],
)
def test_an_overrun_counts_from_the_earlier_of_memory_and_lease(
    remembered: int | None, told: int | None, since: int
) -> None:
    verdict = judge(make_lease(over_since=told), make_license(seats=4), over_since=remembered)

    assert verdict.over_since == since


@pytest.mark.parametrize(("complied", "since"), [(NOW - 3_601, NOW - 9 * DAY), (NOW - 3_600, NOW)])
def test_what_a_lease_told_of_an_overrun_is_over_once_the_reader_complied(complied: int, since: int) -> None:
    lease = make_lease(iat=NOW - 3_600, over_since=NOW - 9 * DAY)

    assert judge(lease, make_license(seats=4), compliant_at=complied).over_since == since


@given(licenses, leases, counts)
def test_no_lease_ever_adds_a_seat(license: License, lease: Lease, nodes: int) -> None:
    alone, leased = judge(None, license, nodes), judge(lease, license, nodes)

    assert leased.seats <= alone.seats
    assert leased.granted <= alone.granted
