"""The client as a customer installs it: the built wheel and what it depends on, in an environment of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path
from types import TracebackType
from typing import Any, Self

SOURCE = Path(__file__).parents[2]
PROGRAM = Path(__file__).with_name("client.py")
DEPENDENCIES = ("cryptography", "cffi", "pycparser")
INSTALLED = """
import importlib.metadata, importlib.util, json
names = sorted(dist.name for dist in importlib.metadata.distributions())
print(json.dumps([names, importlib.util.find_spec("flask") is None, importlib.util.find_spec("licensing").origin]))
"""


def installed_client(folder: Path) -> Path:
    """The interpreter of a fresh environment with our wheel and its dependencies, and nothing else."""
    environment = folder / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    [packages] = environment.glob("lib/python*/site-packages")
    for name in DEPENDENCIES:
        _copy(name, packages)
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(SOURCE))
    [wheel] = folder.glob("*.whl")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python))
    _run(*pip, "install", "--quiet", "--no-index", str(wheel))
    _require_nothing_else(python, packages)
    return python


class OfflineClient:
    """The client program, running: one JSON line asks, one answers. Its memory is in files, not in the process."""

    def __init__(self, python: Path) -> None:
        self._process = subprocess.Popen(
            [python, "-I", "-W", "error", PROGRAM], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    def ask(self, **request: object) -> Any:
        """The client's answer."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the client has no pipes")
        self._process.stdin.write(f"{json.dumps(request)}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the client program has ended")
        return json.loads(line)


def _copy(name: str, packages: Path) -> None:
    """The installed package `name`, as it is here: nothing is downloaded."""
    for file in distribution(name).files or ():
        source = Path(str(file.locate()))
        if ".." not in file.parts and source.exists() and source.suffix != ".pyc":
            (packages / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, packages / file)


def _require_nothing_else(python: Path, packages: Path) -> None:
    names, without_flask, origin = json.loads(_run(str(python), "-I", "-c", INSTALLED))
    if names != sorted(["koor-licensing", *DEPENDENCIES]) or not without_flask:
        raise RuntimeError(f"the client's environment is not empty: {names}")
    if packages not in Path(origin).parents:
        raise RuntimeError(f"the client does not import the wheel but {origin}")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout
