"""A license file in a client's hands: what it proves, and that no file takes the client back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from licensing.core.keys import KeyState
from licensing.core.licenses import License
from licensing.core.revocations import Revocation
from licensing.verifier import (
    TRUSTED_ROOTS,
    Code,
    OpenedFile,
    Reason,
    RootKey,
    Unauthentic,
    evaluate,
    open_license_file,
    verify,
)
from tests.core.factories import (
    FSID,
    NOW,
    REVOCATION_KEY,
    at,
    lease_token,
    license_token,
    make_key,
    make_keyring,
    make_license,
    make_root,
    make_statement,
    make_working,
    revoked_token,
)

REVOKED = Revocation(NOW, lid="license-1")
OWN_KEYS = tuple(make_working(make_key(role)) for role in ("license", "lease", "revocation"))


def make_file(**changes: Any) -> str:
    """A license file; `revoked=None` leaves the list out."""
    tokens = {"keys": make_statement(), "license": license_token(), "revoked": revoked_token(), **changes}
    present = {name: token for name, token in tokens.items() if token is not None}
    return json.dumps({"v": 1, **present, "human": {"seats": 1_000_000}})


def open_file(text: str | bytes, root: RootKey | None = None, **known: Any) -> OpenedFile:
    return open_license_file(text, [root or make_root()], **known)


def reason_for(text: str | bytes, **known: Any) -> Reason:
    with pytest.raises(Unauthentic) as refused:
        open_file(text, **known)
    return refused.value.reason


def test_a_file_opens_to_what_was_signed() -> None:
    opened = open_file(make_file())

    assert opened.license == make_license()
    assert opened.keyring == make_keyring()
    assert opened.revoked is not None


def test_what_the_file_tells_its_reader_is_never_believed() -> None:
    assert open_file(make_file()).license.seats == 8


def test_a_file_may_be_bytes() -> None:
    assert open_file(make_file().encode()) == open_file(make_file())


def test_a_file_without_a_revoked_list_opens_and_nothing_is_revoked() -> None:
    opened = open_file(make_file(revoked=None))

    assert opened.revoked is None
    assert opened.circumstances().revoked_at is None


def test_a_file_without_a_revoked_list_leaves_the_known_one_in_force() -> None:
    known = open_file(make_file(revoked=revoked_token(REVOKED, seq=5))).revoked

    opened = open_file(make_file(revoked=None), revoked=known)

    assert opened.revoked == known
    assert opened.circumstances().revoked_at == NOW


@pytest.mark.parametrize(("known_seq", "revoked_at"), [(2, NOW), (1, None), (0, None)])
def test_an_older_revoked_list_never_takes_the_client_back(known_seq: int, revoked_at: int | None) -> None:
    known = open_file(make_file(revoked=revoked_token(REVOKED, seq=known_seq))).revoked

    opened = open_file(make_file(revoked=revoked_token(seq=1)), revoked=known)

    assert opened.circumstances().revoked_at == revoked_at


def test_an_older_statement_never_takes_the_client_back() -> None:
    known = make_keyring(make_working(state=KeyState.REVOKED), *OWN_KEYS[1:], seq=2)

    assert reason_for(make_file(keys=make_statement(seq=1)), keyring=known) is Reason.KEY_REVOKED


def test_a_newer_statement_takes_the_client_forward() -> None:
    rotated = make_key("license", "next")
    statement = make_statement(make_working(rotated), *OWN_KEYS[1:], seq=2)

    opened = open_file(make_file(keys=statement, license=license_token(rotated)), keyring=make_keyring(seq=1))

    assert opened.keyring.seq == 2
    assert opened.license == make_license()


def test_a_key_revoked_by_the_statement_of_the_file_opens_nothing() -> None:
    statement = make_statement(make_working(state=KeyState.REVOKED), *OWN_KEYS[1:])

    assert reason_for(make_file(keys=statement)) is Reason.KEY_REVOKED


def test_a_file_under_another_root_is_refused() -> None:
    stranger = make_key("root", "stranger")

    assert reason_for(make_file(keys=make_statement(root=stranger))) is Reason.UNKNOWN_ROOT


def test_a_file_under_another_root_is_refused_even_when_its_keys_are_known() -> None:
    stranger = make_key("root", "stranger")

    assert reason_for(make_file(keys=make_statement(root=stranger)), keyring=make_keyring(seq=9)) is Reason.UNKNOWN_ROOT


def test_a_test_root_is_trusted_only_when_given() -> None:
    test_root = make_key("root", test=True)
    text = make_file(keys=make_statement(root=test_root))

    assert not any(root.is_test for root in TRUSTED_ROOTS)
    with pytest.raises(Unauthentic) as refused:
        open_license_file(text, TRUSTED_ROOTS)
    assert refused.value.reason is Reason.UNKNOWN_ROOT
    assert open_file(text, make_root(test_root)).license == make_license()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"license": lease_token()}, Reason.WRONG_TYPE),
        ({"license": revoked_token()}, Reason.WRONG_TYPE),
        ({"license": license_token(make_key("license", "stranger"))}, Reason.UNKNOWN_HEADER),
        ({"license": license_token()[:-2]}, Reason.BAD_SIGNATURE),
        ({"revoked": license_token()}, Reason.WRONG_TYPE),
        ({"revoked": revoked_token(key=make_key("revocation", "stranger"))}, Reason.UNKNOWN_HEADER),
        ({"revoked": ""}, Reason.NOT_A_TOKEN),
        ({"keys": license_token()}, Reason.UNKNOWN_ROOT),
        ({"keys": None}, Reason.BAD_FILE),
        ({"license": None}, Reason.BAD_FILE),
    ],
)
def test_a_file_whose_tokens_are_not_what_they_should_be_is_refused(changes: dict[str, Any], reason: Reason) -> None:
    assert reason_for(make_file(**changes)) is reason


def test_a_list_under_a_revoked_key_does_not_take_the_license_with_it() -> None:
    known = make_keyring(*OWN_KEYS[:2], make_working(REVOCATION_KEY, state=KeyState.REVOKED), seq=2)

    assert open_file(make_file(), keyring=known).license == make_license()


@pytest.mark.parametrize("license", [make_license(), make_license(exp=NOW - 10**8), make_license(nbf=NOW + 10**8)])
def test_verify_never_looks_at_the_time(license: License) -> None:
    token = license_token(exp=license.exp, nbf=license.nbf)

    assert verify(token, make_keyring()) == license


def test_the_circumstances_of_a_file_are_its_own_and_what_the_client_remembers() -> None:
    opened = open_file(make_file(revoked=revoked_token(REVOKED, iat=NOW - 5), keys=make_statement(iat=NOW - 9)))

    known = opened.circumstances(FSID, over_since=NOW - 3, newest_iat=NOW - 1)

    assert (known.fsid, known.over_since, known.newest_iat) == (FSID, NOW - 3, NOW - 1)
    assert (known.revoked_at, known.revoked_list_iat, known.keys_iat) == (NOW, NOW - 5, NOW - 9)


def test_a_client_in_six_lines_gets_its_answer() -> None:
    opened = open_license_file(make_file(), [make_root()])

    verdict = evaluate(opened.license, None, nodes=4, now=at(NOW), known=opened.circumstances(FSID))

    assert (verdict.code, verdict.restricted, verdict.warnings) == (Code.VALID, False, ())
