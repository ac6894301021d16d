"""Honest clients: each wants its sale, asks with the same key until it is answered, and writes the answer down."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from itertools import cycle
from queue import Empty, SimpleQueue
from threading import Event, Thread

PAUSE_SECONDS, PATIENCE_SECONDS = 0.02, 10
DONE, IN_PROGRESS, AWAY = 201, 409, 503


@dataclass(slots=True)
class Journal:
    """What was wished, by key (its customer's id), what was acknowledged, and when."""

    wished: list[str] = field(default_factory=list)
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)
    odd: list[tuple[int, bytes]] = field(default_factory=list)

    def first_after(self, moment: float) -> float | None:
        """Seconds from the moment to the next acknowledgement."""
        return next((at - moment for at in list(self.times) if at >= moment), None)


class Shop:
    """Sends wishes to whichever server answers."""

    def __init__(self, ports: Sequence[int], api_key: str) -> None:
        self._ports = cycle(ports)
        self._api_key = api_key
        self._connection: HTTPConnection | None = None

    def sell(self, customer: str, give_up: Event) -> tuple[int, bytes] | None:
        """The answer, asked for until there is one; None when told to give up."""
        while not give_up.is_set():
            with suppress(OSError, HTTPException):
                status, answer = self._ask(customer)
                if status != AWAY and not (status == IN_PROGRESS and b"IN_PROGRESS" in answer):
                    return status, answer
                time.sleep(PAUSE_SECONDS)
                continue
            self.close()
            time.sleep(PAUSE_SECONDS)
        return None

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, customer: str) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = HTTPConnection("127.0.0.1", next(self._ports), timeout=PATIENCE_SECONDS)
        order = {"organization_id": customer, "seats": 5, "months": 12, "order_number": customer, "currency": "EUR"}
        headers = {
            "Authorization": f"Bearer {self._api_key}",
            "Content-Type": "application/json",
            "Idempotency-Key": customer,
        }
        self._connection.request("POST", "/v1/licenses", json.dumps(order), headers)
        response = self._connection.getresponse()
        return response.status, response.read()


class Crowd:
    """Clients at work until `over` is set."""

    def __init__(self, ports: Sequence[int], api_key: str, customers: Sequence[str], clients: int) -> None:
        self.journal, self.over = Journal(), Event()
        self._wishes: SimpleQueue[str] = SimpleQueue()
        for customer in customers:
            self._wishes.put(customer)
        self._threads = [
            Thread(target=self._buy, args=(Shop([*ports[number:], *ports[:number]], api_key),))
            for number in (each % len(ports) for each in range(clients))
        ]
        for thread in self._threads:
            thread.start()

    @property
    def is_served(self) -> bool:
        """Whether nobody is left who wants something."""
        return self._wishes.empty()

    def end(self) -> None:
        """Nobody asks any more; who was waiting has given up."""
        self.over.set()
        for thread in self._threads:
            thread.join()

    def _buy(self, shop: Shop) -> None:
        while not self.over.is_set():
            try:
                customer = self._wishes.get_nowait()
            except Empty:
                break
            self.journal.wished.append(customer)
            told = shop.sell(customer, self.over)
            if told is None:
                break
            status, answer = told
            if status == DONE:
                self.journal.acknowledged[customer] = answer
                self.journal.times.append(time.monotonic())
            else:
                self.journal.odd.append((status, answer[:300]))
        shop.close()
