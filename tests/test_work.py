"""`licensing work` beside a server that only serves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from tests.support.servers import RunningServer, running_server

PATIENCE_SECONDS = 20
APPLICANT = {
    "email": "jane@acme.example",
    "name": "Jane",
    "organization": "Acme",
    "country": "DE",
    "expected_nodes": 4,
    "accept_terms": True,
}


def register(server: RunningServer) -> int:
    with closing(server.connect()) as connection:
        connection.request("POST", "/v1/trials", json.dumps(APPLICANT), {"Content-Type": "application/json"})
        return connection.getresponse().status


def mails(folder: Path) -> list[Path]:
    return list((folder / "mail").glob("*.eml"))


def test_a_server_without_a_worker_leaves_the_mails_to_another_process(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running_server(folder, command=("serve", "--no-worker")) as server:
        assert register(server) == 202
        time.sleep(1.5)
        sent_by_server = mails(folder)
        environment = {"LICENSING_DATA_DIR": str(folder), "PATH": "/usr/bin:/bin", "PYTHONPATH": ":".join(sys.path)}
        worker = subprocess.Popen(
            [sys.executable, "-m", "licensing", "work"], env=environment, stdout=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not mails(folder) and time.monotonic() < deadline:
            time.sleep(0.1)
        worker.send_signal(signal.SIGTERM)
        said, _ = worker.communicate(timeout=PATIENCE_SECONDS)

    assert sent_by_server == []
    assert len(mails(folder)) == 1
    assert worker.returncode == 0
    assert said.startswith("working")
