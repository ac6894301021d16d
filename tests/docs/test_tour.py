"""The README's tour, run as it is written, against a server as it is started."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.servers import running_server

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def tour() -> str:
    """The shell block of the section on the tour."""
    section = README.partition("## The tour")[2].partition("\n## ")[0]
    block = re.search(r"^```sh\n(.*?)^```", section, re.M | re.S)
    assert block is not None
    return block[1]


def test_the_readme_starts_with_the_two_commands() -> None:
    opening = README.partition("## The tour")[0]

    assert "make run " in opening
    assert "make test " in opening


def test_the_tour_works_as_it_is_written(tmp_path: Path) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "licensing").symlink_to(Path(sys.executable).parent / "licensing")

    with running_server(tmp_path / "var") as server:
        script = tour().replace("http://127.0.0.1:8080", server.url)
        shell = shutil.which("sh") or "sh"
        done = subprocess.run([shell, "-eu"], input=script, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    verified, _, checked_in = done.stdout.partition('"code"')
    assert re.search(r"^code +VALID$", verified, re.M)
    assert '"code": "VALID"\n"unlicensed_nodes": []' in '"code"' + checked_in
    assert '"code": "OVER_LIMIT"\n"unlicensed_nodes": ["e"]' in checked_in
    assert re.search(r"^amount minor +3000000$", done.stdout, re.M)
    assert re.search(r"^support +business$", done.stdout, re.M)
