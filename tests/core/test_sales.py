"""Terms of paid licenses: from when, until when, and what a renewal keeps."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from licensing.core.errors import LicenseState, TermRefused
from licensing.core.ledger import Kind
from licensing.core.licenses import NOT_BEFORE_SKEW_SECONDS, Edition, License, lint
from licensing.core.sales import (
    Term,
    add_months,
    first_sale,
    lowers_rights,
    overlaps,
    renewal,
    resizing_kind,
    same_again,
    undone,
)
from licensing.core.tiers import Tier
from tests.core.factories import DAY, NOW, at, make_license, make_trial

MEDIUM = Tier("medium_enterprise", Edition.PRO, 11, None, "business", at(0))


def sell(term: Term, now: int = NOW) -> License:
    return first_sale(
        "org-1", "license-1", "serial-1", company="Acme GmbH", tier=MEDIUM, support="business", term=term, now=at(now)
    )


def renew(license: License, now: int, **term: object) -> License:
    bought = Term(**{"seats": 25, "months": 12, **term})  # type: ignore[arg-type]  # a test names what matters
    return renewal(license, "serial-2", company="Acme GmbH", tier=MEDIUM, support="business", term=bought, now=at(now))


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-15", 12, "2027-01-15"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2027-02-28", 12, "2028-02-28"),
        ("2026-11-30", 13, "2027-12-30"),
    ],
)
def test_a_month_later_is_the_same_day_or_the_months_last(start: str, months: int, end: str) -> None:
    assert add_months(day(start), months) == day(end)


def test_a_first_sale_runs_from_now_and_is_the_first_of_its_line() -> None:
    license = sell(Term(seats=25, months=12))

    assert (license.edition, license.seats, license.seq, license.prev) == (Edition.PRO, 25, 1, None)
    assert (license.nbf, license.iat) == (NOW - NOT_BEFORE_SKEW_SECONDS, NOW)
    assert at(license.exp or 0) == add_months(at(NOW), 12)
    assert (license.tier, license.support, license.org) == ("medium_enterprise", "business", "Acme GmbH")


def test_a_sale_may_start_later() -> None:
    start = at(NOW + 30 * DAY)

    license = sell(Term(seats=25, months=12, start=start))

    assert license.nbf == NOW + 30 * DAY - NOT_BEFORE_SKEW_SECONDS
    assert at(license.exp or 0) == add_months(start, 12)


@pytest.mark.parametrize("months", [-1, 0, 14, 2**63])
def test_a_term_has_one_to_thirteen_months(months: int) -> None:
    with pytest.raises(TermRefused):
        sell(Term(seats=25, months=months))


@pytest.mark.parametrize("months", [1, 13])
def test_the_shortest_and_the_longest_term_may_be_issued(months: int) -> None:
    lint(sell(Term(seats=25, months=months)))


@pytest.mark.parametrize(("late", "begins"), [(-1, "old end"), (0, "now"), (40 * DAY, "now")])
def test_a_renewal_begins_where_the_old_term_ends_or_now_when_that_is_past(late: int, begins: str) -> None:
    old = make_license(exp=NOW)

    renewed = renew(old, NOW + late)

    start = NOW if begins == "old end" else NOW + late
    assert at(renewed.exp or 0) == add_months(at(start), 12)
    assert renewed.nbf == NOW + late - NOT_BEFORE_SKEW_SECONDS


def test_a_renewal_keeps_the_id_and_names_what_it_replaces() -> None:
    old = make_license(lid="license-7", jti="serial-1", seq=4, sub="org-9", exp=NOW + 90 * DAY)

    renewed = renew(old, NOW)

    assert (renewed.lid, renewed.sub, renewed.seq, renewed.prev) == ("license-7", "org-9", 5, "serial-1")


def test_a_trial_is_converted_by_its_first_term() -> None:
    converted = renew(make_trial(lid="license-7", seq=1), NOW)

    assert (converted.edition, converted.lid, converted.seq, converted.over) == (Edition.PRO, "license-7", 2, "warn")
    assert converted.exp is not None


def test_the_same_again_differs_in_serial_time_and_number_alone() -> None:
    license = make_license(jti="serial-1", seq=3)

    again = same_again(license, "serial-2", at(NOW) + timedelta(days=1))

    assert again == license._replace(jti="serial-2", seq=4, iat=NOW + DAY, prev="serial-1")


@pytest.mark.parametrize(("seats", "kind"), [(9, Kind.EXPANDED), (7, Kind.REDUCED)])
def test_more_seats_are_an_expansion_and_fewer_a_reduction(seats: int, kind: Kind) -> None:
    assert resizing_kind(make_license(seats=8), seats, 0) is kind


@pytest.mark.parametrize("license", [make_license(seats=8), make_trial()])
def test_the_same_seats_and_a_trials_seats_are_refused(license: License) -> None:
    with pytest.raises(LicenseState):
        resizing_kind(license, 8, 0)


def test_a_renewal_from_the_old_end_leaves_no_day_out() -> None:
    renewed = renew(make_license(exp=NOW - 20 * DAY), NOW, from_old_end=True)

    assert at(renewed.exp or 0) == add_months(at(NOW - 20 * DAY), 12)


@pytest.mark.parametrize("start", [NOW - 30 * DAY, NOW, NOW + 10 * DAY])
def test_a_renewal_may_start_on_a_given_day_up_to_the_old_end(start: int) -> None:
    renewed = renew(make_license(exp=NOW + 10 * DAY), NOW, start=at(start))

    assert at(renewed.exp or 0) == add_months(at(start), 12)
    assert renewed.nbf == NOW - NOT_BEFORE_SKEW_SECONDS


@pytest.mark.parametrize("license", [make_license(exp=NOW + 10 * DAY), make_license(exp=NOW - DAY), make_trial()])
def test_a_renewal_leaves_no_gap(license: License) -> None:
    with pytest.raises(TermRefused, match="gap"):
        renew(license, NOW, start=at(NOW + 11 * DAY))


@pytest.mark.parametrize(("ahead", "allowed"), [(92, True), (93, False)])
def test_a_renewal_is_signed_a_quarter_ahead_at_most(ahead: int, allowed: bool) -> None:
    license = make_license(exp=NOW + ahead * DAY)

    if allowed:
        lint(renew(license, NOW, months=13))
    else:
        with pytest.raises(TermRefused, match="92 days ahead"):
            renew(license, NOW)


@pytest.mark.parametrize(("days", "allowed"), [(1, True), (397, True), (398, False), (0, False), (-1, False)])
def test_a_term_may_end_on_a_given_day_within_thirteen_months(days: int, allowed: bool) -> None:
    term = Term(seats=25, ends_at=at(NOW + days * DAY))

    if allowed:
        assert sell(term).exp == NOW + days * DAY
    else:
        with pytest.raises(TermRefused):
            sell(term)


@pytest.mark.parametrize("term", [Term(seats=25), Term(seats=25, months=12, ends_at=at(NOW + DAY))])
def test_a_term_has_one_length(term: Term) -> None:
    with pytest.raises(TermRefused):
        sell(term)


def test_co_terming_takes_the_other_licenses_end() -> None:
    assert Term(seats=25, months=12).until(at(NOW + DAY)).ends_at == at(NOW + DAY)
    with pytest.raises(LicenseState):
        Term(seats=25, months=12).until(None)


def test_a_renewal_keeps_clusters_and_non_production_seats_unless_told() -> None:
    old = make_license(bind=("fsid",), np_seats=3, exp=NOW)

    assert (renew(old, NOW).bind, renew(old, NOW).np_seats) == (("fsid",), 3)
    assert (renew(old, NOW, bind=("*",), np_seats=0).bind, renew(old, NOW, np_seats=0).np_seats) == (("*",), 0)


@pytest.mark.parametrize(
    ("changes", "lowers"),
    [
        ({"seats": 8}, False),
        ({"seats": 7}, True),
        ({"np_seats": 1}, False),
        ({"exp": NOW + 366 * DAY}, False),
        ({"exp": NOW + DAY}, True),
        ({"edition": Edition.TRIAL, "exp": None}, True),
    ],
)
def test_an_issue_that_gives_less_than_the_one_before_lowers_rights(changes: dict[str, object], lowers: bool) -> None:
    old = make_license(seats=8, np_seats=0, exp=NOW + 365 * DAY)

    assert lowers_rights(old, old._replace(**changes)) is lowers  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("other", "overlapping"),
    [
        (make_license(nbf=NOW, exp=NOW + 301), True),
        (make_license(nbf=NOW + 10 * DAY - NOT_BEFORE_SKEW_SECONDS, exp=NOW + 20 * DAY), False),
        (make_license(nbf=NOW, exp=NOW + DAY, bind=("another",)), False),
        (make_license(nbf=NOW, exp=NOW + DAY, bind=("another", "fsid")), True),
        (make_license(nbf=NOW, exp=NOW + DAY, bind=("*",)), True),
    ],
)
def test_licenses_overlap_in_time_and_clusters(other: License, overlapping: bool) -> None:
    license = make_license(nbf=NOW, exp=NOW + 10 * DAY, bind=("fsid",))
    if other.bind == make_license().bind:
        license = license._replace(bind=("*",))

    assert overlaps(license, other) is overlapping
    assert overlaps(other, license) is overlapping


def test_a_voided_sale_goes_back_to_the_rights_before_and_on_in_number() -> None:
    before = make_license(seats=8, seq=3, jti="serial-3", exp=NOW + DAY)
    voided = make_license(seats=80, seq=4, jti="serial-4", prev="serial-3", exp=NOW + 400 * DAY)

    fresh = undone(voided, before, "serial-5", at(NOW))

    assert fresh is not None
    assert (fresh.seats, fresh.exp, fresh.seq, fresh.prev) == (8, NOW + DAY, 5, "serial-4")


@pytest.mark.parametrize("before", [None, make_license(exp=NOW)])
def test_a_voided_sale_with_nothing_before_leaves_nothing(before: License | None) -> None:
    assert undone(make_license(), before, "serial-5", at(NOW)) is None


def test_a_term_from_the_leap_day_ends_on_the_last_of_february_and_the_next_goes_on_from_there() -> None:
    leap_day = int(day("2028-02-29").timestamp())

    sold = sell(Term(seats=25, months=12), now=leap_day)
    renewed = renew(sold, leap_day + 300 * DAY)

    assert at(sold.exp or 0) == day("2029-02-28")
    assert at(renewed.exp or 0) == day("2030-02-28")
