"""`python -m tests.crash.broken [NAME …]`: servers that are broken on purpose each turn the harness red.

A copy is the package with a few words replaced, in a folder of its own. Exits 1 unless every copy was caught.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.crash.parts import RED

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 300

CONNECTIONS, DATABASE, IDEMPOTENCY, LICENSES, LEDGER = (
    "licensing/storage/connections.py",
    "licensing/storage/database.py",
    "licensing/services/idempotency.py",
    "licensing/storage/licenses.py",
    "licensing/storage/ledger.py",
)
_NOT_ASSERTED = {
    DATABASE: {
        "        if wrong:\n            raise SetupRefused(": "        if False:\n            raise SetupRefused("
    }
}


@dataclass(frozen=True, slots=True)
class Broken:
    """What is wrong with a copy, the words that make it so by file, and the part of the harness that must see it."""

    words: Mapping[str, Mapping[str, str]]
    part: str


COPIES = {
    "answer before commit": Broken(
        {
            CONNECTIONS: {
                "            session.end()\n        except": (
                    "            import sys, threading\n"
                    "            if 'serve' in sys.argv:\n"
                    "                threading.Timer(0.2, session.end).start()\n"
                    "                return\n"
                    "            session.end()\n"
                    "        except"
                )
            }
        },
        "database_killed",
    ),
    "no unique key": Broken(
        {
            IDEMPOTENCY: {
                "kept = idempotency.find(session, wish.scope, wish.key)": "kept = None",
                "        idempotency.keep(": "        len or idempotency.keep(",
            }
        },
        "killed",
    ),
    "no row lock": Broken(
        {
            LICENSES: {
                '_LOCK = Prepared(FOUND.where(LicenseRow.id == bindparam("license_id")).with_for_update())': (
                    '_LOCK = Prepared(FOUND.where(LicenseRow.id == bindparam("license_id")))'
                )
            }
        },
        "last_seat",
    ),
    "synchronous_commit off": Broken(_NOT_ASSERTED, "forgetful_database_killed"),
    "leaf outside of the transaction": Broken(
        {
            LEDGER: {
                "    _ADD_LEAF.run(session, idx=index, body=body)\n": (
                    "    with Session(session.get_bind().engine) as other, other.begin():\n"
                    "        _ADD_LEAF.run(other, idx=index, body=body)\n"
                )
            }
        },
        "failing_statements",
    ),
    "settings check removed": Broken(_NOT_ASSERTED, "forgetful_database_refused"),
}


def caught(name: str) -> bool:
    """Whether the harness turned red on the copy."""
    broken = COPIES[name]
    with tempfile.TemporaryDirectory(prefix="licensing-broken-") as folder:
        copy = Path(folder)
        shutil.copytree(ROOT / "licensing", copy / "licensing", ignore=shutil.ignore_patterns("__pycache__"))
        (copy / "tests").symlink_to(ROOT / "tests")
        for file, words in broken.words.items():
            _replace(copy / file, words)
        done = subprocess.run(
            [sys.executable, "-m", "tests.crash.parts", broken.part],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy)},
            check=False,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    said = done.stdout.strip().splitlines()[-1:] or done.stderr.strip().splitlines()[-1:]
    print(f"{name}: {'caught' if done.returncode == RED else 'NOT CAUGHT'} by {broken.part}: {' '.join(said)}")
    return done.returncode == RED


def _replace(file: Path, words: Mapping[str, str]) -> None:
    text = file.read_text("utf-8")
    for old, new in words.items():
        if text.count(old) != 1:
            raise RuntimeError(f"{file.name} no longer has the words to break: {old.strip()[:60]}")
        text = text.replace(old, new)
    file.write_text(text, "utf-8")


def main() -> int:
    """0 when all were caught."""
    names = sys.argv[1:] or list(COPIES)
    count = sum(caught(name) for name in names)
    print(f"{count} of {len(names)} broken copies caught")
    return 0 if count == len(names) else 1


if __name__ == "__main__":
    sys.exit(main())
