"""The lease: what is signed is what is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.codes import Code
from licensing.core.errors import Reason, Unauthentic
from licensing.core.leases import HOLD_SECONDS, LEASE_SECONDS, Lease, lease_claims, verify_lease
from tests.core.factories import ISSUER, LEASE_KEY, NOW, lease_token, make_keyring, make_lease

HEADERS = make_keyring().headers

EVERY_CLAIM = "v iss aud cid fsid lid seq nonce code restricted seats used granted iat exp over_since next"

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
counts = st.integers(0, 2**53 - 1)
leases = st.builds(
    Lease,
    cid=texts,
    fsid=texts,
    lid=texts,
    seq=counts,
    nonce=texts,
    code=st.sampled_from(Code),
    restricted=st.booleans(),
    seats=counts,
    used=counts,
    granted=counts,
    iat=st.just(NOW),
    exp=counts,
    next=counts,
    over_since=st.one_of(st.none(), counts),
)


@given(leases)
def test_a_lease_is_verified_as_it_was_granted(lease: Lease) -> None:
    token = LEASE_KEY.sign(lease_claims(lease, ISSUER))

    assert verify_lease(token, HEADERS) == lease


def test_the_claims_are_those_of_the_specification() -> None:
    claims = lease_claims(make_lease(over_since=NOW), ISSUER)

    assert claims.keys() == {*EVERY_CLAIM.split()}
    assert (claims["v"], claims["aud"]) == (1, "koor-dcc")


def test_a_lease_without_overrun_does_not_mention_it() -> None:
    assert "over_since" not in lease_claims(make_lease(over_since=None), ISSUER)


def test_unknown_claims_are_ignored() -> None:
    token = LEASE_KEY.sign({**lease_claims(make_lease(), ISSUER), "colour": {"x": 1}})

    assert verify_lease(token, HEADERS) == make_lease()


def test_a_lease_is_verified_long_after_its_end() -> None:
    assert verify_lease(lease_token(exp=0), HEADERS).exp == 0


@pytest.mark.parametrize("code", ["valid", "", "FINE", "KEYS_STALE"])
def test_a_code_not_known_here_is_refused(code: str) -> None:
    token = LEASE_KEY.sign({**lease_claims(make_lease(), ISSUER), "code": code})

    with pytest.raises(Unauthentic) as refused:
        verify_lease(token, HEADERS)

    assert refused.value.reason is Reason.BAD_CLAIMS


def test_a_largest_lease_keeps_within_the_cap() -> None:
    claims = json.dumps(lease_claims(make_lease(cid="c" * 36, nonce="n" * 256, code=Code.DUPLICATE_CLUSTER), ISSUER))

    assert len(claims) * 4 // 3 < 4_096 - 300


def test_no_lease_outlives_the_grant_it_tells_of() -> None:
    assert LEASE_SECONDS == 7 * 86_400
    assert HOLD_SECONDS > LEASE_SECONDS
