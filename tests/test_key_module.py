"""Keys in a hardware module (PKCS#11), proven with SoftHSM: made there, used there, never read out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from licensing.core.checkpoints import read_note
from licensing.core.keys import KeyState, Purpose
from tests.support.worlds import World

LIBRARY = Path("/usr/lib/softhsm/libsofthsm2.so")
pytestmark = pytest.mark.skipif(
    shutil.which("softhsm2-util") is None or not LIBRARY.exists(), reason="SoftHSM is not installed (apt: softhsm2)"
)
PIN = "7391-2846"


SALE = (
    *("licenses", "issue", "--organization", "Acme", "--email", "jane@acme.example", "--name", "Jane"),
    *("--country", "DE", "--seats", "25"),
)


@pytest.fixture
def address(tmp_path: Path) -> str:
    """LICENSING_SIGNER for a fresh token of a module of its own."""
    (tmp_path / "tokens").mkdir()
    (tmp_path / "softhsm2.conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\nlog.level = ERROR\n")
    (tmp_path / "pin").write_text(f"{PIN}\n")
    command = ["softhsm2-util", "--init-token", "--free", "--label", "koor", "--pin", PIN, "--so-pin", "00000000"]
    subprocess.run(command, env=module_settings(tmp_path), check=True, capture_output=True)
    return f"pkcs11:{LIBRARY}?token=koor&pin-file={tmp_path / 'pin'}"


def module_settings(folder: Path) -> dict[str, str]:
    return {"SOFTHSM2_CONF": str(folder / "softhsm2.conf")}


def run(world: World, folder: Path, address: str, *words: str) -> subprocess.CompletedProcess[str]:
    """The command line on the world's installation, its keys in the module: in processes, as the module wants it."""
    settings = world.house.settings
    environment = {
        "LICENSING_DATA_DIR": str(settings.data_dir),
        "LICENSING_DATABASE_URL": settings.database_url,
        "LICENSING_PUBLIC_URL": settings.public_url,
        "LICENSING_SIGNER": address,
        "PYTHONPATH": os.pathsep.join(sys.path),
        **module_settings(folder),
    }
    command = [sys.executable, "-m", "licensing", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_keys_made_in_the_module_sign_licenses_and_checkpoints_and_no_file_has_them(
    world: World, tmp_path: Path, address: str
) -> None:
    files = sorted(world.house.settings.keys_dir.glob("*.key.pem"))
    for purpose in Purpose:
        for step in ("new", "rotate"):
            done = run(world, tmp_path, address, "keys", step, purpose)
            assert done.returncode == 0, done.stderr

    checkpoint = run(world, tmp_path, address, "ledger", "checkpoint")
    listed = run(world, tmp_path, address, "keys", "list", "--json")
    sold = run(world, tmp_path, address, *SALE)

    assert sorted(world.house.settings.keys_dir.glob("*.key.pem")) == files
    active = [key for key in json.loads(listed.stdout)["keys"] if key["state"] == "active"]
    assert {key["private_key"] for key in active} == {"not here"}
    keyring = world.house.key_management.list()
    log = next(key.x for key in keyring if key.purpose is Purpose.LOG and key.state is KeyState.ACTIVE)
    assert read_note(checkpoint.stdout, [log]).size > 0, checkpoint.stderr
    assert sold.returncode == 0, sold.stderr


def test_a_module_without_the_key_or_with_another_pin_is_refused_in_one_line(
    world: World, tmp_path: Path, address: str
) -> None:
    without = run(world, tmp_path, address, "ledger", "checkpoint")
    (tmp_path / "pin").write_text("0000")
    locked = run(world, tmp_path, address, "ledger", "checkpoint")

    assert (without.returncode, locked.returncode) == (1, 1)
    assert "has no key TEST-" in without.stderr
    assert "can't be opened" in locked.stderr
    assert max(without.stderr.count("\n"), locked.stderr.count("\n")) == 1
