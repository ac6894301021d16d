"""Check-ins through the whole application, without a network: what the number of nodes costs when nothing changes, how
long the first of a large cluster takes, and where the time goes.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from io import BytesIO
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Any

from flask import Flask
from werkzeug.test import create_environ, run_wsgi_app

from bench.measuring import Ratio, ratio
from licensing.bootstrap import House, build, set_up
from licensing.core.callers import OPERATOR
from licensing.core.encoding import read_body_json
from licensing.core.keys import Purpose
from licensing.core.sales import Term
from licensing.core.seats import digest
from licensing.settings import DEVELOPMENT, Settings
from licensing.storage.clusters import held_under
from licensing.web.api.checkins import read_report
from licensing.web.app import create_app
from tests.support.postgres import running_postgres

DATABASES = ("SQLite", "PostgreSQL")
CALLS, ROUNDS = 20, 41
SMALL, LARGE, GOAL = 4, 1_000, 1.5
LARGEST, FIRSTS, FIRST_GOAL = 5_000, 11, 60


@dataclass(frozen=True, slots=True)
class First:
    """How long the first check-in of a large cluster takes, in ms by the wall clock: the middle one and the best."""

    database: str
    middle: float
    best: float

    @property
    def is_met(self) -> bool:
        return self.middle <= FIRST_GOAL

    def row(self) -> str:
        met = "yes" if self.is_met else "**no**"
        name = f"first check-in of {LARGEST:,} nodes, whole, {self.database}"
        return f"| {name} | {self.middle:.1f} ms, at best {self.best:.1f} | – | – | ≤ {FIRST_GOAL} ms | {met} |"


def ratios() -> list[Ratio | First]:
    """On each database."""
    return [result for name in DATABASES for result in _results(name)]


@contextmanager
def _sold_on(database: str) -> Iterator[tuple[House, str]]:
    """A house of its own on the database, with a license for all."""
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder, ExitStack() as stack:
        url = f"sqlite:///{folder}/licensing.sqlite3"
        if database != "SQLite":
            url = stack.enter_context(running_postgres()).dsn
        house = build(bench_settings(Path(folder) / "data", url))
        set_up(house)
        buyer = house.organizations.create(OPERATOR, "Acme GmbH", "DE", None, None)
        house.sales.sell(OPERATOR, buyer.id, Term(seats=100_000, months=12), None)
        license_id = house.licenses.page(OPERATOR, "", 1)[0].license_id
        yield house, str(house.licenses.file(OPERATOR, license_id)["license"])
        house.database.close()


def _results(database: str) -> Iterator[Ratio | First]:
    with _sold_on(database) as (house, token):
        app = create_app(house)
        yield ratio(
            f"unchanged check-in of {LARGE:,} nodes, {database}",
            _asking(app, token, [_body(LARGE, LARGE)]),
            f"one of {SMALL} nodes",
            _asking(app, token, [_body(SMALL, SMALL)]),
            GOAL,
            calls=CALLS,
            rounds=ROUNDS,
        )
        first = _asking(app, token, [_body(LARGEST, LARGEST + number) for number in range(FIRSTS + 1)])
        took = sorted(_milliseconds(first) for _ in range(FIRSTS))
        yield First(database, median(took), took[0])


def _asking(app: Flask, token: str, bodies: list[bytes], path: str = "/v1/checkins") -> Callable[[], object]:
    """Asks the application with the bodies in turn; the first has been asked."""
    headers = {"Authorization": f"Bearer {token}"}
    environ = create_environ(path, method="POST", headers=headers, content_type="application/json", data=bodies[0])
    following = cycle(bodies)

    def call() -> None:
        body = next(following)
        told = {**environ, "wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        _, status, _ = run_wsgi_app(app, told)
        if not status.startswith("200"):
            raise RuntimeError(status)

    call()
    return call


SPENT = """
Where the CPU time of a check-in of 40 nodes goes, in process: each part alone, in its cheapest round. What the parts
leave of the whole is our rules, and what they cost each other in the processor's caches.

| part | CPU time | share of the whole |
|---|---|---|
"""


def spent() -> list[str]:
    """Its parts, a line each, on each database."""
    return [line for name in DATABASES for line in _spent(name)]


def _spent(database: str) -> list[str]:
    with _sold_on(database) as (house, token):
        app = create_app(house)
        lines = _lines(database, _parts(house, app, token))
        return lines + _lines(database, _changed_parts(house, app, token))


def _lines(database: str, parts: list[tuple[str, Callable[[], object]]]) -> list[str]:
    """The first is the whole."""
    costs = [(name, min(_microseconds(call) for _ in range(ROUNDS))) for name, call in parts]
    whole = costs[0][1]
    return [f"| {name}, {database} | {cost:,.0f} µs | {cost / whole:.0%} |" for name, cost in costs]


def _parts(house: House, app: Flask, token: str) -> list[tuple[str, Callable[[], object]]]:
    body, hello = _body(40, 40), Flask("hello")
    hello.add_url_rule("/", view_func=lambda: "hello", methods=["POST"])
    report = read_report(read_body_json(body))
    license_id = house.licenses.page(OPERATOR, "", 1)[0].license_id
    key = house.keys.current().key(Purpose.LEASE)
    signed = key.signing_input({"nonce": "n" * 400})
    return [
        ("an unchanged one, the whole", _asking(app, token, [body])),
        ("framework: a hello-world of Flask", _asking(hello, token, [body], "/")),
        ("parsing: strict JSON and its schema", lambda: read_report(read_body_json(body))),
        ("database: one question", lambda: held_under(house.database, license_id, report.fsid, report.kube_system_uid)),
        ("crypto: the lease's signature", lambda: key.sign(signed)),
        ("the node set's digest", lambda: digest(report.nodes)),
    ]


def _changed_parts(house: House, app: Flask, token: str) -> list[tuple[str, Callable[[], object]]]:
    sets = [_body(40, 41), _body(39, 41)]
    return [
        ("a changed one, the whole", _asking(app, token, sets)),
        ("database: a bare commit that rewrites the row and adds a line", _bare_commit(house)),
    ]


def _bare_commit(house: House) -> Callable[[], object]:
    """The least that a change needs of the database, on a connection of the driver."""
    driver: Any = house.database.engine.raw_connection().driver_connection
    mark, begin = ("?", "BEGIN IMMEDIATE") if house.database.is_sqlite else ("%s", "SELECT 1")
    nodes = json.dumps([f"storage-node-{number:05}.rook-ceph.example" for number in range(40)])
    rewrite = f"UPDATE cluster SET nodes = {mark}, used = used + 1"
    note = (
        "INSERT INTO cluster_change (cluster_id, license_id, at, kind, used, granted, added, removed)"
        f" SELECT id, license_id, {mark}, 'nodes', 1, 1, '[]', '[]' FROM cluster"
    )

    def commit() -> None:
        driver.execute(begin)
        driver.execute(f"{rewrite} WHERE fsid = {mark}", (nodes, _fsid(41)))
        driver.execute(f"{note} WHERE fsid = {mark}", (1, _fsid(41)))
        driver.commit()

    return commit


def _microseconds(call: Callable[[], object]) -> float:
    call()
    start = time.process_time_ns()
    for _ in range(CALLS):
        call()
    return (time.process_time_ns() - start) / CALLS / 1_000


def _milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1e6


def _fsid(cluster: int) -> str:
    return f"8b3c1f5e-5f3a-4d0e-9a55-{cluster:012x}"


def _body(nodes: int, cluster: int) -> bytes:
    named = {"fsid": _fsid(cluster), "kube_system_uid": "u-1", "name": "bench", "dcc_version": "0.6.0"}
    names = [f"storage-node-{number:05}.rook-ceph.example" for number in range(nodes)]
    return json.dumps({"cluster": named, "nodes": names, "nonce": "n-1"}).encode()


def bench_settings(folder: Path, database_url: str) -> Settings:
    return Settings(
        mode=DEVELOPMENT,
        data_dir=folder,
        database_url=database_url,
        database_owner_url=None,
        bind="127.0.0.1:8080",
        workers=1,
        log_format=None,
        metrics_token_file=None,
        otlp_url=None,
        public_url="https://licenses.example.com",
        mail_url=f"file://{folder / 'mail'}",
        mail_from="Koor <licenses@koor.example>",
        keys_dir=folder / "keys",
        keys_passphrase_file=None,
        signer=None,
        clock_file=None,
        checkpoint_copy=None,
        postgres_bin=None,
        webhook_secret_file=folder / "keys" / "webhook.secret",
        webhook_networks=(),
        knowledge_base_url="https://kb.example.com",
        community_url="https://community.example.com",
        terms_url="https://koor.example/terms",
        privacy_url="https://koor.example/privacy",
        proxies=0,
        oidc_issuer=None,
        oidc_client_id=None,
        oidc_client_secret_file=None,
    )
