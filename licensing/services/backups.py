"""Backups: made while the server runs, and restored once in a scratch place before they are called made."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from licensing import __version__
from licensing.core.backups import DATABASE, FORMAT, MANIFEST, Manifest, Snapshot, difference, write_manifest
from licensing.core.errors import BackupRefused
from licensing.storage import archives, backups
from licensing.storage.database import Database
from licensing.storage.postgres_tools import PostgresTools
from licensing.storage.scratch import scratch
from licensing.storage.sealing import Seal


@dataclass(frozen=True, slots=True)
class Made:
    """A backup, and the SHA-256 of its file."""

    file: Path
    sha256: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Places:
    """Where an installation keeps what a backup holds. `url` is that of a role that may read, and make databases."""

    url: str
    data: Path
    keys: Path
    high_water: Path


class Backups:
    """Makes backups of one installation."""

    def __init__(self, database: Database, places: Places, tools: PostgresTools, now: Callable[[], datetime]) -> None:
        self._database = database
        self._places = places
        self._tools = tools
        self._now = now

    def make(self, out: Path, seal: Seal) -> Made:
        """The new file `out`, whole or not at all; it was opened and restored, and is what the database was.

        Raises BackupRefused, SetupRefused.
        """
        _require_new(out)
        with scratch(self._places.data) as folder:
            manifest = self._pack(folder)
            closed = out.with_name(f".{out.name}.{os.getpid()}.new")
            try:
                seal.close(folder / "archive", closed)
                (folder / "archive").unlink()
                sha256 = archives.digest(closed)
                self._verify(seal, closed, folder, manifest)
                _publish(closed, out, sha256)
            finally:
                closed.unlink(missing_ok=True)
        return Made(out, sha256, manifest)

    def _pack(self, folder: Path) -> Manifest:
        database = folder / DATABASE
        found = backups.dump(self._database, self._places.url, self._tools, database)
        members, left_out = archives.parts(database, self._places.high_water, self._places.keys)
        manifest = self._manifest(found, {name: archives.digest(path) for name, path in members.items()}, left_out)
        (folder / MANIFEST).write_bytes(write_manifest(manifest))
        archives.pack(folder / "archive", folder / MANIFEST, members.items())
        database.unlink()
        return manifest

    def _manifest(self, found: Snapshot, parts: dict[str, str], left_out: tuple[str, ...]) -> Manifest:
        made_at, engine = int(self._now().timestamp()), backups.engine_of(self._places.url)
        return Manifest(FORMAT, __version__, made_at, engine, **asdict(found), parts=parts, left_out=left_out)

    def _verify(self, seal: Seal, closed: Path, folder: Path, manifest: Manifest) -> None:
        """Raises BackupRefused unless the closed file opens, and restores to what was packed."""
        opened = folder / "opened"
        seal.open(closed, opened)
        place = folder / "restored"
        place.mkdir(mode=0o700)
        if archives.unpack(opened, place) != manifest:
            raise BackupRefused("The backup does not open as what was packed; it was thrown away.")
        with (
            backups.scratch_database(self._places.url, place) as url,
            backups.loaded(url, self._tools, place / DATABASE) as restored,
            restored.write() as session,
        ):
            backups.stamp(session, manifest.revision)
            differs = difference(manifest.snapshot, backups.snapshot_of(session))
        if differs is not None:
            raise BackupRefused(f"The backup restores to {differs}; it was thrown away.")


def _require_new(out: Path) -> None:
    if out.exists():
        raise BackupRefused(f"{out} is there already; a backup never overwrites one.")
    if not out.parent.is_dir():
        raise BackupRefused(f"There is no folder {out.parent}.")


def _publish(closed: Path, out: Path, sha256: str) -> None:
    """The file has its name, and is on the disk as it was closed. A link, not a rename: it never overwrites."""
    with closed.open("rb") as file:
        os.fsync(file.fileno())
    if archives.digest(closed) != sha256:
        raise BackupRefused("The backup changed while it was verified; it was thrown away.")
    try:
        os.link(closed, out)
    except FileExistsError as error:
        raise BackupRefused(f"{out} is there already; a backup never overwrites one.") from error
    folder = os.open(out.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
