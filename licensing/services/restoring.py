"""Restoring a backup into an empty installation: proved against what was published of the ledger, or not at all.

A backup that is older than what was published is a rollback: sales, revocations and refunds would be forgotten, and
licenses of the lost time look forged. It is restored only when two people accept it, and the ledger says so for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from licensing.core import backups as parts
from licensing.core.alarms import AlarmKind
from licensing.core.backups import Manifest
from licensing.core.checkpoints import Checkpoint, read_note
from licensing.core.errors import BackupRefused, LedgerBroken, Unauthentic
from licensing.core.keys import Purpose, RootKey, open_statement
from licensing.core.ledger import NOTHING_SIGNED, Kind, Tree
from licensing.services.dual_control import DualControl, Person
from licensing.services.issuing import NOBODY, Deed, recorded
from licensing.storage import alarms, archives, backups, keyfiles, ledger, revocations, schema
from licensing.storage.database import Database, without_time_limit
from licensing.storage.postgres_tools import PostgresTools
from licensing.storage.scratch import scratch
from licensing.storage.sealing import Opener
from licensing.system import System

CHUNK = 5_000


@dataclass(frozen=True, slots=True)
class Rollback:
    """What a restore would lose: the ledger had `published` leaves, the backup has `restored`, the last of that day."""

    restored: int
    published: int
    last_leaf_at: datetime


Accept = Callable[[Rollback], Sequence[Person]]
"""Asks for the people who accept a rollback; nobody refuses it."""


@dataclass(frozen=True, slots=True)
class Target:
    """The empty installation. `url` is that of a role that may make tables, `service_role` that of the server."""

    url: str
    service_role: str | None
    data: Path
    keys: Path
    high_water: Path
    roots: Callable[[Path], list[RootKey]]


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, how many outside checkpoints it was proved against, and the rollback that was accepted."""

    manifest: Manifest
    checkpoints: int
    rollback: Rollback | None


class Restoring:
    """Restores one backup."""

    def __init__(self, target: Target, tools: PostgresTools, system: System, accept: Accept) -> None:
        self._target = target
        self._tools = tools
        self._system = system
        self._accept = accept

    def restore(self, file: Path, opens: Opener, notes: Sequence[tuple[str, str]], *, unproved: bool) -> Restored:
        """The backup is installed. `notes` are checkpoints that were kept elsewhere; `unproved` does without any.

        Raises BackupRefused, LedgerBroken, SignInRefused, SetupRefused; then nothing is installed.
        """
        backups.require_empty(self._target.url)
        with scratch(self._target.data) as folder:
            opens(file, folder / "opened")
            manifest = archives.unpack(folder / "opened", folder)
            (folder / "opened").unlink()
            if manifest.engine != backups.engine_of(self._target.url):
                raise BackupRefused(f"The backup is of {manifest.engine}; LICENSING_DATABASE_URL is of another.")
            outside = self._outside(folder, notes)
            if not outside and not unproved:
                raise BackupRefused(
                    "Nothing tells how large the ledger was: give a checkpoint that was kept elsewhere."
                )
            with backups.loaded(self._target.url, self._tools, folder / parts.DATABASE) as database:
                rollback = self._install(database, manifest, outside, folder)
            self._lay_high_water(folder, rollback)
            backups.put_in_place(folder / parts.DATABASE, self._target.url)
        return Restored(manifest, len(outside), rollback)

    def _outside(self, folder: Path, notes: Sequence[tuple[str, str]]) -> list[Checkpoint]:
        """The checkpoints that were kept outside of the backup. Raises LedgerBroken for one that isn't ours."""
        here = keyfiles.read_text(self._target.high_water)
        named = [*notes, *([("the high-water file", f"{here}\n")] if here is not None else [])]
        if not named:
            return []
        log_keys = self._log_keys(folder)
        return [_read(name, note, log_keys) for name, note in named]

    def _log_keys(self, folder: Path) -> list[bytes]:
        """The public log keys: by the installation's key statement, or else by the backup's."""
        for keys in (self._target.keys, folder / parts.KEYS):
            statement = keyfiles.read_text(keys / keyfiles.STATEMENT)
            if statement is not None:
                try:
                    keyring = open_statement(statement, self._target.roots(keys))
                except Unauthentic as error:
                    raise BackupRefused(f"The key statement can't be used: {error.detail}") from error
                return [key.x for key in keyring.keys if key.purpose is Purpose.LOG]
        raise BackupRefused("There is no key statement to read checkpoints by.")

    def _install(
        self, database: Database, manifest: Manifest, outside: Sequence[Checkpoint], folder: Path
    ) -> Rollback | None:
        """All of it in one transaction: until it ends, no server takes the database for one of its own."""
        with database.joined() as session:
            without_time_limit(session)
            backups.stamp(session, manifest.revision)
            differs = parts.difference(manifest.snapshot, backups.snapshot_of(session))
            if differs is not None:
                raise BackupRefused(f"The backup restores to {differs}.")
            rollback = _prove(session, manifest, outside)
            schema.upgrade(database, self._target.service_role)
            if rollback is not None:
                self._record(session, rollback, self._accepted(database, rollback))
            revocations.skip(session, self._system.now())
            for path in sorted((folder / parts.KEYS).glob("*")):
                keyfiles.copy_new(path, self._target.keys / path.name)
        return rollback

    def _accepted(self, database: Database, rollback: Rollback) -> list[str]:
        """The ids of the two people who accept; raises BackupRefused, SignInRefused."""
        ids = sorted(DualControl(database, self._system).proved(self._accept(rollback)))
        if len(ids) < 2:
            raise BackupRefused(
                f"The backup has {rollback.restored} leaves, but a checkpoint of {rollback.published} was published."
                " Look for a newer backup. To lose that time, two people must accept it (--accept-rollback)."
            )
        return ids

    def _record(self, session: Session, rollback: Rollback, accepted_by: Sequence[str]) -> None:
        """A leaf and an alarm tell of the rollback."""
        now = self._system.now()
        details: dict[str, str | int | None] = {
            "restored": rollback.restored,
            "published": rollback.published,
            **{f"accepted_by_{number}": id for number, id in enumerate(accepted_by, 1)},
        }
        deed = Deed(Kind.ROLLED_BACK, accepted_by[0], rollback.last_leaf_at, details)
        serial, salt = self._system.new_serial(), self._system.new_salt()
        ledger.append(session, recorded(deed, NOBODY, serial, NOTHING_SIGNED, NOTHING_SIGNED, salt, now))
        alarms.ring(session, AlarmKind.ROLLED_BACK, f"{rollback.restored}-{rollback.published}", now)

    def _lay_high_water(self, folder: Path, rollback: Rollback | None) -> None:
        """The high-water file that is there stays, unless it tells of the time that was given up: then it is put aside.

        Last of all: a server that starts before is not ready, and signs no checkpoint.
        """
        place = self._target.high_water
        if rollback is not None and place.exists():
            place.rename(place.with_name(f"{place.name}.{rollback.published}"))
        if (folder / parts.HIGH_WATER).exists():
            keyfiles.copy_new(folder / parts.HIGH_WATER, place)


def _read(name: str, note: str, log_keys: Sequence[bytes]) -> Checkpoint:
    try:
        return read_note(note, log_keys)
    except LedgerBroken as error:
        raise LedgerBroken(f"{name}: {error.detail}") from error


def _prove(session: Session, manifest: Manifest, outside: Sequence[Checkpoint]) -> Rollback | None:
    """How much older the ledger is than what was published, None if it is not.

    The tree is built anew from the leaves, and must have each root that was published. Raises LedgerBroken.
    """
    wanted: dict[int, set[bytes]] = {manifest.size: {bytes.fromhex(manifest.root)}}
    for each in outside:
        wanted.setdefault(each.size, set()).add(each.root)
    tree, last = Tree(), b""
    _compare(tree, wanted)
    while chunk := ledger.leaves(session, tree.size, CHUNK):
        for _, last in chunk:
            tree.add(last)
            _compare(tree, wanted)
    published = max((each.size for each in outside), default=0)
    if published <= tree.size:
        return None
    seconds = int(last.split(b"\n")[3]) if last else 0
    return Rollback(tree.size, published, datetime.fromtimestamp(seconds, UTC))


def _compare(tree: Tree, wanted: Mapping[int, set[bytes]]) -> None:
    if tree.size in wanted and wanted[tree.size] != {tree.root()}:
        raise LedgerBroken(f"The backup's first {tree.size} leaves are not those that were published.")
