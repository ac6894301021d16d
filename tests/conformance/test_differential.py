"""A short run of the comparison, and the Go module's own checks, wherever Go is installed."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from licensing.core.roots import TRUSTED_ROOTS
from tests.conformance.differential import CLIENT, disagreements

CASES = 5_000
SEED = 20_260_101


@pytest.fixture(autouse=True)
def go() -> None:
    """Skips without Go, but fails where CI is set: there the comparison must not be missing unseen."""
    if shutil.which("go"):
        return
    if os.environ.get("CI"):
        pytest.fail("CI is set, and Go is not installed: the Go client was not compared.")
    pytest.skip("Go is not installed: THE GO CLIENT WAS NOT COMPARED WITH PYTHON.")


def test_python_and_go_give_the_same_answers() -> None:
    found, outcomes = disagreements(CASES, SEED)

    assert found == []
    assert sum(outcomes.values()) == CASES


@pytest.mark.parametrize("command", [["go", "test", "-count=1", "./..."], ["go", "vet", "./..."]])
def test_the_go_client_passes_its_own_tests(command: list[str]) -> None:
    done = subprocess.run(command, cwd=CLIENT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_go_client_is_formatted() -> None:
    done = subprocess.run(["gofmt", "-l", "."], cwd=CLIENT, capture_output=True, text=True, check=True)

    assert done.stdout == ""


def test_go_and_python_are_built_with_the_same_roots() -> None:
    text = (CLIENT / "license" / "roots.go").read_text("utf-8")

    assert all(root.kid in text for root in TRUSTED_ROOTS)
    assert ("var trustedRoots []RootKey\n" in text) == (TRUSTED_ROOTS == ())
