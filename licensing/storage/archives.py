"""The tar archive that a backup is, before it is closed and after it was opened."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterable
from pathlib import Path

from licensing.core.backups import DATABASE, ENCRYPTED_KEY, HIGH_WATER, KEYS, MANIFEST, Manifest, read_manifest
from licensing.core.errors import BackupRefused
from licensing.storage import keyfiles

_PUBLIC_KEY_FILES = ("*.jwk", keyfiles.STATEMENT, keyfiles.UNSIGNED_STATEMENT)


def digest(path: Path) -> str:
    """SHA-256 hex of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def parts(database: Path, high_water: Path, keys: Path) -> tuple[dict[str, Path], tuple[str, ...]]:
    """What goes into a backup, by its name there; and the private keys that are not encrypted, which stay out."""
    found = {DATABASE: database}
    if high_water.exists():
        found[HIGH_WATER] = high_water
    private = sorted(keys.glob("*.key.pem"))
    closed = [path for path in private if path.read_bytes().startswith(ENCRYPTED_KEY)]
    public = (path for pattern in _PUBLIC_KEY_FILES for path in sorted(keys.glob(pattern)))
    found.update((f"{KEYS}{path.name}", path) for path in (*public, *closed))
    return found, tuple(path.name for path in private if path not in closed)


def pack(archive: Path, manifest: Path, members: Iterable[tuple[str, Path]]) -> None:
    """The archive is new, and has the manifest first."""
    with tarfile.open(archive, "x") as tar:
        for name, path in ((MANIFEST, manifest), *members):
            tar.add(path, name, recursive=False)


def unpack(archive: Path, folder: Path) -> Manifest:
    """The archive's files are in `folder`, and each is what the manifest says. Raises BackupRefused."""
    try:
        with tarfile.open(archive, "r:") as tar:
            tar.extractall(folder, filter="data")
    except (tarfile.TarError, OSError) as error:
        raise BackupRefused("The file holds no backup of this product.") from error
    named = folder / MANIFEST
    manifest = read_manifest(named.read_bytes() if named.is_file() else b"")
    for name, expected in manifest.parts.items():
        part = folder / name
        if not part.resolve().is_relative_to(folder.resolve()) or not part.is_file() or digest(part) != expected:
            raise BackupRefused(f"The backup is damaged: {name} is not what its manifest says.")
    return manifest
