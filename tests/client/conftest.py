"""Fixtures: a scene with a client in Python, and the same in Go where Go is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.scenes import Scene
from tests.support.worlds import make_settings, make_world

GO_CLIENT = Path(__file__).parents[2] / "clients" / "go"


@pytest.fixture(scope="session")
def go_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Go manager's test program, built now."""
    go = shutil.which("go")
    if go is None:
        assert "CI" not in os.environ, "Go is missing, and CI tests the Go client"
        pytest.skip("no Go: install it (https://go.dev) to test the Go client against the server")
    program = tmp_path_factory.mktemp("go") / "e2e"
    subprocess.run([go, "build", "-o", str(program), "./internal/e2e"], cwd=GO_CLIENT, check=True, timeout=300)
    return program


@pytest.fixture(params=["python", "go"])
def scene(request: pytest.FixtureRequest, sqlite_template: Path, tmp_path: Path) -> Iterator[Scene]:
    """A vendor whose server runs, on SQLite; clients are Python's or Go's."""
    program = request.getfixturevalue("go_program") if request.param == "go" else None
    folder = tmp_path / "vendor"
    shutil.copytree(sqlite_template, folder)
    vendor = make_world(make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}"))
    scene = Scene(vendor, tmp_path, program)
    try:
        scene.serve()
        yield scene
    finally:
        scene.close()
        vendor.house.database.close()
