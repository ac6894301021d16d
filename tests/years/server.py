"""A server as an operator runs it: `licensing serve` in a process of its own, on a clock that the play sets."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import click

PATIENCE_SECONDS = 20
IN_ONE_PROCESS = """
import json, sys
from licensing.cli import cli
for words in json.loads(sys.argv[1]):
    cli.main(words, standalone_mode=False)
"""


class Server:
    """The folder, the process and the clock of one installation."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self.data = folder / "data"
        self.database = self.data / "licensing.sqlite3"
        self._clock, self._log = folder / "clock", folder / "log"
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)
        self.set_clock(now)
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("LICENSING_")} | {
            "LICENSING_DATA_DIR": str(self.data),
            "LICENSING_BIND": f"127.0.0.1:{self._port}",
            "LICENSING_CLOCK_FILE": str(self._clock),
            "LICENSING_WORKERS": "1",
        }

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        if error is not None:
            click.echo(self.log(), err=True)

    def start(self) -> None:
        """The server answers, ready or not."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "licensing", "serve"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env=self._environment)
        try:
            self.wait_for("the server to answer", lambda: self.get("/healthz")[0] == 200)
        except RuntimeError:
            self.stop()
            click.echo(self.log(), err=True)
            raise

    def stop(self) -> None:
        """The process has ended."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def set_clock(self, now: datetime) -> None:
        """Server and commands live at `now`."""
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(now.isoformat(), "ascii")
        fresh.replace(self._clock)

    def get(self, path: str) -> tuple[int, str]:
        """Status and body."""
        return self._request("GET", path)

    def post(self, path: str, body: object, token: str | None = None) -> tuple[int, dict[str, Any]]:
        """Status and document."""
        bearer = {} if token is None else {"Authorization": f"Bearer {token}"}
        status, text = self._request("POST", path, json.dumps(body), {"Content-Type": "application/json", **bearer})
        return status, json.loads(text)

    def cli(self, *words: str) -> Any:
        """What the command prints as JSON; raises when it refuses."""
        return json.loads(self._done([sys.executable, "-m", "licensing", *words, "--json"]))

    def routine(self, *commands: Sequence[str]) -> None:
        """Many commands of the same command line, in one process: one starts faster than many."""
        self._done([sys.executable, "-c", IN_ONE_PROCESS, json.dumps(commands)])

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """The command as it ended, well or not."""
        return self._run([sys.executable, "-m", "licensing", *words])

    def log(self) -> str:
        """What the server has written so far."""
        return self._log.read_text("utf-8", "replace")

    def wait_for(self, what: str, happened: Callable[[], bool]) -> None:
        """Returns once `happened`; raises when it takes too long, or the server has ended."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and (self._process is None or self._process.poll() is None):
            with suppress(OSError, http.client.HTTPException):
                if happened():
                    return
            time.sleep(0.05)
        raise RuntimeError(f"waited in vain for {what}")

    def _request(
        self, method: str, path: str, body: str | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8")
        finally:
            connection.close()

    def _done(self, command: list[str]) -> str:
        done = self._run(command)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _run(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, capture_output=True, text=True, check=False, env=self._environment)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
