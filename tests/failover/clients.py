"""Clients that issue without a pause through several servers, and write down what was acknowledged.

A deed without an answer is asked for again under the same Idempotency-Key, at the next server, until it is answered.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Thread

from tests.support.servers import RunningServer

PAUSE_SECONDS = 0.05
ANSWER_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A deed that was answered: its key, its issuance, by which server, and when (monotonic seconds)."""

    key: str
    serial: str
    server: int
    at: float


@dataclass(slots=True)
class Client:
    """Issues one license anew again and again, and remembers each answer; `refused` counts what was none."""

    name: str
    license_id: str
    api_key: str
    servers: Sequence[RunningServer]
    journal: list[Acknowledged] = field(default_factory=list)
    refused: dict[int, int] = field(default_factory=dict)

    def run(self, stop: Event) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            self._deed(f"{self.name}-{number}", number, stop)

    def _deed(self, key: str, number: int, stop: Event) -> None:
        tries = 0
        while not stop.is_set():
            server = (number + tries) % len(self.servers)
            status, serial = self._ask(self.servers[server], key)
            if status == 200:
                self.journal.append(Acknowledged(key, serial, server, time.monotonic()))
                return
            tries += 1
            self.refused[status] = self.refused.get(status, 0) + 1
            time.sleep(PAUSE_SECONDS)

    def _ask(self, server: RunningServer, key: str) -> tuple[int, str]:
        """The status and the issuance; 0 where no answer came."""
        headers = {
            "Authorization": f"Bearer {self.api_key}",
            "Idempotency-Key": key,
            "Content-Type": "application/json",
        }
        where = http.client.HTTPConnection("127.0.0.1", server.port, timeout=ANSWER_SECONDS)
        try:
            with closing(where) as connection:
                path = f"/v1/licenses/{self.license_id}/reissue"
                connection.request("POST", path, json.dumps({"reason": key}), headers)
                answer = connection.getresponse()
                body = answer.read()
        except (OSError, http.client.HTTPException):
            return 0, ""
        return answer.status, str(json.loads(body)["serial"]) if answer.status == 200 else ""


class Load:
    """Clients at work, each in a thread of its own, until the block ends."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self.clients = clients
        self._stop = Event()
        self._threads = [Thread(target=client.run, args=(self._stop,)) for client in clients]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def acknowledged(self) -> list[Acknowledged]:
        return [each for client in self.clients for each in list(client.journal)]

    def refused(self) -> dict[int, int]:
        """How many answers there were of each status that acknowledges nothing; 0 is no answer."""
        total: dict[int, int] = {}
        for client in self.clients:
            for status, times in list(client.refused.items()):
                total[status] = total.get(status, 0) + times
        return total
