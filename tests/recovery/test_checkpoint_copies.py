"""Checkpoints are copied out of reach, each once, and the audit proves the ledger by every copy."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from licensing.core.errors import LedgerBroken, SetupRefused
from licensing.services.checkpoint_copies import notes_in
from licensing.settings import Settings
from tests.support.worlds import World, make_world, sell
from tests.test_audit import as_administrator


@pytest.fixture
def copying(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world that copies its checkpoints."""
    world = make_world(replace(settings, checkpoint_copy=tmp_path_factory.mktemp("elsewhere")))
    yield world
    world.house.database.close()


def folder(world: World) -> Path:
    assert world.house.settings.checkpoint_copy is not None
    return world.house.settings.checkpoint_copy


def sold_and_told(world: World) -> None:
    """A sale, and the round of the worker after it."""
    sell(world)
    world.clock.advance(minutes=1)
    world.house.worker.tick()


def alarms(world: World) -> list[object]:
    return [row[0] for row in world.rows()["alarm"]]


def test_each_checkpoint_is_copied_once_and_the_audit_proves_the_ledger_by_all(copying: World) -> None:
    for _ in range(3):
        sold_and_told(copying)
    copying.clock.advance(minutes=1)
    copying.house.worker.tick()

    notes = notes_in(folder(copying))
    assert [note.split("\n")[1] for _, note in notes] == ["5", "6", "7"]
    assert copying.house.audit.run(outside=notes).findings == []


def test_a_ledger_rewritten_inside_is_found_by_the_copies(copying: World) -> None:
    sold_and_told(copying)
    serial = copying.house.ledger.page(None, None, 1)[0].issuance.serial
    as_administrator(
        copying,
        "DELETE FROM ledger_checkpoint",
        f"DELETE FROM issuance WHERE serial = '{serial}'",
        "DELETE FROM ledger_node WHERE level = 0 AND idx = 4",
        "DELETE FROM ledger_leaf WHERE idx = 4",
    )
    (copying.house.settings.data_dir / "ledger.highwater").unlink()

    findings = copying.house.audit.run(outside=notes_in(folder(copying))).findings
    with pytest.raises(LedgerBroken):
        copying.house.checkpoint_copies.keep()

    assert "leaves 4 to 4: published, and gone" in findings
    assert alarms(copying) == ["ledger-contradicts-copy"]


def test_a_note_that_is_not_ours_is_a_finding(copying: World) -> None:
    sold_and_told(copying)
    name, note = notes_in(folder(copying))[0]

    findings = copying.house.audit.run(outside=[(name, note.replace("\n5\n", "\n6\n"))]).findings

    assert findings == [f"checkpoint in {name}: The checkpoint is not signed by the log key."]


def test_a_folder_that_can_not_be_written_rings(copying: World) -> None:
    folder(copying).rmdir()

    with pytest.raises(SetupRefused, match="can't be used"):
        copying.house.checkpoint_copies.keep()

    assert alarms(copying) == ["checkpoint-not-copied"]


def test_a_copy_is_never_overwritten(copying: World) -> None:
    sold_and_told(copying)
    (path,) = folder(copying).iterdir()
    path.chmod(0o600)
    path.write_bytes(b"damaged")

    with pytest.raises(LedgerBroken):
        copying.house.checkpoint_copies.keep()

    assert path.read_bytes() == b"damaged"
