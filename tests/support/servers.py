"""Servers as users start them: `licensing serve` in a process of its own, on a free port, stopped by its own pid."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where a server listens, what it has printed, and its first process."""

    port: int
    log: Path
    pid: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def connect(self) -> http.client.HTTPConnection:
        """A connection of its own."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)


@contextmanager
def running_server(folder: Path, *, command: Sequence[str] = ("serve",), **settings: str) -> Iterator[RunningServer]:
    """A server with LICENSING_<settings>, its data in `folder` unless they say otherwise.

    `command` is what `licensing` is told to run; `port` is where it listened before.
    """
    port = int(settings.pop("port", "0")) or free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LICENSING_")}
    environment |= {"LICENSING_DATA_DIR": str(folder), "LICENSING_BIND": f"127.0.0.1:{port}"}
    environment |= {f"LICENSING_{name.upper()}": value for name, value in settings.items()}
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "licensing", *command], stdout=log, stderr=log, env=environment
        )
    server = RunningServer(port, folder / "serve.log", process.pid)
    try:
        _wait(server, process)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(server: RunningServer, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError, http.client.HTTPException), closing(server.connect()) as connection:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.05)
    raise RuntimeError(f"the server did not answer:\n{server.log.read_text()}")
