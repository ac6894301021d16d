"""The verifier needs nothing but `cryptography`: a client must not inherit a server."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

IMPORTED_BY = """
import json, sys
before = set(sys.modules)
import {module}
print(json.dumps(sorted(set(sys.modules) - before)))
"""
ONLY_CRYPTOGRAPHY = """
import sys

class Refuser:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in sys.stdlib_module_names | {"cryptography", "cffi", "_cffi_backend", "_openssl", "licensing"}:
            raise ImportError(f"{name} is not installed on this client")

sys.meta_path.insert(0, Refuser())
from licensing.verifier import Reason, TRUSTED_ROOTS, Unauthentic, open_license_file
try:
    open_license_file("no license file", TRUSTED_ROOTS)
except Unauthentic as error:
    print(error.reason)
"""
ALLOWED = {"cryptography", "cffi", "_cffi_backend", "_openssl", "licensing"}
"""`cffi` is what cryptography stands on, `_openssl` a part of its own extension module."""


def run(program: str) -> str:
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def imported_by(module: str) -> set[str]:
    names: Any = json.loads(run(IMPORTED_BY.replace("{module}", module)))
    return set(names)


def test_the_verifier_imports_nothing_but_the_standard_library_and_cryptography() -> None:
    modules = {name.partition(".")[0] for name in imported_by("licensing.verifier")}

    assert modules - sys.stdlib_module_names <= ALLOWED
    assert {"cryptography", "licensing"} <= modules


def test_the_verifier_imports_no_other_room_than_the_core() -> None:
    rooms = {name.split(".")[1] for name in imported_by("licensing.verifier") if name.startswith("licensing.")}

    assert rooms == {"core", "verifier"}


def test_the_measure_sees_what_a_server_would_bring() -> None:
    assert "flask" in imported_by("flask")


def test_the_verifier_works_where_nothing_else_is_installed() -> None:
    assert run(ONLY_CRYPTOGRAPHY).strip() == "BAD_FILE"
