"""The keys in use: read again when they change, refused when they are not what was published."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from licensing.core.errors import KeyUnusable
from licensing.core.keys import Purpose, RootKey, WorkingKey
from licensing.services import signing
from licensing.services.signing import KeyStore
from licensing.storage import keyfiles
from tests.core.factories import (
    LEASE_KEY,
    LICENSE_KEY,
    LOG_KEY,
    REVOCATION_KEY,
    Key,
    make_key,
    make_root,
    make_statement,
    make_working,
)

WORKING = (LICENSE_KEY, LEASE_KEY, REVOCATION_KEY, LOG_KEY)


def install(folder: Path, *, statement: str | None = None, passphrase: bytes | None = None) -> KeyStore:
    """A store on a folder with a whole set of keys."""
    for key in WORKING:
        keyfiles.write_private(folder, key.kid, key.private, passphrase)
    keyfiles.write_text(folder / keyfiles.STATEMENT, statement or make_statement())
    return open_store(folder, passphrase=passphrase)


def open_store(folder: Path, *roots: RootKey, passphrase: bytes | None = None, allow_test: bool = False) -> KeyStore:
    return KeyStore(folder, roots or [make_root()], passphrase, allow_test=allow_test)


def replace_private(folder: Path, key: Key, pem: bytes) -> None:
    path = keyfiles.private_path(folder, key.kid)
    path.chmod(0o600)
    path.write_bytes(pem)


def pem_of(private: Ed25519PrivateKey) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_each_purpose_signs_with_its_own_key(tmp_path: Path, passphrase: bytes | None) -> None:
    keys = install(tmp_path, passphrase=passphrase).current()

    assert {purpose: keys.key(purpose).kid for purpose in Purpose} == {Purpose(key.role): key.kid for key in WORKING}
    assert keys.key(Purpose.LEASE).signer.sign(b"x") == LEASE_KEY.private.sign(b"x")


def test_the_keys_are_read_once_while_nothing_changes(tmp_path: Path) -> None:
    store = install(tmp_path)

    assert store.current() is store.current()


def test_a_new_statement_is_read_without_a_restart(tmp_path: Path) -> None:
    store = install(tmp_path)
    assert store.current().keyring.seq == 1

    keyfiles.write_text(tmp_path / keyfiles.STATEMENT, make_statement(seq=2))
    store.look_again()

    assert (store.current().keyring.seq, store.problem) == (2, None)


def test_a_changed_statement_is_looked_for_at_most_once_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elapsed = [100.0]
    monkeypatch.setattr(signing, "ticks", lambda: elapsed[0])
    store = install(tmp_path)
    assert store.current().keyring.seq == 1
    keyfiles.write_text(tmp_path / keyfiles.STATEMENT, make_statement(seq=2))

    elapsed[0] += signing.LOOK_SECONDS - 0.01
    assert store.current().keyring.seq == 1
    elapsed[0] += 0.01
    assert store.current().keyring.seq == 2


@pytest.mark.parametrize("statement", ["", "nonsense", make_statement(root=make_key("root", "stranger"))])
def test_a_statement_that_can_not_be_used_leaves_the_old_keys_in_force(tmp_path: Path, statement: str) -> None:
    store = install(tmp_path)
    before = store.current()

    keyfiles.write_text(tmp_path / keyfiles.STATEMENT, statement)
    store.look_again()

    assert store.current() is before
    assert store.problem is not None


def test_a_statement_that_is_gone_leaves_the_old_keys_in_force(tmp_path: Path) -> None:
    store = install(tmp_path)
    before = store.current()

    (tmp_path / keyfiles.STATEMENT).unlink()
    store.look_again()

    assert store.current() is before
    assert store.problem is not None


def test_a_problem_is_over_with_the_next_good_statement(tmp_path: Path) -> None:
    store = install(tmp_path)
    store.current()
    keyfiles.write_text(tmp_path / keyfiles.STATEMENT, "nonsense")
    store.look_again()
    store.current()

    keyfiles.write_text(tmp_path / keyfiles.STATEMENT, make_statement(seq=2))
    store.look_again()

    assert (store.current().keyring.seq, store.problem) == (2, None)


@pytest.mark.parametrize("missing", [keyfiles.STATEMENT, f"{LEASE_KEY.kid}.key.pem"])
def test_a_store_that_never_had_its_keys_refuses(tmp_path: Path, missing: str) -> None:
    store = install(tmp_path)
    (tmp_path / missing).unlink()

    with pytest.raises(KeyUnusable):
        store.current()


@pytest.mark.parametrize(
    "pem",
    [
        b"",
        b"-----BEGIN PRIVATE KEY-----\n",
        pem_of(make_key("lease", "stranger").private),
        generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    ],
    ids=["empty", "cut off", "another key", "another kind"],
)
def test_a_private_key_that_is_not_the_published_one_is_refused(tmp_path: Path, pem: bytes) -> None:
    store = install(tmp_path)
    replace_private(tmp_path, LEASE_KEY, pem)
    keyfiles.private_path(tmp_path, LEASE_KEY.kid).chmod(0o400)

    with pytest.raises(KeyUnusable, match=LEASE_KEY.kid):
        store.current()


@pytest.mark.parametrize("mode", [0o440, 0o404, 0o600 | 0o020])
def test_a_private_key_that_others_can_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    store = install(tmp_path)
    keyfiles.private_path(tmp_path, LICENSE_KEY.kid).chmod(mode)

    with pytest.raises(KeyUnusable, match="chmod"):
        store.current()


@pytest.mark.parametrize(("written", "read"), [(b"right", b"wrong"), (b"right", None), (None, b"needless")])
def test_the_passphrase_must_fit(tmp_path: Path, written: bytes | None, read: bytes | None) -> None:
    install(tmp_path, passphrase=written)

    with pytest.raises(KeyUnusable):
        open_store(tmp_path, passphrase=read).current()


@pytest.mark.parametrize("allow_test", [True, False])
def test_only_a_development_server_signs_under_a_test_root(tmp_path: Path, allow_test: bool) -> None:
    root = make_key("root", "development", test=True)
    install(tmp_path, statement=make_statement(root=root))
    store = open_store(tmp_path, make_root(root), allow_test=allow_test)

    if allow_test:
        assert store.current().keyring.seq == 1
    else:
        with pytest.raises(KeyUnusable, match="TEST-"):
            store.current()


def test_a_purpose_without_an_active_key_names_the_command_that_makes_one(tmp_path: Path) -> None:
    store = install(tmp_path, statement=make_statement(*_without_license()))

    with pytest.raises(KeyUnusable, match="licensing keys new license"):
        store.current().key(Purpose.LICENSE)


def _without_license() -> list[WorkingKey]:
    return [make_working(key) for key in (LEASE_KEY, REVOCATION_KEY, LOG_KEY)]
