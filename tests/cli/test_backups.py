"""Backup and restore, as an operator types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyrage.x25519 import Identity

from licensing.cli import cli
from licensing.core.errors import BackupRefused


@pytest.fixture
def environment(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation, and a checkpoint of it elsewhere."""
    data = tmp_path / "data"
    shutil.copytree(sqlite_template, data)
    monkeypatch.setenv("LICENSING_DATA_DIR", str(data))
    monkeypatch.setenv("LICENSING_PUBLIC_URL", "https://licenses.example.com")
    (tmp_path / "note").write_text(CliRunner().invoke(cli, ["ledger", "checkpoint"]).stdout)
    return tmp_path


def test_a_backup_is_made_and_restored(environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = Identity.generate()
    (environment / "identity").write_text(f"# created: today\n{identity}\n")
    out = environment / "out.age"

    made = CliRunner().invoke(cli, ["backup", str(out), "--recipient", str(identity.to_public()), "--json"])
    monkeypatch.setenv("LICENSING_DATA_DIR", str(environment / "new"))
    words = ["restore", str(out), "--identity", str(environment / "identity"), "--json"]
    refused = CliRunner().invoke(cli, words)
    restored = CliRunner().invoke(cli, [*words, "--checkpoint", str(environment / "note")])

    assert made.exit_code == 0, made.output
    assert isinstance(refused.exception, BackupRefused)
    assert restored.exit_code == 0, restored.output
    assert json.loads(restored.stdout)["root"] == json.loads(made.stdout)["root"]
    assert json.loads(restored.stdout)["checkpoints"] == 1


def test_a_backup_that_anybody_opens_is_not_made(environment: Path) -> None:
    assert CliRunner().invoke(cli, ["backup", str(environment / "out.age")]).exit_code == 2
