"""What a license is worth, both sides of every second, as docs/answers.md tells its readers."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations
from typing import Any

import pytest

from licensing.core.codes import Code
from licensing.core.licenses import Grace, License, Over
from licensing.core.verdicts import Circumstances, Verdict, evaluate
from tests.core.factories import DAY, FSID, NOW, OTHER_FSID, at, make_license, make_trial

YEARS = 10 * 365 * DAY


def judge(license: License | None = None, *, nodes: int = 5, now: int = NOW, **known: Any) -> Verdict:
    return evaluate(license or make_license(), None, nodes, at(now), Circumstances(**known))


def answer(*args: Any, **kwargs: Any) -> tuple[Code, bool]:
    verdict = judge(*args, **kwargs)
    return verdict.code, verdict.restricted


# Seconds since the thing began, for a license that ends, is suspended, and so on, at NOW.
BEGINS_TO_END = [
    pytest.param({"nbf": NOW}, {}, -1, (Code.NOT_YET_VALID, True), id="before nbf"),
    pytest.param({"nbf": NOW}, {}, 0, (Code.VALID, False), id="at nbf"),
    pytest.param({"exp": NOW}, {}, -1, (Code.VALID, False), id="before exp"),
    pytest.param({"exp": NOW}, {}, 0, (Code.EXPIRED_GRACE, False), id="at exp"),
    pytest.param({"exp": NOW}, {}, 30 * DAY - 1, (Code.EXPIRED_GRACE, False), id="end of grace.exp"),
    pytest.param({"exp": NOW}, {}, 30 * DAY, (Code.EXPIRED, True), id="after grace.exp"),
    pytest.param({"exp": NOW, "grace": Grace(exp=0)}, {}, 0, (Code.EXPIRED, True), id="no grace.exp"),
    pytest.param({"exp": NOW, "grace": Grace(exp=1)}, {}, DAY - 1, (Code.EXPIRED_GRACE, False), id="own grace.exp"),
    pytest.param({"exp": None}, {}, YEARS, (Code.VALID, False), id="no exp"),
    pytest.param({}, {"revoked_at": NOW}, 0, (Code.REVOKED, False), id="revoked now"),
    pytest.param({}, {"revoked_at": NOW}, 30 * DAY - 1, (Code.REVOKED, False), id="end of grace.revoke"),
    pytest.param({}, {"revoked_at": NOW}, 30 * DAY, (Code.REVOKED, True), id="after grace.revoke"),
    pytest.param({"grace": Grace(revoke=0)}, {"revoked_at": NOW}, 0, (Code.REVOKED, True), id="no grace.revoke"),
    pytest.param({}, {"suspended_at": NOW}, 30 * DAY - 1, (Code.SUSPENDED, False), id="suspended, end of grace"),
    pytest.param({}, {"suspended_at": NOW}, 30 * DAY, (Code.SUSPENDED, True), id="suspended, after grace"),
    pytest.param({"grace": Grace(revoke=7)}, {"suspended_at": NOW}, 7 * DAY, (Code.SUSPENDED, True), id="own grace"),
    pytest.param({}, {"duplicate_since": NOW}, 30 * DAY - 1, (Code.DUPLICATE_CLUSTER, False), id="duplicate, 30 days"),
    pytest.param({}, {"duplicate_since": NOW}, 30 * DAY, (Code.DUPLICATE_CLUSTER, True), id="duplicate, after 30 days"),
    pytest.param({"seats": 4}, {"over_since": NOW}, 15 * DAY - 1, (Code.OVER_LIMIT, False), id="end of grace.over"),
    pytest.param({"seats": 4}, {"over_since": NOW}, 15 * DAY, (Code.OVER_LIMIT, True), id="after grace.over"),
    pytest.param(
        {"seats": 4, "over": Over.WARN}, {"over_since": NOW}, YEARS, (Code.EXPIRED, True), id="warned, expired"
    ),
    pytest.param(
        {"seats": 4, "over": Over.WARN, "exp": None}, {"over_since": NOW}, YEARS, (Code.OVER_LIMIT, False), id="warned"
    ),
]


@pytest.mark.parametrize(("changes", "known", "seconds", "expected"), BEGINS_TO_END)
def test_a_boundary_second_belongs_to_what_begins(
    changes: dict[str, Any], known: dict[str, Any], seconds: int, expected: tuple[Code, bool]
) -> None:
    assert answer(make_license(**changes), now=NOW + seconds, **known) == expected


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC),
        datetime(2028, 2, 29, tzinfo=UTC),
        datetime(2028, 3, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC),
    ],
)
def test_no_date_is_special(moment: datetime) -> None:
    end = int(moment.timestamp())
    license = make_license(nbf=end - 1, exp=end)

    assert answer(license, now=end - 2) == (Code.NOT_YET_VALID, True)
    assert answer(license, now=end - 1) == (Code.VALID, False)
    assert answer(license, now=end) == (Code.EXPIRED_GRACE, False)


def test_a_fraction_of_a_second_is_not_the_next_second() -> None:
    license = make_license(exp=NOW)
    almost = datetime.fromtimestamp(NOW - 1, UTC).replace(microsecond=999_999)

    assert evaluate(license, None, 4, almost).code is Code.VALID


TRIGGERS: dict[Code, tuple[dict[str, Any], dict[str, Any]]] = {
    Code.NOT_FOUND: ({}, {"known": False}),
    Code.UNSUPPORTED: ({"unknown_crit": ("gpu",)}, {}),
    Code.REVOKED: ({}, {"revoked_at": NOW}),
    Code.SUSPENDED: ({}, {"suspended_at": NOW}),
    Code.NOT_YET_VALID: ({"nbf": NOW + 1}, {}),
    Code.EXPIRED_GRACE: ({"exp": NOW - 1}, {}),
    Code.EXPIRED: ({"exp": NOW - 31 * DAY}, {}),
    Code.CLUSTER_MISMATCH: ({"bind": (OTHER_FSID,)}, {"fsid": FSID}),
    Code.DUPLICATE_CLUSTER: ({}, {"duplicate_since": NOW}),
    Code.OVER_LIMIT: ({"seats": 4}, {}),
    Code.VALID: ({}, {}),
}
"""What alone brings about each code, for 5 nodes."""


@pytest.mark.parametrize("code", Code)
def test_every_code_has_its_cause(code: Code) -> None:
    changes, known = TRIGGERS[code]

    assert judge(make_license(**changes), **known).code is code


@pytest.mark.parametrize(
    ("first", "second"), [pair for pair in combinations(Code, 2) if pair != (Code.EXPIRED_GRACE, Code.EXPIRED)]
)
def test_of_two_codes_that_apply_the_earlier_is_the_answer(first: Code, second: Code) -> None:
    changes, known = ({**TRIGGERS[second][part], **TRIGGERS[first][part]} for part in (0, 1))

    assert judge(make_license(**changes), **known).code is first


LATER = NOW + 31 * DAY
PRO, TRIAL = make_license(), make_trial(seats=8)
FLOORED: dict[Code, tuple[dict[str, Any], dict[str, Any]]] = {
    Code.REVOKED: ({}, {"revoked_at": NOW}),
    Code.SUSPENDED: ({}, {"suspended_at": NOW}),
    Code.NOT_YET_VALID: ({"nbf": LATER + 1}, {}),
    Code.EXPIRED: ({"exp": NOW}, {}),
    Code.DUPLICATE_CLUSTER: ({}, {"duplicate_since": NOW}),
}
"""The codes with a floor, all graces over."""


@pytest.mark.parametrize("code", FLOORED)
@pytest.mark.parametrize(("nodes", "restricted"), [(0, False), (4, False), (5, True)])
def test_four_nodes_of_a_pro_license_are_never_restricted(code: Code, nodes: int, restricted: bool) -> None:
    changes, known = FLOORED[code]

    assert answer(make_license(**changes), nodes=nodes, now=LATER, **known) == (code, restricted)


@pytest.mark.parametrize("code", [code for code in FLOORED if code is not Code.REVOKED])
@pytest.mark.parametrize(("nodes", "restricted"), [(4, False), (5, True)])
def test_four_nodes_of_a_trial_that_is_not_revoked_are_never_restricted(
    code: Code, nodes: int, restricted: bool
) -> None:
    changes, known = FLOORED[code]

    assert answer(make_trial(seats=8, **changes), nodes=nodes, now=LATER, **known) == (code, restricted)


@pytest.mark.parametrize(
    ("ever_pro", "nodes", "restricted"), [(False, 0, False), (False, 1, True), (True, 4, False), (True, 5, True)]
)
def test_a_revoked_trial_has_no_floor_unless_a_pro_license_was_ever_held(
    ever_pro: bool, nodes: int, restricted: bool
) -> None:
    expected = (Code.REVOKED, restricted)

    assert answer(TRIAL, nodes=nodes, now=LATER, revoked_at=NOW, ever_pro=ever_pro) == expected


@pytest.mark.parametrize("license", [PRO, TRIAL])
@pytest.mark.parametrize("nodes", [1, 4, 5])
def test_an_unknown_license_and_a_foreign_cluster_are_restricted_at_once(license: License, nodes: int) -> None:
    assert answer(license, nodes=nodes, known=False) == (Code.NOT_FOUND, True)
    assert answer(license, nodes=nodes, fsid=FSID, bound_fsid=OTHER_FSID) == (Code.CLUSTER_MISMATCH, True)


def test_an_unsupported_license_never_restricts_by_itself() -> None:
    license = make_license(unknown_crit=("gpu",))

    assert answer(license, nodes=100_000, now=NOW + YEARS, over_since=NOW) == (Code.UNSUPPORTED, False)


@pytest.mark.parametrize(
    ("bind", "bound", "fsid", "code"),
    [
        ((FSID,), None, FSID, Code.VALID),
        ((OTHER_FSID, FSID), None, FSID, Code.VALID),
        (("*",), FSID, FSID, Code.VALID),
        ((OTHER_FSID,), None, FSID, Code.CLUSTER_MISMATCH),
        (("*",), OTHER_FSID, FSID, Code.CLUSTER_MISMATCH),
        ((FSID,), OTHER_FSID, FSID, Code.CLUSTER_MISMATCH),
        ((OTHER_FSID,), OTHER_FSID, None, Code.VALID),
    ],
)
def test_a_license_fits_the_clusters_it_is_bound_to(
    bind: tuple[str, ...], bound: str | None, fsid: str | None, code: Code
) -> None:
    assert judge(make_license(bind=bind), fsid=fsid, bound_fsid=bound).code is code
