"""What is counted and not timed: the tests that prove it, run anew, with what they say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROOFS = {
    "last seat: 150 rounds × 12 clients on each database, one winner a round, no 5xx": "tests/test_last_seat.py",
    "more than 40,000 hostile tokens: none accepted, no stray exception": "tests/core/test_hostile_tokens.py",
    "same Idempotency-Key: 100 keys × 50 parallel on each database, 100 licenses": "tests/test_same_key.py",
    "batch killed 5 × with SIGKILL on each database, 3,000 lines: none lost or doubled": "tests/test_batch_kill.py",
    "rights: every route × role × owner": "tests/web/test_access.py",
    "PyJWT and joserfc verify our licenses through the key set": "tests/verifier/test_witnesses.py",
}


def rows() -> list[tuple[str, bool]]:
    """A row of the table for each proof, and whether it held."""
    return [_row(what, path) for what, path in PROOFS.items()]


def _row(what: str, path: str) -> tuple[str, bool]:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    outcome = done.stdout.strip().rpartition("\n")[2].partition(" in ")[0]
    return f"| {what} | {outcome} | {'yes' if done.returncode == 0 else '**no**'} |", done.returncode == 0
