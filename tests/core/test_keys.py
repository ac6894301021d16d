"""Keys: weak ones never get in, roots are known by their name, and each opens only what it signed in its time."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.core.encoding import b64url
from licensing.core.errors import Reason, Unauthentic
from licensing.core.keys import (
    KeyState,
    RootKey,
    jwk,
    load_public_key,
    name_key,
    public_bytes,
    read_jwk,
    read_root,
    thumbprint,
)
from licensing.core.licenses import License, verify_license
from tests.core.factories import (
    LEASE_KEY,
    LICENSE_KEY,
    LOG_KEY,
    NOW,
    ROOT,
    license_token,
    make_key,
    make_keyring,
    make_license,
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


def test_the_log_key_signs_no_token() -> None:
    assert make_keyring(make_working(LOG_KEY)).headers == {}
