"""The key statement: believed from a trusted root alone, and never from one that is weak or unsure of itself."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.core.errors import Reason, Unauthentic
from licensing.core.keys import KeyState, Purpose, newest, open_statement, statement_claims
from tests.core.factories import (
    ISSUER,
    LEASE_KEY,
    LICENSE_KEY,
    LOG_KEY,
    NOW,
    ROOT,
    make_key,
    make_keyring,
    make_root,
    make_statement,
    make_working,
)


def test_a_statement_opens_to_the_keyring_it_states() -> None:
    license_key, log_key = make_working(LICENSE_KEY, state=KeyState.RETIRED), make_working(LOG_KEY)

    keyring = open_statement(make_statement(license_key, log_key, seq=7, iat=NOW), [make_root()])

    assert keyring == make_keyring(license_key, log_key, seq=7, iat=NOW)
    assert keyring.find(LOG_KEY.kid) == log_key
    assert keyring.find("license-0") is None
    assert (keyring.active(Purpose.LOG), keyring.active(Purpose.LICENSE)) == (log_key, None)


def test_a_statement_is_believed_from_any_trusted_root_and_from_no_other() -> None:
    spare, stranger = make_key("root", "spare"), make_key("root", "stranger")
    roots = [make_root(ROOT), make_root(spare)]

    assert open_statement(make_statement(root=spare), roots).seq == 1
    with pytest.raises(Unauthentic) as refused:
        open_statement(make_statement(root=stranger), roots)
    assert refused.value.reason is Reason.UNKNOWN_ROOT


def test_a_test_root_is_no_root_unless_it_was_given() -> None:
    test_root = make_key("root", test=True)
    statement = make_statement(root=test_root)

    with pytest.raises(Unauthentic) as refused:
        open_statement(statement, [make_root(ROOT)])

    assert test_root.x == ROOT.x  # not even when the key is the same: the name decides
    assert refused.value.reason is Reason.UNKNOWN_ROOT
    assert open_statement(statement, [make_root(test_root)]).seq == 1


@pytest.mark.parametrize("twin", [make_working(LICENSE_KEY), make_working(LICENSE_KEY, kid="other")])
def test_no_key_stands_twice_in_a_statement(twin: Any) -> None:
    with pytest.raises(Unauthentic) as refused:
        open_statement(make_statement(make_working(LICENSE_KEY), twin), [make_root()])

    assert refused.value.reason is Reason.BAD_CLAIMS


@pytest.mark.parametrize("purpose", Purpose)
def test_a_weak_key_of_any_purpose_spoils_the_statement(purpose: Purpose) -> None:
    weak = make_working(LICENSE_KEY, x=bytes(32), purpose=purpose)

    with pytest.raises(Unauthentic) as refused:
        open_statement(make_statement(weak), [make_root()])

    assert refused.value.reason is Reason.BAD_KEY


def statement_with(**changes: Any) -> str:
    """A statement of the license key and of one that a later server may publish."""
    later = {**make_working(LEASE_KEY).member(), **changes}
    claims = statement_claims(ISSUER, 1, NOW, [make_working(LICENSE_KEY)])
    return ROOT.sign({**claims, "keys": [*claims["keys"], later]})  # type: ignore[misc]  # a JSON list


@pytest.mark.parametrize("changes", [{"purpose": "telemetry"}, {"state": "paused"}, {"crv": "Ed448"}])
def test_a_key_of_a_later_kind_is_passed_over(changes: dict[str, Any]) -> None:
    keyring = open_statement(statement_with(**changes), [make_root()])

    assert keyring.keys == (make_working(LICENSE_KEY),)


def test_a_key_of_a_later_type_is_passed_over() -> None:
    keyring = open_statement(statement_with(kty="AKP", purpose="license-pq"), [make_root()])

    assert keyring.keys == (make_working(LICENSE_KEY),)


@pytest.mark.parametrize(("first", "second", "kept"), [(None, 1, 1), (1, 2, 2), (2, 1, 2), (2, 2, 2)])
def test_the_higher_statement_is_kept(first: int | None, second: int, kept: int) -> None:
    known = None if first is None else make_keyring(seq=first)

    assert newest(known, make_keyring(seq=second)).seq == kept
