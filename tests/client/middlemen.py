"""Somebody between a client and its server, who may change every answer: real HTTP, the server's own answers."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.worlds import World


@dataclass(slots=True)
class Reply:
    """What goes back. `drip` seconds pass before each of its bytes, where set."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0

    def members(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    def with_members(self, **members: object) -> Reply:
        return Reply(self.status, json.dumps({**self.members(), **members}).encode(), self.headers)


@dataclass(slots=True)
class Middleman:
    """`tamper` makes of each reply what it likes; `asked` are the paths, `seen` the bodies of check-ins."""

    port: int = 0
    tamper: Callable[[Reply], Reply] = lambda reply: reply
    asked: list[str] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def middleman(vendor: World) -> Iterator[Middleman]:
    """A middleman who listens, before the vendor's application."""
    man = Middleman()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass(b"")

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            man.seen.append(json.loads(body))
            man.headers.append(dict(self.headers))
            self._pass(body)

        def _pass(self, body: bytes) -> None:
            man.asked.append(self.path)
            answer = vendor.client.open(self.path, method=self.command, data=body, headers=list(self.headers.items()))
            reply = man.tamper(Reply(answer.status_code, answer.data, {"Content-Type": answer.content_type}))
            with suppress(OSError):
                self.send_response(reply.status)
                for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self._write(reply)

        def _write(self, reply: Reply) -> None:
            if not reply.drip:
                self.wfile.write(reply.body)
                return
            for place in range(len(reply.body)):
                time.sleep(reply.drip)
                self.wfile.write(reply.body[place : place + 1])

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        man.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield man
        server.shutdown()
