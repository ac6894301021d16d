"""A batch that is killed again and again ends with one license, leaf and mail a line: none lost, none doubled."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from licensing.settings import Settings
from tests.support.worlds import World

LINES, CHUNK = 3_000, 100
KILLS = ((0, 1.5), (2, 0.02), (4, 0.05), (3, 0.09), (5, 0.14))
"""After how many chunks of its own a run is killed, and how many seconds later: before, in and between transactions."""
HEADER = "organization,country,email,name,seats,months,order_number"


def test_a_batch_that_is_killed_goes_on_where_it_stood(world: World, tmp_path: Path) -> None:
    file, leaves = tmp_path / "orders.csv", len(world.rows()["ledger_leaf"])
    lines = [f"Buyer {n} AG,DE,it@buyer-{n}.example,,{1 + n % 300},12,PO-{n}" for n in range(LINES)]
    file.write_text("\n".join([HEADER, *lines, ""]))

    for chunks, seconds in KILLS:
        _run_and_kill(world.house.settings, file, chunks, seconds)
    finished = _start(world.house.settings, file)
    _, told = finished.communicate()

    assert finished.returncode == 0, told
    rows = world.rows()
    orders = [f"PO-{n}" for n in range(LINES)]
    assert Counter(str(value) for row in rows["issuance"] for value in row if _is_order(value)) == Counter(orders)
    assert {len(rows[table]) for table in ("license", "license_token", "outbox", "contact")} == {LINES}
    assert len(rows["ledger_leaf"]) == leaves + LINES
    recipients = {str(row[1]) for row in rows["outbox"]}
    assert recipients == {f"it@buyer-{n}.example" for n in range(LINES)}
    report = world.house.audit.run()
    assert (report.findings, report.licenses) == ([], LINES)


def _start(settings: Settings, file: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LICENSING_")}
    environment |= {"LICENSING_DATA_DIR": str(settings.data_dir), "LICENSING_DATABASE_URL": settings.database_url}
    command = ["-m", "licensing", "licenses", "issue", "--batch", str(file), "--chunk", str(CHUNK)]
    return subprocess.Popen(
        [sys.executable, *command], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def _run_and_kill(settings: Settings, file: Path, chunks: int, seconds: float) -> None:
    """Kills a run, by its own process id, `seconds` after it said that it had issued so many chunks."""
    with _start(settings, file) as process:
        assert process.stderr is not None
        for _ in range(chunks):
            assert "lines issued" in process.stderr.readline()
        time.sleep(seconds)
        process.kill()
        process.communicate()
    assert process.returncode < 0, "the batch ended before it was killed"


def _is_order(value: object) -> bool:
    return isinstance(value, str) and value.startswith("PO-")
