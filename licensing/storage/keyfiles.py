"""Key files: `<kid>.key.pem` (PKCS#8, private), `root.jwk` (public), `statement.jwt`, all in one folder.

A private key is refused when it is missing, damaged, of another kind, or readable by others; the refusal names the file
and never its contents.
"""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from threading import get_ident

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from licensing.core.errors import KeyUnusable, Unauthentic
from licensing.core.keys import TEST_MARK, RootKey, jwk, read_root
from licensing.core.relays import RelayKey, read_relay
from licensing.storage.key_encryption import ROUNDS, encrypted_pem, plain_pem, rounds_of

STATEMENT = "statement.jwt"
UNSIGNED_STATEMENT = "statement.unsigned.json"
ROOT = "root.jwk"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_path(folder: Path, kid: str) -> Path:
    return folder / f"{kid}.key.pem"


def write_private(folder: Path, kid: str, key: Ed25519PrivateKey, passphrase: bytes | None) -> Path:
    """The new file, readable by its owner alone; raises KeyUnusable when it is there already."""
    path = private_path(folder, kid)
    _make_folder(folder)
    try:
        _write_new(path, encrypted_pem(key, passphrase) if passphrase else plain_pem(key))
    except FileExistsError as error:
        raise KeyUnusable(f"The key file {path} exists already; it is never overwritten.") from error
    return path


def protect(path: Path, passphrase: bytes) -> bool:
    """The private key in `path` is encrypted with many rounds. Whether that had to be done now.

    A crash leaves the old file or the new one. Raises KeyUnusable for a file that `passphrase` does not open.
    """
    rounds = _rounds(path)
    if rounds is not None and rounds >= ROUNDS:
        return False
    key = read_private(path, None if rounds is None else passphrase)
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    _write_new(fresh, encrypted_pem(key, passphrase))
    fresh.replace(path)
    _flush_folder(path.parent)
    return True


def protection(path: Path) -> str:
    """How the private key in `path` is protected, in a word or two for people."""
    if not path.exists():
        return "not here"
    rounds = _rounds(path)
    if rounds is None:
        return "plain"
    return f"weak ({rounds} rounds)" if rounds < ROUNDS else f"{rounds} rounds"


def require_protected(path: Path) -> None:
    """Raises KeyUnusable unless guessing the passphrase of `path` costs enough."""
    rounds = _rounds(path)
    if rounds is None or rounds < ROUNDS:
        what = "is not encrypted" if rounds is None else f"is weakly encrypted ({rounds} of {ROUNDS} rounds)"
        raise KeyUnusable(f"The key file {path} {what}; run: licensing keys protect")


def read_private(path: Path, passphrase: bytes | None) -> Ed25519PrivateKey:
    """The private key in `path`; raises KeyUnusable with one clear line."""
    try:
        if path.stat().st_mode & _OTHERS:
            raise KeyUnusable(f"The key file {path} can be read by others; run: chmod 0400 {path}")
        pem = path.read_bytes()
    except FileNotFoundError as error:
        raise KeyUnusable(f"The key file {path} is missing.") from error
    except OSError as error:
        raise KeyUnusable(f"The key file {path} can't be read: {error.strerror}.") from error
    try:
        key = load_pem_private_key(pem, passphrase)
    except TypeError as error:  # cryptography's word for a passphrase that is missing, or given to a plain file
        problem = (
            "is not encrypted, but a passphrase is set (run: licensing keys protect)"
            if passphrase
            else "is encrypted, but no passphrase is set"
        )
        raise KeyUnusable(f"The key file {path} {problem}.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"The key file {path} is damaged, no private key, or its passphrase is wrong.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(f"The key file {path} holds no Ed25519 key.")
    return key


def write_public(path: Path, kid: str, x: bytes) -> None:
    """Writes a public key as a JSON Web Key."""
    write_text(path, json.dumps(jwk(kid, x), indent=2) + "\n")


def read_root_file(path: Path) -> RootKey:
    """The root public key in a JWK file; raises KeyUnusable."""
    try:
        return read_root(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise KeyUnusable(f"The root key file {path} can't be read: {error.strerror}.") from error
    except (ValueError, Unauthentic) as error:
        raise KeyUnusable(f"The file {path} holds no root public key.") from error


def read_relay_file(path: Path) -> RelayKey:
    """The relay's public key in a JWK file; raises KeyUnusable."""
    try:
        return read_relay(json.loads(path.read_text("utf-8")))
    except OSError as error:
        raise KeyUnusable(f"The relay key file {path} can't be read: {error.strerror}.") from error
    except (ValueError, Unauthentic) as error:
        raise KeyUnusable(f"The file {path} holds no public key of a relay.") from error


def private_kids(folder: Path, role: str) -> list[str]:
    """The names of the private keys of `role` in the folder, marked TEST- or not, in order."""
    names = sorted(path.name for path in folder.glob(f"*{role}-*.key.pem"))
    kids = [name.removesuffix(".key.pem") for name in names]
    return [kid for kid in kids if kid.removeprefix(TEST_MARK).startswith(f"{role}-")]


def write_text(path: Path, content: str) -> None:
    """Replaces a file whole: a reader sees the old or the new text, and a crash leaves one of them."""
    _make_folder(path.parent)
    fresh = path.with_name(f".{path.name}.{os.getpid()}-{get_ident()}.new")  # two writers must not share one
    with fresh.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def copy_new(source: Path, path: Path) -> bool:
    """Whether the file is new; one that is there already stays as it is. Its owner alone can read it."""
    _make_folder(path.parent)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400 if path.suffix == ".pem" else 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(source.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    return True


def read_text(path: Path) -> str | None:
    """The text of a file, None where there is none; raises KeyUnusable when it can't be read."""
    try:
        return path.read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"The file {path} can't be read.") from error


def _rounds(path: Path) -> int | None:
    try:
        return rounds_of(path.read_bytes())
    except OSError as error:
        raise KeyUnusable(f"The key file {path} can't be read: {error.strerror}.") from error


def _write_new(path: Path, content: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
