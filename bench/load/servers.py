"""A server in processes of its own, on cores of its own: its address, and the CPU time that it has spent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from tempfile import NamedTemporaryFile

from tests.support.servers import free_port

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORES, LOAD_CORES = CORES[-1:], CORES[:-1] or CORES
"""The last core serves: the first has the machine's own work."""
CONNECTIONS, SECONDS, ROUNDS = 8, 0.5, 12
_TICK = 1e6 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Measured:
    """A round of load: requests a second, milliseconds in the middle and at the slowest hundredth, CPU µs a request."""

    rate: float
    p50: float
    p99: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Server:
    """A server that listens on `port`."""

    port: int
    process: subprocess.Popen[bytes]

    def measure(self, requests: Sequence[bytes], seconds: float = SECONDS, cores: Sequence[int] = ()) -> Measured:
        """What it does under CONNECTIONS that each wait for their answer before they ask again."""
        before = self.spent()
        with load(self.port, requests, seconds, cores) as told:
            saw = told()
        return Measured(saw["rate"], saw["p50"], saw["p99"], (self.spent() - before) / max(saw["count"], 1))

    def spent(self) -> float:
        """µs of CPU of the process and its workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return sum(_cpu(int(pid)) for pid in (str(self.process.pid), *children))


@contextmanager
def load(
    port: int, requests: Sequence[bytes], seconds: float, cores: Sequence[int] = ()
) -> Iterator[Callable[[], dict[str, float]]]:
    """A generator at work; calling what is yielded waits for its end."""
    with NamedTemporaryFile("w", suffix=".json") as file:
        json.dump([b64encode(request).decode() for request in requests], file)
        file.flush()
        words = [str(port), str(seconds), str(CONNECTIONS), file.name]
        process = _started(["bench.load.generator", *words], cores or LOAD_CORES, {}, subprocess.PIPE)

        def told() -> dict[str, float]:
            out, error = process.communicate()
            if process.returncode:
                raise RuntimeError(error.decode())
            return dict(json.loads(out))

        yield told


@contextmanager
def started(
    words: Sequence[str], environment: Mapping[str, str], *, cores: Sequence[int] = SERVER_CORES
) -> Iterator[Server]:
    """A Python server, once it answers at the address that LICENSING_BIND names; stopped by its own pid afterwards."""
    port = free_port()
    process = _started(words, cores, {**environment, "LICENSING_BIND": f"127.0.0.1:{port}"}, subprocess.DEVNULL)
    try:
        _wait(port)
        yield Server(port, process)
    finally:
        process.terminate()
        process.wait(30)


def _started(
    words: Sequence[str], cores: Sequence[int], environment: Mapping[str, str], output: int
) -> subprocess.Popen[bytes]:
    """A module's process, which starts on its cores: children inherit them."""
    others = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        command = [sys.executable, "-m", *words]
        return subprocess.Popen(command, env={**os.environ, **environment}, stdout=output, stderr=output)
    finally:
        os.sched_setaffinity(0, others)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK


def _wait(port: int) -> None:
    for _ in range(600):
        with suppress(OSError, HTTPException):
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/")
            connection.getresponse().read()
            connection.close()
            return
        time.sleep(0.1)
    raise RuntimeError("the server does not answer")


def request(method: str, path: str, body: bytes = b"", **headers: str) -> bytes:
    """The bytes of an HTTP/1.1 request; `_` in a header's name is `-`."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
