"""Closing a file with age, and opening it again.

Whoever makes a backup has no identity that opens it. So a second recipient is made for the moment, known to this
process alone: with it the closed file is opened once more and looked at, before the process forgets it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyrage
from pyrage import passphrase as scrypt
from pyrage import x25519

from licensing.core.errors import BackupRefused

Opener = Callable[[Path, Path], None]
"""Opens the closed file into a new one; raises BackupRefused."""


@dataclass(frozen=True, slots=True)
class Seal:
    """`close` writes the first file encrypted into the second, which is new; `open` undoes it."""

    close: Callable[[Path, Path], None]
    open: Opener


def for_recipients(names: Sequence[str]) -> Seal:
    """A seal that only who has an identity of `names` (`age1…`) opens. Raises BackupRefused."""
    try:
        recipients = [x25519.Recipient.from_str(name.strip()) for name in names]
    except pyrage.RecipientError as error:
        raise BackupRefused("A recipient is a public key as age-keygen prints it: age1…") from error
    own = x25519.Identity.generate()

    def close(source: Path, sealed: Path) -> None:
        with source.open("rb") as reading, new_file(sealed) as writing:
            pyrage.encrypt_io(reading, writing, [*recipients, own.to_public()])

    return Seal(close, _opener([own]))


def with_passphrase(secret: str) -> Seal:
    """A seal that opens with a passphrase. The file is in memory at once, so it is for small installations."""

    def close(source: Path, sealed: Path) -> None:
        with new_file(sealed) as writing:
            writing.write(scrypt.encrypt(source.read_bytes(), secret))

    def opens(sealed: Path, out: Path) -> None:
        try:
            content = scrypt.decrypt(sealed.read_bytes(), secret)
        except pyrage.DecryptError as error:
            raise BackupRefused("The backup does not open: another passphrase, or a damaged file.") from error
        with new_file(out) as writing:
            writing.write(content)

    return Seal(close, opens)


def identities(text: str) -> Opener:
    """What opens with the identities in a file of age-keygen. Raises BackupRefused."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    try:
        found = [x25519.Identity.from_str(line) for line in lines]
    except pyrage.IdentityError as error:
        raise BackupRefused("The identity file holds no AGE-SECRET-KEY-1… of age-keygen.") from error
    return _opener(found)


def new_file(path: Path):  # type: ignore[no-untyped-def]  # the type of os.fdopen depends on its words
    """A file that was not there, for its owner alone, to write bytes into."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _opener(known: Sequence[x25519.Identity]) -> Opener:
    def opens(sealed: Path, out: Path) -> None:
        try:
            with sealed.open("rb") as reading, new_file(out) as writing:
                pyrage.decrypt_io(reading, writing, known)
        except (pyrage.DecryptError, OSError) as error:
            raise BackupRefused("The backup does not open: another identity, or a damaged file.") from error

    return opens
