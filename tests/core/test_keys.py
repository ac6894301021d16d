"""Keys: weak ones never get in, roots are known by their name, and each opens only what it signed in its time."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.core.encoding import b64url
from licensing.core.errors import Reason, Unauthentic
from licensing.core.keys import (
    KeyState,
    Purpose,
    RootKey,
    jwk,
    load_public_key,
    name_key,
    newest,
    open_statement,
    public_bytes,
    read_jwk,
    read_root,
    statement_claims,
    thumbprint,
)
from licensing.core.licenses import License, verify_license
from tests.core.factories import (
    ISSUER,
    LEASE_KEY,
    LICENSE_KEY,
    LOG_KEY,
    NOW,
    ROOT,
    license_token,
    make_key,
    make_keyring,
    make_license,
    make_root,
    make_statement,
    make_working,
)

P = 2**255 - 19
ORDER_8 = (
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
)
WEAK = [0, 1, P - 1, P, P + 1, 2**255 - 1, *(int.from_bytes(bytes.fromhex(y), "little") for y in ORDER_8)]


def reason_of(refused: pytest.ExceptionInfo[Unauthentic]) -> Reason:
    return refused.value.reason


@pytest.mark.parametrize("y", WEAK)
@pytest.mark.parametrize("sign", [0, 1])
def test_a_key_of_small_order_or_of_another_spelling_is_refused(y: int, sign: int) -> None:
    x = (y | sign << 255).to_bytes(32, "little")

    with pytest.raises(Unauthentic) as refused:
        load_public_key(x)

    assert reason_of(refused) is Reason.BAD_KEY


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_a_key_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(Unauthentic) as refused:
        load_public_key(b"\x09" * length)

    assert reason_of(refused) is Reason.BAD_KEY


def test_a_sound_key_is_loaded_as_it_is() -> None:
    assert public_bytes(load_public_key(ROOT.x)) == ROOT.x


def test_a_key_is_named_after_its_thumbprint() -> None:
    # RFC 8037, Appendix A.3.
    x = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")

    assert b64url(bytes.fromhex(thumbprint(x))) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert name_key(x, "license", test=False) == f"license-{thumbprint(x)[:16]}"
    assert name_key(x, "root", test=True) == f"TEST-root-{thumbprint(x)[:16]}"


@pytest.mark.parametrize("test", [False, True])
def test_a_root_comes_back_from_its_jwk(test: bool) -> None:
    key = make_key("root", test=test)

    root = read_root(jwk(key.kid, key.x))

    assert (root, root.is_test) == (RootKey(key.kid, key.x), test)


@pytest.mark.parametrize(
    "changes",
    [
        *({"kty": kty} for kty in ("EC", "okp", None, 1)),
        *({"crv": crv} for crv in ("X25519", "ed25519", None)),
        *({"kid": kid} for kid in ("", None, 1, "root", make_key("root", "other").kid, LICENSE_KEY.kid)),
        *({"kid": kid} for kid in (ROOT.kid.upper(), f"TEST-TEST-{ROOT.kid}", f"{ROOT.kid} ", f"test-{ROOT.kid}")),
        *(
            {"x": x}
            for x in ("", None, 1, b64url(ROOT.x) + "=", b64url(ROOT.x)[:-1], b64url(LEASE_KEY.x), b64url(bytes(32)))
        ),
    ],
)
def test_a_jwk_that_is_no_root_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(Unauthentic) as refused:
        read_root({**jwk(ROOT.kid, ROOT.x), **changes})

    assert reason_of(refused) is Reason.BAD_KEY


@pytest.mark.parametrize("document", [None, [], "x", 1, {}])
def test_what_is_no_jwk_is_refused(document: object) -> None:
    with pytest.raises(Unauthentic) as refused:
        read_jwk(document)

    assert reason_of(refused) is Reason.BAD_KEY


def test_a_statement_opens_to_the_keyring_it_states() -> None:
    license_key, log_key = make_working(LICENSE_KEY, state=KeyState.RETIRED), make_working(LOG_KEY)

    keyring = open_statement(make_statement(license_key, log_key, seq=7, iat=NOW), [make_root()])

    assert keyring == make_keyring(license_key, log_key, seq=7, iat=NOW)
    assert keyring.find(LOG_KEY.kid) == log_key
    assert keyring.find("license-0") is None
    assert (keyring.active(Purpose.LOG), keyring.active(Purpose.LICENSE)) == (log_key, None)


def test_the_log_key_signs_no_token() -> None:
    assert make_keyring(make_working(LOG_KEY)).headers == {}


def test_a_statement_is_believed_from_any_trusted_root_and_from_no_other() -> None:
    spare, stranger = make_key("root", "spare"), make_key("root", "stranger")
    roots = [make_root(ROOT), make_root(spare)]

    assert open_statement(make_statement(root=spare), roots).seq == 1
    with pytest.raises(Unauthentic) as refused:
        open_statement(make_statement(root=stranger), roots)
    assert reason_of(refused) is Reason.UNKNOWN_ROOT


def test_a_test_root_is_no_root_unless_it_was_given() -> None:
    test_root = make_key("root", test=True)
    statement = make_statement(root=test_root)

    with pytest.raises(Unauthentic) as refused:
        open_statement(statement, [make_root(ROOT)])

    assert test_root.x == ROOT.x  # not even when the key is the same: the name decides
    assert reason_of(refused) is Reason.UNKNOWN_ROOT
    assert open_statement(statement, [make_root(test_root)]).seq == 1


@pytest.mark.parametrize("twin", [make_working(LICENSE_KEY), make_working(LICENSE_KEY, kid="other")])
def test_no_key_stands_twice_in_a_statement(twin: Any) -> None:
    with pytest.raises(Unauthentic) as refused:
        open_statement(make_statement(make_working(LICENSE_KEY), twin), [make_root()])

    assert reason_of(refused) is Reason.BAD_CLAIMS


@pytest.mark.parametrize("purpose", Purpose)
def test_a_weak_key_of_any_purpose_spoils_the_statement(purpose: Purpose) -> None:
    weak = make_working(LICENSE_KEY, x=bytes(32), purpose=purpose)

    with pytest.raises(Unauthentic) as refused:
        open_statement(make_statement(weak), [make_root()])

    assert reason_of(refused) is Reason.BAD_KEY


def statement_with(**changes: Any) -> str:
    """A statement of the license key and of one that a later server may publish."""
    later = {**make_working(LEASE_KEY).member(), **changes}
    claims = statement_claims(ISSUER, 1, NOW, [make_working(LICENSE_KEY)])
    return ROOT.sign({**claims, "keys": [*claims["keys"], later]})  # type: ignore[misc]  # a JSON list


@pytest.mark.parametrize("changes", [{"purpose": "telemetry"}, {"state": "paused"}, {"purpose": None}, {"state": []}])
def test_a_key_of_a_later_kind_is_passed_over(changes: dict[str, Any]) -> None:
    keyring = open_statement(statement_with(**changes), [make_root()])

    assert keyring.keys == (make_working(LICENSE_KEY),)


# core: `_working_key` reads the JWK before it looks at the purpose, so a later key type stops every old client.
@pytest.mark.xfail(strict=True, raises=Unauthentic, reason="a later key type refuses the whole statement")
def test_a_key_of_a_later_type_is_passed_over() -> None:
    keyring = open_statement(statement_with(kty="AKP", purpose="license-pq"), [make_root()])

    assert keyring.keys == (make_working(LICENSE_KEY),)


@pytest.mark.parametrize(("first", "second", "kept"), [(None, 1, 1), (1, 2, 2), (2, 1, 2), (2, 2, 2)])
def test_the_higher_statement_is_kept(first: int | None, second: int, kept: int) -> None:
    known = None if first is None else make_keyring(seq=first)

    assert newest(known, make_keyring(seq=second)).seq == kept


def open_signed_by(state: KeyState, *, nbf: int, sign_until: int) -> License:
    """A license issued NOW, under a key of that state and window."""
    keyring = make_keyring(make_working(LICENSE_KEY, state=state, nbf=nbf, sign_until=sign_until))
    return verify_license(license_token(iat=NOW), keyring.headers)


@pytest.mark.parametrize("state", [KeyState.NEXT, KeyState.ACTIVE, KeyState.RETIRED])
def test_a_key_opens_what_it_signed_within_its_window(state: KeyState) -> None:
    assert open_signed_by(state, nbf=NOW, sign_until=NOW + 1) == make_license(iat=NOW)


@pytest.mark.parametrize(
    ("state", "nbf", "sign_until", "reason"),
    [
        (KeyState.RETIRED, NOW - 9, NOW, Reason.KEY_RETIRED),
        (KeyState.ACTIVE, NOW + 1, NOW + 9, Reason.KEY_NOT_YET),
        (KeyState.REVOKED, NOW - 9, NOW + 9, Reason.KEY_REVOKED),
    ],
)
def test_retired_future_and_revoked_keys_are_told_apart(
    state: KeyState, nbf: int, sign_until: int, reason: Reason
) -> None:
    with pytest.raises(Unauthentic) as refused:
        open_signed_by(state, nbf=nbf, sign_until=sign_until)

    assert reason_of(refused) is reason


def test_who_asks_the_ledger_may_ignore_a_revocation_but_not_the_window() -> None:
    revoked = make_keyring(make_working(LICENSE_KEY, state=KeyState.REVOKED, sign_until=NOW))
    headers = revoked.ignoring_revocation()

    assert verify_license(license_token(iat=NOW - 1), headers).iat == NOW - 1
    with pytest.raises(Unauthentic) as refused:
        verify_license(license_token(iat=NOW), headers)
    assert reason_of(refused) is Reason.KEY_RETIRED
