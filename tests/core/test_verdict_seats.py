"""Verdicts on numbers: what is granted, since when there were too many nodes, and what the reader is told."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.codes import Code, Warning
from licensing.core.leases import Lease
from licensing.core.licenses import Edition, Grace, License, Over
from licensing.core.verdicts import Circumstances, evaluate
from tests.core.factories import DAY, FSID, NOW, OTHER_FSID, at, make_lease, make_license

HOUR = 3_600
MONTHS_13 = 400 * DAY


@pytest.mark.parametrize(
    ("nodes", "code", "granted"), [(0, Code.VALID, 0), (8, Code.VALID, 8), (9, Code.OVER_LIMIT, 8)]
)
def test_as_many_nodes_as_seats_are_granted(nodes: int, code: Code, granted: int) -> None:
    verdict = evaluate(make_license(seats=8), None, nodes, at(NOW))

    assert (verdict.code, verdict.seats, verdict.used, verdict.granted) == (code, 8, nodes, granted)


@pytest.mark.parametrize(("left", "code", "granted"), [(8, Code.VALID, 5), (5, Code.VALID, 5), (4, Code.OVER_LIMIT, 4)])
def test_the_server_grants_what_the_pool_left(left: int, code: Code, granted: int) -> None:
    verdict = evaluate(make_license(seats=8), None, 5, at(NOW), Circumstances(granted=left))

    assert (verdict.code, verdict.granted) == (code, granted)


def test_too_many_nodes_are_counted_from_the_first_answer_that_saw_them() -> None:
    first = evaluate(make_license(seats=4), None, 5, at(NOW))
    second = evaluate(make_license(seats=4), None, 5, at(NOW + DAY), Circumstances(over_since=first.over_since))

    assert (first.over_since, second.over_since) == (NOW, NOW)


def test_one_compliant_answer_clears_the_overrun_at_once() -> None:
    verdict = evaluate(make_license(seats=4), None, 4, at(NOW), Circumstances(over_since=NOW - 90 * DAY))

    assert (verdict.code, verdict.restricted, verdict.over_since) == (Code.VALID, False, None)


def test_above_the_seats_there_is_no_floor() -> None:
    verdict = evaluate(make_license(seats=1), None, 2, at(NOW), Circumstances(over_since=NOW - 15 * DAY))

    assert verdict.restricted


def test_the_answer_tells_a_human_the_numbers_and_the_remedy() -> None:
    over = evaluate(make_license(seats=8), None, 9, at(NOW))
    valid = evaluate(make_license(seats=8), None, 8, at(NOW))

    assert over.message == "9 storage nodes are in use, 8 of 8 seats are granted to this cluster."
    assert over.remedy
    assert (valid.message, valid.remedy) == ("8 of 8 storage nodes are in use.", "")


@pytest.mark.parametrize(
    ("known", "warnings"),
    [
        (Circumstances(keys_iat=NOW - MONTHS_13 + 1), ()),
        (Circumstances(keys_iat=NOW - MONTHS_13), (Warning.KEYS_STALE,)),
        (Circumstances(revoked_list_iat=NOW - MONTHS_13 + 1), ()),
        (Circumstances(revoked_list_iat=NOW - MONTHS_13), (Warning.KEYS_STALE,)),
        (Circumstances(keys_iat=NOW, revoked_list_iat=NOW - MONTHS_13), (Warning.KEYS_STALE,)),
        (Circumstances(newest_iat=NOW + 24 * HOUR), ()),
        (Circumstances(newest_iat=NOW + 24 * HOUR + 1), (Warning.CLOCK_SUSPECT,)),
        (Circumstances(newest_iat=NOW + 25 * HOUR, keys_iat=0), (Warning.KEYS_STALE, Warning.CLOCK_SUSPECT)),
    ],
)
def test_old_keys_and_a_clock_behind_warn_and_change_nothing(
    known: Circumstances, warnings: tuple[Warning, ...]
) -> None:
    verdict = evaluate(make_license(), None, 4, at(NOW), known)

    assert verdict.warnings == warnings
    assert (verdict.code, verdict.restricted) == (Code.VALID, False)


@pytest.mark.parametrize(("ahead", "warnings"), [(300, ()), (301, (Warning.CLOCK_SUSPECT,))])
def test_a_license_from_more_than_five_minutes_ahead_makes_the_clock_suspect(
    ahead: int, warnings: tuple[Warning, ...]
) -> None:
    verdict = evaluate(make_license(iat=NOW + ahead), None, 4, at(NOW))

    assert verdict.warnings == warnings


@pytest.mark.parametrize(("ahead", "warnings"), [(24 * HOUR, ()), (24 * HOUR + 1, (Warning.CLOCK_SUSPECT,))])
def test_a_lease_from_more_than_a_day_ahead_makes_the_clock_suspect(ahead: int, warnings: tuple[Warning, ...]) -> None:
    verdict = evaluate(make_license(), make_lease(iat=NOW + ahead), 4, at(NOW))

    assert verdict.warnings == warnings


counts = st.integers(0, 2**53 - 1)
times = st.one_of(st.none(), counts)
fsids = st.sampled_from([FSID, OTHER_FSID])
licenses = st.builds(
    make_license,
    nbf=counts,
    iat=counts,
    exp=times,
    seq=counts,
    edition=st.sampled_from(Edition),
    seats=counts,
    over=st.sampled_from(Over),
    bind=st.sampled_from([("*",), (FSID,), (OTHER_FSID,)]),
    grace=st.builds(Grace, counts, counts, counts),
    unknown_crit=st.sampled_from([(), ("gpu",)]),
)
leases = st.builds(
    make_lease,
    fsid=fsids,
    seq=counts,
    code=st.sampled_from(Code),
    restricted=st.booleans(),
    seats=counts,
    used=counts,
    granted=counts,
    iat=counts,
    exp=counts,
    over_since=times,
)
circumstances = st.builds(
    Circumstances,
    fsid=st.one_of(st.none(), fsids),
    over_since=times,
    revoked_at=times,
    newest_iat=times,
    keys_iat=times,
)


@given(licenses, st.one_of(st.none(), leases), counts, st.integers(0, 250_000_000_000), circumstances)
def test_every_verified_input_has_an_answer_whose_numbers_fit_together(
    license: License, lease: Lease | None, nodes: int, now: int, known: Circumstances
) -> None:
    verdict = evaluate(license, lease, nodes, at(now), known)

    assert 0 <= verdict.granted <= verdict.used == nodes
    assert verdict.granted <= verdict.seats <= license.seats
    assert (verdict.over_since is None) == (verdict.granted == nodes)
    assert not (verdict.restricted and verdict.code in {Code.VALID, Code.UNSUPPORTED, Code.EXPIRED_GRACE})
