"""The relay's key: a license lends it the right to sign its own leases, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from licensing.core.codes import Code
from licensing.core.encoding import b64url
from licensing.core.errors import Reason, TermRefused, Unauthentic
from licensing.core.keys import jwk, open_statement
from licensing.core.leases import lease_claims, verify_lease
from licensing.core.licenses import License, license_claims, lint, verify_license
from licensing.core.relays import lease_headers, read_relay, relay_key, relay_of
from licensing.core.revocations import verify_revoked
from licensing.core.sales import lowers_rights, same_again, undone
from licensing.core.tokens import TokenType, header_segment, signing_input
from licensing.core.verdicts import Circumstances, evaluate
from tests.core.factories import (
    ISSUER,
    LEASE_KEY,
    NOW,
    Key,
    at,
    lease_token,
    make_key,
    make_keyring,
    make_lease,
    make_license,
    make_root,
    make_trial,
    make_working,
)

RELAY = make_key("relay")
OTHER = make_key("relay", "other")
KEYRING = make_keyring()


def named(key: Key = RELAY, **changes: Any) -> License:
    """A license that names the key as its relay's."""
    return make_license(relay=(key.kid, b64url(key.x)), **changes)


def signed(key: Key, typ: TokenType, claims: dict[str, object]) -> str:
    """A token of any type under the key's own name."""
    return key.sign_text(signing_input(header_segment(key.kid, typ), claims))


def relay_lease(key: Key = RELAY, **changes: Any) -> str:
    return signed(key, TokenType.LEASE, lease_claims(make_lease(**changes), ISSUER))


def reason_of(read: Callable[[], object]) -> Reason:
    with pytest.raises(Unauthentic) as refused:
        read()
    return refused.value.reason


def test_a_lease_of_its_own_license_stands() -> None:
    assert verify_lease(relay_lease(), lease_headers(named(), KEYRING)) == make_lease()


def test_the_vendors_own_leases_stand_beside_it() -> None:
    assert verify_lease(lease_token(), lease_headers(named(), KEYRING)) == make_lease()


@pytest.mark.parametrize("lid", ["license-2", "", "License-1", "license-1 "])
def test_a_lease_of_another_license_is_refused(lid: str) -> None:
    assert reason_of(lambda: verify_lease(relay_lease(lid=lid), lease_headers(named(), KEYRING))) is Reason.BAD_CLAIMS


@pytest.mark.parametrize("lid", [None, 1, ["license-1"], {"lid": "license-1"}])
def test_a_lease_without_a_license_that_could_be_its_own_is_refused(lid: object) -> None:
    claims = {**lease_claims(make_lease(), ISSUER), "lid": lid}

    read = lambda: verify_lease(signed(RELAY, TokenType.LEASE, claims), lease_headers(named(), KEYRING))  # noqa: E731

    assert reason_of(read) is Reason.BAD_CLAIMS


def test_a_license_without_a_relay_knows_no_relays_lease() -> None:
    headers = lease_headers(make_license(), KEYRING)

    assert headers is KEYRING.headers
    assert reason_of(lambda: verify_lease(relay_lease(), headers)) is Reason.UNKNOWN_HEADER


def test_another_relays_lease_is_refused() -> None:
    headers = lease_headers(named(), KEYRING)
    under_its_name = f"{relay_lease().partition('.')[0]}.{relay_lease(OTHER).partition('.')[2]}"

    assert reason_of(lambda: verify_lease(relay_lease(OTHER), headers)) is Reason.UNKNOWN_HEADER
    assert reason_of(lambda: verify_lease(under_its_name, headers)) is Reason.BAD_SIGNATURE


def test_the_keyring_alone_never_knows_a_relay() -> None:
    lease_headers(named(), KEYRING)

    assert reason_of(lambda: verify_lease(relay_lease(), KEYRING.headers)) is Reason.UNKNOWN_HEADER


def test_a_relays_key_signs_no_license_no_list_and_no_statement() -> None:
    headers = lease_headers(named(), KEYRING)
    license = signed(RELAY, TokenType.LICENSE, license_claims(make_license(seats=100_000), ISSUER))
    revoked = signed(RELAY, TokenType.REVOKED, {"v": 1, "iss": ISSUER, "aud": "koor-dcc", "iat": NOW, "seq": 9})
    statement = signed(RELAY, TokenType.KEYS, {"v": 1, "iss": ISSUER, "aud": "koor-dcc", "iat": NOW, "seq": 9})
    as_license = signed(RELAY, TokenType.LEASE, license_claims(make_license(), ISSUER))

    assert reason_of(lambda: verify_license(license, headers)) is Reason.UNKNOWN_HEADER
    assert reason_of(lambda: verify_revoked(revoked, headers)) is Reason.UNKNOWN_HEADER
    assert reason_of(lambda: open_statement(statement, [make_root()])) is Reason.UNKNOWN_ROOT
    assert reason_of(lambda: verify_license(as_license, headers)) is Reason.WRONG_TYPE
    assert reason_of(lambda: verify_lease(as_license, headers)) is Reason.BAD_CLAIMS


def test_a_relays_lease_lifts_no_revocation_and_moves_no_date() -> None:
    lease = verify_lease(relay_lease(code=Code.VALID, exp=NOW + 10**8), lease_headers(named(), KEYRING))
    revoked = Circumstances(revoked_at=NOW - 31 * 86_400)
    ended = named(exp=NOW - 31 * 86_400)

    assert evaluate(named(), lease, 8, at(NOW), revoked).code is Code.REVOKED
    assert evaluate(ended, lease, 8, at(NOW)).code is Code.EXPIRED
    assert evaluate(named(seats=3), lease, 8, at(NOW)).seats == 3


WEAK = b64url(bytes(32))


@pytest.mark.parametrize(
    "claim",
    [
        (OTHER.kid, b64url(RELAY.x)),
        (RELAY.kid.upper(), b64url(RELAY.x)),
        (LEASE_KEY.kid, b64url(LEASE_KEY.x)),
        (f"test-{RELAY.kid}", b64url(RELAY.x)),
        (RELAY.kid, b64url(RELAY.x) + "="),
        (RELAY.kid, b64url(RELAY.x)[:-1]),
        (RELAY.kid, "!"),
        (RELAY.kid, ""),
        (relay_key(bytes(32), test=False).kid, WEAK),
        (relay_key(b"\xff" * 32, test=False).kid, b64url(b"\xff" * 32)),
        ("", ""),
    ],
)
def test_a_claim_that_is_no_sound_key_under_its_own_name_adds_nothing(claim: tuple[str, str]) -> None:
    license = make_license(relay=claim)

    assert relay_of(license) is None
    assert lease_headers(license, KEYRING) is KEYRING.headers


def test_a_header_that_the_keyring_has_is_not_replaced() -> None:
    odd = make_keyring(make_working(Key("lease", RELAY.kid, OTHER.private)))

    headers = lease_headers(named(), odd)

    assert headers[header_segment(RELAY.kid, TokenType.LEASE)].lid is None
    assert reason_of(lambda: verify_lease(relay_lease(), headers)) is Reason.BAD_SIGNATURE


def test_a_test_key_is_named_as_one() -> None:
    key = make_key("relay", test=True)

    assert read_relay(jwk(key.kid, key.x)).is_test
    assert verify_lease(relay_lease(key), lease_headers(named(key), KEYRING)) == make_lease()


@pytest.mark.parametrize(
    "document",
    [None, [], "x", {}, jwk(OTHER.kid, RELAY.x), jwk(LEASE_KEY.kid, LEASE_KEY.x), jwk(RELAY.kid, bytes(31)), 1],
)
def test_what_is_no_relays_key_is_not_read(document: object) -> None:
    assert reason_of(lambda: read_relay(document)) is Reason.BAD_KEY


def test_a_renewal_keeps_the_relay_and_a_trial_has_none() -> None:
    assert same_again(named(), "0" * 32, at(NOW)).relay == named().relay
    assert undone(named(), make_license(), "0" * 32, at(NOW)).relay == named().relay  # type: ignore[union-attr]
    assert undone(named(), make_trial(), "0" * 32, at(NOW)).relay is None  # type: ignore[union-attr]
    with pytest.raises(TermRefused):
        lint(make_trial(relay=named().relay))


def test_an_issue_with_a_relay_that_was_taken_away_is_worth_keeping_for_a_thief() -> None:
    assert lowers_rights(named(), make_license())
    assert lowers_rights(named(), named(OTHER))
    assert not lowers_rights(make_license(), named())
    assert not lowers_rights(named(), named(seats=9))
