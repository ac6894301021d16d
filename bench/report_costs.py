"""What counting costs: those who issue, and those who count."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, islice
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from statistics import median
from typing import NamedTuple

from sqlalchemy import select

from bench.batches import orders
from bench.report_customers import HASH
from licensing.bootstrap import House, build
from licensing.core.callers import OPERATOR
from licensing.core.ledger import Kind
from licensing.core.sales import Term
from licensing.services.idempotency import Rendered
from licensing.services.registrations import Applicant
from licensing.services.worker import COUNTED_AT_ONCE, PAUSE_SECONDS
from licensing.settings import Settings
from licensing.storage import bulk, histories
from licensing.storage.ledger import IssuanceRow
from licensing.system import System

AT_ONCE, ROUNDS = 50, 6
"""Deeds between two looks of a worker, and how often."""
BATCH, MARKS = 2_000, 500
_numbers = count()


class KnownLinks(System):
    """Remembers the secret of each mail link."""

    links: list[str] = []  # noqa: RUF012 - there is one such system in a bench

    def new_link(self) -> str:
        self.links.append(super().new_link())
        return self.links[-1]


class Share(NamedTuple):
    """Seconds that a deed takes, and that counting it takes."""

    deed: float
    counting: float

    @property
    def ratio(self) -> float:
        """What the deed costs with the counting on the same core."""
        return (self.deed + self.counting) / self.deed


def sale(house: House) -> Share:
    """A new customer's license."""
    return _share(house, lambda: _sell(house, AT_ONCE))


def trial(house: House) -> Share:
    """A registration and its confirmation."""
    return _share(house, lambda: _try(house))


def batch(house: House) -> Share:
    """A license of a batch."""
    house.rollups.catch_up()
    data = orders(BATCH)
    issuing = timed(lambda: house.batches.run(OPERATOR, data))
    return Share(issuing / BATCH, timed(house.rollups.catch_up) / BATCH)


def mark(house: House) -> float:
    """Seconds that one mark takes in the transaction of whoever leaves it."""
    with house.database.write() as session:
        start = time.perf_counter()
        for _ in range(MARKS):
            histories.mark(session, "domain:nobody.example")
        return (time.perf_counter() - start) / MARKS


def beside(house: House) -> float:
    """How much longer sales take while a worker counts beside them, in a process of its own, as a server's does."""
    alone, watched = [], []
    for _ in range(ROUNDS):
        alone.append(_selling(house))
        house.rollups.catch_up()
        with _counting(house.settings):
            watched.append(_selling(house))
        house.rollups.catch_up()
    return median(watched) / median(alone)


def catching_up(house: House, customers: int) -> float:
    """Customers counted in a second, each with one more deed."""
    with house.database.write() as session:
        first = histories.leaves_counted(session)
        dice, now = random.Random(2), bulk.stored(house.system.now())  # the same customers each time
        some = dice.sample(range(first), min(3 * customers, first))
        owners = select(IssuanceRow.organization_id).where(
            IssuanceRow.leaf_idx.in_(some), IssuanceRow.organization_id.is_not(None)
        )
        columns = ("serial", "leaf_idx", "kind", "organization_id", "kid", "signed_hash", "record_hash")
        rows = [
            (f"{index:032x}", index, str(Kind.REISSUED), owner, "-", HASH, HASH, now, now)
            for index, owner in enumerate(list(dict.fromkeys(session.scalars(owners)))[:customers], first)
        ]
        bulk.insert(session, IssuanceRow, (*columns, "effective_at", "recorded_at"), rows)
    start = time.perf_counter()
    return house.rollups.catch_up() / (time.perf_counter() - start)


def timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def _share(house: House, deeds: Callable[[], float]) -> Share:
    """The medians of all rounds; `deeds` says how many seconds AT_ONCE of them took."""
    house.rollups.catch_up()
    rounds = [(deeds() / AT_ONCE, timed(house.rollups.catch_up) / AT_ONCE) for _ in range(ROUNDS)]
    return Share(*(median(column) for column in zip(*rounds, strict=True)))


def _selling(house: House) -> float:
    return _sell(house, 4 * AT_ONCE)


def _sell(house: House, number: int) -> float:
    """Seconds that so many sales take, each to a new customer whose coming does not count."""
    names = [f"Buyer {next(_numbers)} GmbH" for _ in range(number)]
    buyers = [house.organizations.create(OPERATOR, name, "DE", None, None).id for name in names]
    start = time.perf_counter()
    for buyer in buyers:
        house.sales.sell(OPERATOR, buyer, Term(seats=8, months=12), None)
    return time.perf_counter() - start


def _try(house: House) -> float:
    """Seconds that AT_ONCE trials take, registered and confirmed."""
    start = time.perf_counter()
    for number in islice(_numbers, AT_ONCE):
        house.registrations.register(
            Applicant(f"jane@company-{number}.example", "Jane Doe", f"Company {number}", "DE", 4)
        )
        house.trials.confirm_link(KnownLinks.links[-1], lambda _: Rendered(201, b""))
    return time.perf_counter() - start


@contextmanager
def _counting(settings: Settings) -> Iterator[None]:
    """A worker counts while the block runs."""
    context = get_context("fork")
    ready, stop = context.Event(), context.Event()
    worker = context.Process(target=_count, args=(settings, ready, stop))
    worker.start()
    ready.wait()
    try:
        yield
    finally:
        stop.set()
        worker.join()


def _count(settings: Settings, ready: Event, stop: Event) -> None:
    house = build(settings)
    ready.set()
    while not stop.wait(PAUSE_SECONDS):
        house.rollups.catch_up(COUNTED_AT_ONCE)
    house.database.close()
