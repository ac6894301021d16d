"""The distribution: a bare install brings cryptography and the verifier, the `server` extra everything else."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_a_bare_install_requires_cryptography_alone(wheel: zipfile.ZipFile) -> None:
    metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
    required = [line for line in wheel.read(metadata).decode().splitlines() if line.startswith("Requires-Dist")]

    bare = [line for line in required if "extra ==" not in line]

    assert len(bare) == 1
    assert bare[0].startswith("Requires-Dist: cryptography")


def test_the_wheel_holds_templates_styles_and_migrations_and_no_tests(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())

    for needed in (
        "web/templates/page.html",
        "web/static/app.css",
        "storage/migrations/versions/0001_first_schema.py",
    ):
        assert f"licensing/{needed}" in names
    assert all(name.startswith(("licensing/", "koor_licensing-")) for name in names)


def test_the_lock_names_no_address_and_every_direct_dependency() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert "://" not in lock
    for extra in ("server", "dev"):
        for requirement in project["optional-dependencies"][extra]:
            name = requirement.partition(">")[0].partition("[")[0]
            assert f"\n{name}==" in f"\n{lock}"
