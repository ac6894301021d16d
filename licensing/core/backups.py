"""Backups: what is in one, and what its manifest says.

A backup is a tar archive, encrypted with age (https://age-encryption.org/v1). Its members, in this order:

    manifest.json       of everything below, its SHA-256
    database            a whole SQLite database, or a dump in the custom format of PostgreSQL's pg_dump
    ledger.highwater    the checkpoint kept outside of the database, where there is one
    keys/<file>         the key statement, public keys, and those private keys that are encrypted where they lie

A private key that is not encrypted stays out, and is named in `left_out`: a backup is no place to learn it from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from licensing.core.errors import BackupRefused

FORMAT = "koor-licensing-backup/1"
MANIFEST, DATABASE, HIGH_WATER, KEYS = "manifest.json", "database", "ledger.highwater", "keys/"
ENCRYPTED_KEY = b"-----BEGIN ENCRYPTED PRIVATE KEY-----"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a database holds at one moment: the schema's revision, the ledger's size and root, each table's rows."""

    revision: str
    size: int
    root: str
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup says of itself. `engine` is `sqlite` or `postgresql`, `made_at` Unix seconds."""

    format: str
    product: str
    made_at: int
    engine: str
    revision: str
    size: int
    root: str
    rows: Mapping[str, int]
    parts: Mapping[str, str]
    left_out: tuple[str, ...]

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(self.revision, self.size, self.root, self.rows)


def write_manifest(manifest: Manifest) -> bytes:
    """The text of manifest.json."""
    return f"{json.dumps(asdict(manifest), indent=2)}\n".encode()


def read_manifest(text: bytes) -> Manifest:
    """The manifest in manifest.json; raises BackupRefused."""
    try:
        members: dict[str, Any] = json.loads(text)
        found = Manifest(**{**members, "left_out": tuple(members["left_out"])})
    except (ValueError, TypeError, KeyError) as error:
        raise BackupRefused("The file holds no backup of this product.") from error
    if found.format != FORMAT:
        raise BackupRefused(f"The backup has the format {found.format!r}; this version reads {FORMAT!r}.")
    return found


def difference(expected: Snapshot, found: Snapshot) -> str | None:
    """How what was restored differs from what was to be; None when it does not."""
    if (expected.revision, expected.size, expected.root) != (found.revision, found.size, found.root):
        return f"a ledger of {found.size} leaves at {found.revision}, not of {expected.size} at {expected.revision}"
    for table in sorted(expected.rows.keys() | found.rows.keys()):
        if expected.rows.get(table) != found.rows.get(table):
            return f"{found.rows.get(table, 0)} rows of {table}, not {expected.rows.get(table, 0)}"
    return None
