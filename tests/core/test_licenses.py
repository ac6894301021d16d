"""The license: what is signed is what is read, and what may never be signed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.encoding import canonical_json
from licensing.core.errors import Reason, TermRefused, Unauthentic
from licensing.core.licenses import (
    Edition,
    Grace,
    License,
    Over,
    license_claims,
    lint,
    parse_license,
    verify_license,
)
from tests.core.factories import (
    DAY,
    FSID,
    ISSUER,
    NOW,
    OTHER_FSID,
    license_token,
    make_keyring,
    make_license,
    make_trial,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
counts = st.integers(0, 2**53 - 1)
licenses = st.builds(
    License,
    sub=texts,
    jti=texts,
    iat=counts,
    nbf=counts,
    exp=st.one_of(st.none(), counts),
    lid=texts,
    seq=counts,
    edition=st.sampled_from(Edition),
    seats=counts,
    np_seats=counts,
    tier=texts,
    support=texts,
    bind=st.lists(texts, max_size=3).map(tuple),
    over=st.sampled_from(Over),
    grace=st.builds(Grace, counts, counts, counts),
    feat=st.lists(texts, max_size=3).map(tuple),
    org=texts,
    prev=st.one_of(st.none(), texts),
    relay=st.one_of(st.none(), st.tuples(texts, texts)),
    unknown_crit=st.just(()),
)


def written(license: License) -> dict[str, Any]:
    """The claims of `license` as a reader finds them in a payload."""
    claims: dict[str, Any] = json.loads(canonical_json(license_claims(license, ISSUER)))
    return claims


def claims_with(**koor: Any) -> dict[str, Any]:
    claims = written(make_license())
    return {**claims, "koor": {**claims["koor"], **koor}}


@given(licenses)
def test_a_license_is_parsed_as_it_was_written(license: License) -> None:
    assert parse_license(written(license)) == license


def test_a_signed_license_is_verified_as_it_was_issued() -> None:
    changes: dict[str, Any] = {"bind": (FSID,), "feat": ("smb",), "prev": "00" * 16, "relay": ("relay-1", "x")}

    assert verify_license(license_token(**changes), make_keyring().headers) == make_license(**changes)


def test_the_claims_are_those_of_the_specification() -> None:
    assert license_claims(make_trial(iat=NOW, nbf=NOW - 300), ISSUER) == {
        "iss": ISSUER,
        "aud": "koor-dcc",
        "sub": "org-1",
        "jti": "0123456789abcdef0123456789abcdef",
        "iat": NOW,
        "nbf": NOW - 300,
        "koor": {
            "v": 1,
            "lid": "license-1",
            "seq": 3,
            "edition": "trial",
            "seats": 4,
            "np_seats": 0,
            "unit": "storage_node",
            "tier": "trial",
            "support": "business",
            "bind": ["*"],
            "over": "restrict",
            "grace": {"exp": 30, "over": 15, "revoke": 30},
            "feat": [],
            "org": "Acme Storage",
        },
    }


def test_unknown_members_are_ignored() -> None:
    claims = {**claims_with(colour="blue"), "colour": None}

    assert parse_license(claims) == make_license()


@pytest.mark.parametrize(
    ("crit", "unknown"),
    [
        ([], ()),
        (["seats", "grace", "prev", "relay", "crit"], ()),
        (["gpu"], ("gpu",)),
        (["seats", "gpu", "exp"], ("gpu", "exp")),
    ],
)
def test_a_name_that_must_be_understood_and_is_not_is_told(crit: list[str], unknown: tuple[str, ...]) -> None:
    assert parse_license(claims_with(crit=crit)).unknown_crit == unknown


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("crit", ["gpu", None, {}, [1], [None], [["gpu"]]]),
        ("prev", [None, 1, []]),
        ("relay", [None, "x", [], {}, {"kid": "k"}, {"x": "x"}, {"kid": 1, "x": "x"}]),
        ("edition", ["PRO", "", "enterprise"]),
        ("over", ["ignore"]),
        ("unit", ["core"]),
        ("grace", [{"exp": 30, "over": 15}, *({"exp": 30, "over": 15, "revoke": days} for days in (-1, "30", 2**53))]),
        ("seats", [-1, 2**53, True, "8", 8.0]),
    ],
)
def test_a_member_of_another_value_is_refused(name: str, values: list[object]) -> None:
    for value in values:
        with pytest.raises(Unauthentic) as refused:
            parse_license(claims_with(**{name: value}))

        assert refused.value.reason is Reason.BAD_CLAIMS


@pytest.mark.parametrize("exp", [None, "1", True, -1, 2**53, 1.0])
def test_an_end_that_is_no_time_is_refused(exp: object) -> None:
    with pytest.raises(Unauthentic) as refused:
        parse_license({**claims_with(), "exp": exp})

    assert refused.value.reason is Reason.BAD_CLAIMS


def test_numbers_may_be_zero_and_as_large_as_every_reader_can_hold() -> None:
    license = make_license(iat=0, nbf=0, exp=0, seq=2**53 - 1, seats=2**53 - 1, grace=Grace(0, 0, 2**53 - 1))

    assert parse_license(written(license)) == license


TERM = {"iat": NOW, "nbf": NOW - 300}


@pytest.mark.parametrize(
    "license",
    [
        make_license(seats=1),
        make_license(seats=100_000, np_seats=100_000),
        make_license(bind=(FSID,) * 32),
        make_license(**TERM, exp=NOW + 1),
        make_license(**TERM, exp=NOW + 489 * DAY),
        make_license(iat=NOW, nbf=NOW + 90 * DAY, exp=NOW + 90 * DAY + 300 + 397 * DAY),
        make_trial(),
    ],
)
def test_what_may_be_sold_may_be_signed(license: License) -> None:
    lint(license)


@pytest.mark.parametrize(
    ("license", "detail"),
    [
        (make_license(seats=0), "not 0"),
        (make_license(seats=100_001), "not 100001"),
        (make_license(np_seats=-1), "not -1"),
        (make_license(np_seats=100_001), "not 100001"),
        (make_license(bind=()), "not 0"),
        (make_license(bind=(FSID,) * 33), "not 33"),
        (make_license(exp=None), "needs an end"),
        (make_license(**TERM, exp=NOW), "must end after"),
        (make_license(iat=NOW, nbf=NOW + DAY, exp=NOW + DAY), "must end after"),
        (make_license(**TERM, exp=NOW + 489 * DAY + 1), "at most 489"),
        (make_trial(exp=NOW), "no end date"),
        (make_trial(seats=0), "not 0"),
    ],
)
def test_what_must_never_be_signed_is_refused(license: License, detail: str) -> None:
    with pytest.raises(TermRefused, match=detail):
        lint(license)


@pytest.mark.parametrize(
    ("bind", "allowed"),
    [(("*",), True), ((FSID,), True), ((OTHER_FSID, FSID), True), ((OTHER_FSID,), False), ((), False)],
)
def test_a_license_allows_the_clusters_it_names(bind: tuple[str, ...], allowed: bool) -> None:
    assert make_license(bind=bind).allows_cluster(FSID) is allowed
