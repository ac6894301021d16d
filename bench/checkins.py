"""Check-ins through the whole application, without a network: what the number of nodes costs when nothing changes."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

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

CALLS, ROUNDS = 20, 41
SMALL, LARGE, GOAL = 4, 1_000, 1.5


def ratios() -> list[Ratio]:
    """On each database."""
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder:
        sqlite = _ratio("SQLite", Path(folder) / "sqlite", f"sqlite:///{folder}/licensing.sqlite3")
        with running_postgres() as postgres:
            return [sqlite, _ratio("PostgreSQL", Path(folder) / "postgresql", postgres.dsn)]


def _ratio(name: str, folder: Path, database_url: str) -> Ratio:
    house = build(bench_settings(folder, database_url))
    set_up(house)
    buyer = house.organizations.create(OPERATOR, "Acme GmbH", "DE", None, None)
    house.sales.sell(OPERATOR, buyer.id, Term(seats=10_000, months=12), None)
    token = str(house.licenses.file(OPERATOR, house.licenses.page(OPERATOR, "", 1)[0].license_id)["license"])
    app = create_app(house)

    def check_in(nodes: int) -> Callable[[], object]:
        body, headers = _body(nodes), {"Authorization": f"Bearer {token}"}
        environ = create_environ(
            "/v1/checkins", method="POST", headers=headers, content_type="application/json", data=body
        )

        def call() -> None:
            _, status, _ = run_wsgi_app(app, {**environ, "wsgi.input": BytesIO(body)})
            if not status.startswith("200"):
                raise RuntimeError(status)

        call()
        return call

    result = ratio(
        f"unchanged check-in of {LARGE:,} nodes, {name}",
        check_in(LARGE),
        f"one of {SMALL} nodes",
        check_in(SMALL),
        GOAL,
        calls=CALLS,
        rounds=ROUNDS,
    )
    house.database.engine.dispose()
    return result


SPENT = """
Where the CPU time of an unchanged check-in of 40 nodes goes, in process, on SQLite: each part alone, in its cheapest
round. What the parts leave of the whole is what they cost each other in the processor's caches.

| part | CPU time | share of the whole |
|---|---|---|
"""


def spent() -> list[str]:
    """Its parts, a line each."""
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder:
        house = build(bench_settings(Path(folder), f"sqlite:///{folder}/licensing.sqlite3"))
        set_up(house)
        buyer = house.organizations.create(OPERATOR, "Acme GmbH", "DE", None, None)
        house.sales.sell(OPERATOR, buyer.id, Term(seats=10_000, months=12), None)
        token = str(house.licenses.file(OPERATOR, house.licenses.page(OPERATOR, "", 1)[0].license_id)["license"])
        parts = _parts(house, create_app(house), token)
        whole, *rest = [(name, min(_microseconds(call) for _ in range(ROUNDS))) for name, call in parts]
        house.database.engine.dispose()
    return [f"| {name} | {cost:,.0f} µs | {cost / whole[1]:.0%} |" for name, cost in (whole, *rest)]


def _parts(house: House, app: Flask, token: str) -> list[tuple[str, Callable[[], object]]]:
    body, hello = _body(40), Flask("hello")
    hello.add_url_rule("/", view_func=lambda: "hello", methods=["POST"])
    report = read_report(read_body_json(body))
    license_id = house.licenses.page(OPERATOR, "", 1)[0].license_id
    key = house.keys.current().key(Purpose.LEASE)
    signed = key.signing_input({"nonce": "n" * 400})

    def ask(application: Flask, path: str) -> Callable[[], object]:
        headers = {"Authorization": f"Bearer {token}"}
        environ = create_environ(path, method="POST", headers=headers, content_type="application/json", data=body)
        return lambda: run_wsgi_app(application, {**environ, "wsgi.input": BytesIO(body)})

    return [
        ("the whole", ask(app, "/v1/checkins")),
        ("framework: a hello-world of Flask", ask(hello, "/")),
        ("parsing: strict JSON and its schema", lambda: read_report(read_body_json(body))),
        ("database: one question", lambda: held_under(house.database, license_id, report.fsid, report.kube_system_uid)),
        ("crypto: the lease's signature", lambda: key.sign(signed)),
        ("the node set's digest", lambda: digest(report.nodes)),
    ]


def _microseconds(call: Callable[[], object]) -> float:
    call()
    start = time.process_time_ns()
    for _ in range(CALLS):
        call()
    return (time.process_time_ns() - start) / CALLS / 1_000


def _body(nodes: int) -> bytes:
    fsid = f"8b3c1f5e-5f3a-4d0e-9a55-{nodes:012x}"
    cluster = {"fsid": fsid, "kube_system_uid": "u-1", "name": "bench", "dcc_version": "0.6.0"}
    names = [f"storage-node-{number:05}.rook-ceph.example" for number in range(nodes)]
    return json.dumps({"cluster": cluster, "nodes": names, "nonce": "n-1"}).encode()


def bench_settings(folder: Path, database_url: str) -> Settings:
    return Settings(
        mode=DEVELOPMENT,
        data_dir=folder,
        database_url=database_url,
        database_owner_url=None,
        bind="127.0.0.1:8080",
        workers=1,
        public_url="https://licenses.example.com",
        mail_url=f"file://{folder / 'mail'}",
        mail_from="Koor <licenses@koor.example>",
        keys_dir=folder / "keys",
        keys_passphrase_file=None,
        clock_file=None,
        knowledge_base_url="https://kb.example.com",
        community_url="https://community.example.com",
        terms_url="https://koor.example/terms",
        privacy_url="https://koor.example/privacy",
        proxies=0,
        oidc_issuer=None,
        oidc_client_id=None,
        oidc_client_secret_file=None,
    )
