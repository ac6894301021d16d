"""A backup is whole, closed, private and verified; or there is none."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from pyrage.x25519 import Identity

from licensing.core.errors import BackupRefused
from licensing.storage import archives, backups, sealing
from licensing.storage.backups import snapshot_of
from tests.recovery.sites import Site
from tests.support.worlds import sell


def left_behind(site: Site) -> list[str]:
    """What is in the data folder beside what is always there."""
    return [path.name for path in site.world.house.settings.data_dir.glob(".scratch-*/")]


def test_a_backup_opens_for_its_recipient_and_names_what_is_in_it(site: Site, tmp_path: Path) -> None:
    sell(site.world)
    file = site.back_up()

    sealing.identities(str(site.identity))(file, tmp_path / "opened")
    (tmp_path / "place").mkdir()
    manifest = archives.unpack(tmp_path / "opened", tmp_path / "place")

    with site.world.house.database.read() as session:
        assert manifest.snapshot == snapshot_of(session)
    assert (manifest.size, stat.S_IMODE(file.stat().st_mode)) == (1 + 4, 0o600)
    assert set(manifest.parts) == {"database", "keys/root.jwk", "keys/statement.jwt"}
    assert len(manifest.left_out) == 4, "keys that are not encrypted stay out"
    assert left_behind(site) == []


def test_a_backup_is_closed_to_everybody_else(site: Site, tmp_path: Path) -> None:
    file = site.back_up()

    with pytest.raises(BackupRefused, match="does not open"):
        sealing.identities(str(Identity.generate()))(file, tmp_path / "opened")

    assert b"license" not in file.read_bytes()


def test_a_backup_overwrites_nothing(site: Site) -> None:
    file = site.back_up()
    before = file.read_bytes()

    with pytest.raises(BackupRefused, match="there already"):
        site.back_up()

    assert file.read_bytes() == before


def test_a_backup_that_does_not_restore_as_it_was_is_none(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    real = backups.stamp
    monkeypatch.setattr(backups, "stamp", lambda session, revision: real(session, "0001"))

    with pytest.raises(BackupRefused, match="restores to"):
        site.back_up()

    assert list((site.empty.data_dir.parent / "elsewhere").iterdir()) == []
    assert left_behind(site) == []


def test_what_a_crash_left_behind_goes_with_the_next_backup(site: Site) -> None:
    left = site.world.house.settings.data_dir / ".scratch-crashed"
    left.mkdir()
    (left / "database").write_bytes(b"plain")

    site.back_up()

    assert left_behind(site) == []


def test_a_passphrase_closes_a_backup_too(site: Site, tmp_path: Path) -> None:
    seal = sealing.with_passphrase("a long passphrase")
    file = site.world.house.backups.make(tmp_path / "backup.age", seal).file

    sealing.with_passphrase("a long passphrase").open(file, tmp_path / "opened")
    with pytest.raises(BackupRefused, match="does not open"):
        sealing.with_passphrase("another").open(file, tmp_path / "again")

    (tmp_path / "place").mkdir()
    assert archives.unpack(tmp_path / "opened", tmp_path / "place").size == 4
