"""The revoked list: whole licenses and single issuances, and since when."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.errors import Reason, Unauthentic
from licensing.core.revocations import Revocation, RevokedList, leaves_list_at, revoked_claims, verify_revoked
from tests.core.factories import DAY, ISSUER, NOW, REVOCATION_KEY, make_keyring, make_license, revoked_token

HEADERS = make_keyring().headers
LICENSE = make_license(lid="license-1", jti="issue-1")


def open_list(*entries: Revocation, seq: int = 1) -> RevokedList:
    return verify_revoked(revoked_token(*entries, seq=seq, iat=NOW), HEADERS)


@given(st.dictionaries(st.text("abc", max_size=4), st.integers(0, 2**53 - 1), max_size=6))
def test_a_list_is_verified_as_it_was_signed(entries: dict[str, int]) -> None:
    licenses = [Revocation(at, lid=name) for name, at in entries.items()]
    issuances = [Revocation(at, jti=name) for name, at in entries.items()]

    assert open_list(*licenses, *issuances, seq=9) == RevokedList(9, NOW, entries, entries)


def test_an_empty_list_revokes_nothing() -> None:
    assert open_list().revoked_at(LICENSE) is None


@pytest.mark.parametrize(
    ("entries", "revoked_at"),
    [
        ([Revocation(NOW, lid="license-1")], NOW),
        ([Revocation(NOW, jti="issue-1")], NOW),
        ([Revocation(0, lid="license-1")], 0),
        ([Revocation(NOW, lid="license-2"), Revocation(NOW, jti="issue-2")], None),
        ([Revocation(NOW, lid="issue-1"), Revocation(NOW, jti="license-1")], None),
        ([Revocation(NOW, lid="license-1"), Revocation(NOW - 1, jti="issue-1")], NOW - 1),
        ([Revocation(NOW - 1, lid="license-1"), Revocation(NOW, jti="issue-1")], NOW - 1),
    ],
)
def test_a_license_is_revoked_as_a_whole_or_in_one_issuance_since_the_earlier(
    entries: list[Revocation], revoked_at: int | None
) -> None:
    assert open_list(*entries).revoked_at(LICENSE) == revoked_at


def test_a_later_issuance_of_a_license_stands_when_an_earlier_was_revoked() -> None:
    listed = open_list(Revocation(NOW, jti="issue-1"))

    assert listed.revoked_at(make_license(lid="license-1", jti="issue-2")) is None


@pytest.mark.parametrize(
    "entry",
    [
        *({}, {"lid": "x"}, {"at": NOW}, {"lid": 1, "at": NOW}, {"jti": None, "at": NOW}, {"sub": "x", "at": NOW}),
        *({"lid": "x", "at": "1"}, {"lid": "x", "at": True}, {"lid": "x", "at": None}, {"jti": "x", "at": []}),
        *("x", None, 1, [], ["lid", "x"]),
    ],
)
def test_an_entry_that_names_nothing_or_no_time_is_refused(entry: Any) -> None:
    token = REVOCATION_KEY.sign({**revoked_claims(ISSUER, 1, NOW, []), "revoked": [entry]})

    with pytest.raises(Unauthentic) as refused:
        verify_revoked(token, HEADERS)

    assert refused.value.reason is Reason.BAD_CLAIMS


def test_a_list_as_long_as_its_cap_allows_is_read() -> None:
    entries = [Revocation(NOW, jti=f"{number:032x}") for number in range(11_000)]

    assert len(open_list(*entries).issuances) == 11_000


def test_an_entry_leaves_thirty_days_after_the_grace_and_that_of_a_trial_never() -> None:
    assert leaves_list_at(NOW, grace_days=30) == NOW + 60 * DAY
    assert leaves_list_at(None, grace_days=30) is None
