"""Check-ins through the whole application, without a network: what the number of nodes costs when nothing changes."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from werkzeug.test import create_environ, run_wsgi_app

from bench.measuring import Ratio, ratio
from licensing.bootstrap import build, set_up
from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from licensing.settings import DEVELOPMENT, Settings
from licensing.web.app import create_app
from tests.support.postgres import running_postgres

CALLS, ROUNDS = 20, 41
SMALL, LARGE, GOAL = 4, 1_000, 3.0


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
