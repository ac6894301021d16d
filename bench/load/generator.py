"""`python -m bench.load.generator PORT SECONDS CONNECTIONS FILE`: sends what is in FILE, prints what it saw as JSON.

FILE is JSON: `[<request in base64>, …]`, each a whole HTTP/1.1 request. Every connection sends one at a time and keeps
open; the requests go round. It works on one core and spends about 20 µs on a request, so that a Python server is what
is measured.
"""

from __future__ import annotations

import json
import selectors
import socket
import sys
import time
from base64 import b64decode
from itertools import cycle
from pathlib import Path
from statistics import quantiles

PIECE = 1 << 20


class Talk:
    """One connection: what it asks next, and what has come so far."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0
        self._came = b""
        self._missing = -1

    def ask(self, request: bytes) -> None:
        self._came, self._missing = b"", -1
        self.began = time.perf_counter_ns()
        self.socket.sendall(request)

    def is_answered(self) -> bool:
        """Reads what is there; whether that was the last of an answer. Raises RuntimeError unless it is 2xx or 304."""
        piece = self.socket.recv(PIECE)
        if not piece:
            raise RuntimeError("the server closed the connection")
        if self._missing < 0:
            self._came += piece
            head, found, body = self._came.partition(b"\r\n\r\n")
            if not found:
                return False
            if head[9:10] != b"2" and head[9:12] != b"304":
                raise RuntimeError(self._came[:500].decode("latin-1"))
            self._missing = _length(head) - len(body)
        else:
            self._missing -= len(piece)
        return self._missing == 0


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def run(port: int, seconds: float, connections: int, requests: list[bytes]) -> dict[str, float]:
    """Requests a second, and the milliseconds of the 50th and 99th in a hundred."""
    following = cycle(requests)
    selector = selectors.DefaultSelector()
    talks = [Talk(port) for _ in range(connections)]
    for talk in talks:
        selector.register(talk.socket, selectors.EVENT_READ, talk)
        talk.ask(next(following))
    took: list[int] = []
    start = time.perf_counter_ns()
    end = start + int(seconds * 1e9)
    while (now := time.perf_counter_ns()) < end:
        for key, _ in selector.select(1):
            talk = key.data
            if talk.is_answered():
                took.append(time.perf_counter_ns() - talk.began)
                talk.ask(next(following))
    centiles = quantiles(took, n=100) if len(took) > 1 else [0.0] * 99
    rate = len(took) / (now - start) * 1e9
    return {"rate": rate, "p50": centiles[49] / 1e6, "p99": centiles[98] / 1e6, "count": len(took)}


def main() -> None:
    port, seconds, connections, file = sys.argv[1:]
    requests = [b64decode(each) for each in json.loads(Path(file).read_text("ascii"))]
    print(json.dumps(run(int(port), float(seconds), int(connections), requests)))


if __name__ == "__main__":
    main()
