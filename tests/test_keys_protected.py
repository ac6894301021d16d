"""Private keys at rest: a stolen file is worth nothing, and production signs with no other."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat

from licensing.core.errors import KeyUnusable
from licensing.core.keys import RootKey, is_worthless
from licensing.core.passphrases import require_strong
from licensing.services.keys import KeyManagement
from licensing.services.signing import KeyStore
from licensing.storage import keyfiles
from licensing.storage.key_encryption import ROUNDS, encrypted_pem, plain_pem, rounds_of
from licensing.system import System
from tests.core.factories import LICENSE_KEY, Key, make_key, make_root, make_statement, make_working

PASSPHRASE = b"q9V+Zk2f0Xw7LrT5sYb8HnUe"
KEY = make_key("license", "at rest")
TEST_FOLDER = Path(__file__).parent.parent / "keys" / "test"


def weak_pem(key: Key) -> bytes:
    return key.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(PASSPHRASE))


def store(folder: Path, passphrase: bytes | None = PASSPHRASE, *, root: RootKey | None = None) -> KeyStore:
    return KeyStore(folder, [root or make_root()], passphrase, allow_test=False, protected=True)


def management(keys: KeyStore) -> KeyManagement:
    return KeyManagement(keys, System(), "https://licenses.example.com", lambda *_: None, lambda *_: {}, test=False)


def write(folder: Path, pem: bytes, kid: str = LICENSE_KEY.kid) -> Path:
    """A folder whose statement has one key, in a file with `pem`."""
    keyfiles.write_text(folder / keyfiles.STATEMENT, make_statement(make_working(LICENSE_KEY)))
    path = keyfiles.private_path(folder, kid)
    path.write_bytes(pem)
    path.chmod(0o400)
    return path


def test_openssl_reads_what_is_written_and_its_rounds_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, encrypted_pem(KEY.private, PASSPHRASE))

    opened = subprocess.run(
        ["openssl", "pkey", "-in", path, "-passin", f"pass:{PASSPHRASE.decode()}"], capture_output=True, check=True
    )

    assert opened.stdout == plain_pem(KEY.private)
    assert rounds_of(path.read_bytes()) == ROUNDS == 600_000


def test_what_openssl_writes_is_read_and_its_rounds_are_told(tmp_path: Path) -> None:
    plain = write(tmp_path, plain_pem(KEY.private))
    command = ["openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA512", "-iter", "700000"]

    made = subprocess.run(
        [*command, "-in", plain, "-passout", f"pass:{PASSPHRASE.decode()}"], capture_output=True, check=True
    )

    plain.chmod(0o600)
    plain.write_bytes(made.stdout)
    plain.chmod(0o400)
    assert rounds_of(made.stdout) == 700_000
    assert keyfiles.read_private(plain, PASSPHRASE).private_bytes_raw() == KEY.private.private_bytes_raw()


@pytest.mark.parametrize(
    ("pem", "rounds"),
    [
        (plain_pem(KEY.private), None),
        (weak_pem(KEY), 2_048),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n", 0),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n\xff!\n", 0),
    ],
    ids=["plain", "by the library", "something else", "damaged"],
)
def test_weak_and_missing_protection_is_told_apart(pem: bytes, rounds: int | None) -> None:
    assert rounds_of(pem) == rounds


@pytest.mark.parametrize("pem", [plain_pem(LICENSE_KEY.private), weak_pem(LICENSE_KEY)], ids=["plain", "weak"])
def test_production_refuses_a_badly_protected_key_until_the_command_it_names_was_run(
    tmp_path: Path, pem: bytes
) -> None:
    path = write(tmp_path, pem)
    with pytest.raises(KeyUnusable) as refused:
        store(tmp_path).current()

    first, second = (management(store(tmp_path)).protect() for _ in range(2))

    assert (first, second) == ({path.name: True}, {path.name: False})
    assert "run: licensing keys protect" in refused.value.detail
    assert store(tmp_path).current().keyring.seq == 1
    assert path.stat().st_mode & 0o777 == 0o400
    assert [each.name for each in tmp_path.iterdir() if each.name.endswith(".new")] == []


@pytest.mark.parametrize(
    "passphrase", [None, b"", b"correct horse", b"0" * 60, b"123456789012345678901234567890", b"abcdefghijklmnop"]
)
def test_a_passphrase_that_can_be_guessed_is_refused(tmp_path: Path, passphrase: bytes | None) -> None:
    with pytest.raises(KeyUnusable, match="openssl rand -base64 24"):
        require_strong(passphrase)
    with pytest.raises(KeyUnusable, match="openssl rand -base64 24"):
        management(store(tmp_path, passphrase)).protect()
    with pytest.raises(KeyUnusable, match="openssl rand -base64 24"):
        management(store(tmp_path, passphrase)).new_root(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_passphrase_changes_no_file(tmp_path: Path) -> None:
    path = write(tmp_path, weak_pem(LICENSE_KEY))

    with pytest.raises(KeyUnusable, match="passphrase is wrong"):
        management(store(tmp_path, PASSPHRASE[::-1])).protect()

    assert path.read_bytes().startswith(b"-----BEGIN ENCRYPTED")
    assert rounds_of(path.read_bytes()) == 2_048


def test_the_pair_that_everybody_has_is_refused_under_any_name(tmp_path: Path) -> None:
    [public] = TEST_FOLDER.glob("*.jwk")
    marked = keyfiles.read_root_file(public)
    renamed = RootKey(marked.kid.removeprefix("TEST-"), marked.x)

    assert is_worthless(renamed.kid, renamed.x)
    with pytest.raises(KeyUnusable, match="TEST-"):
        store(tmp_path, root=renamed).roots()


def test_production_signs_with_no_working_key_of_a_development_server(tmp_path: Path) -> None:
    key = make_key("license", "development", test=True)
    keyfiles.write_text(tmp_path / keyfiles.STATEMENT, make_statement(make_working(key)))
    keyfiles.write_private(tmp_path, key.kid, key.private, PASSPHRASE)

    with pytest.raises(KeyUnusable, match=f"test key {key.kid}"):
        store(tmp_path).current()
