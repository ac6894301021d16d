"""New workers for old ones, while requests go on: what an operator does after an upgrade."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import closing
from pathlib import Path

from tests.support.servers import RunningServer, running_server

PATIENCE_SECONDS = 40


def workers(server: RunningServer) -> set[str]:
    """The pids of the processes that serve."""
    return set(Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())


def test_workers_are_renewed_and_no_request_fails(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", workers="2") as server:
        old, seen, over = workers(server), list[int](), threading.Event()

        def ask() -> None:
            while not over.is_set():
                with closing(server.connect()) as connection:
                    connection.request("GET", "/readyz")
                    seen.append(connection.getresponse().status)

        asking = threading.Thread(target=ask)
        asking.start()
        os.kill(server.pid, signal.SIGHUP)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while (workers(server) & old or len(workers(server)) != 2) and time.monotonic() < deadline:
            time.sleep(0.1)
        over.set()
        asking.join()

        assert not workers(server) & old
        assert len(workers(server)) == 2
        assert set(seen) == {200}
