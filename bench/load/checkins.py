"""Check-ins and public documents over HTTP against hello-world, on both databases: `python -m bench.load.checkins`."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from bench.checkins import bench_settings
from bench.load.requests import NODES, again, changed, checkin, checkins
from bench.load.servers import request, started
from bench.load.shares import HEAD, Share, Subject, take_turns
from licensing.bootstrap import House, build, set_up
from licensing.core.callers import OPERATOR
from licensing.core.keys import Purpose
from licensing.core.sales import Term
from licensing.settings import Settings
from tests.support.postgres import running_postgres

DOCUMENTS = ("/v1/revoked", "/.well-known/koor-keys", "/ledger/checkpoint")
UNCHANGED, CHANGED, CACHED, SLOWEST = 0.5, 0.2, 0.8, 5


def shares() -> list[Share]:
    """On each database."""
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder:
        sqlite = list(_shares("SQLite", Path(folder) / "sqlite", f"sqlite:///{folder}/sqlite/licensing.sqlite3"))
        with running_postgres() as postgres:
            return [*sqlite, *_shares("PostgreSQL", Path(folder) / "postgresql", postgres.dsn)]


def _shares(database: str, folder: Path, url: str) -> Iterator[Share]:
    settings = replace(bench_settings(folder, url), workers=1)
    house = build(settings)
    set_up(house)
    token, public = sold(house)
    house.database.close()
    environment = environment_of(settings) | {"BENCH_PUBLIC_KEY": public.hex()}
    with ExitStack() as stack:
        hello = stack.enter_context(started(["bench.load.references", "hello"], environment))
        bare = stack.enter_context(started(["bench.load.references", "bare"], environment))
        server = stack.enter_context(started(["licensing", "serve"], environment))
        nodes = [f"storage-node-{number:05}.rook-ceph.example" for number in range(NODES)]
        subjects = [
            Subject("a bare view that verifies, asks and signs, 40 nodes", bare, [checkin(token, 1, nodes, "/")]),
            Subject("unchanged check-in, 4 nodes", server, checkins(token, 4, 1_000)),
            Subject("unchanged check-in, 40 nodes", server, checkins(token, NODES, 2_000), UNCHANGED, SLOWEST),
            Subject("unchanged check-in, 1,000 nodes", server, checkins(token, 1_000, 3_000)),
            Subject("changed check-in, 40 nodes", server, changed(token, 4_000), CHANGED),
            *(Subject(f"GET {path}, 304", server, again(server, path), CACHED) for path in DOCUMENTS),
        ]
        for share in take_turns(Subject("hello-world", hello, [request("GET", "/")]), subjects):
            yield replace(share, name=f"{share.name}, {database}")


def environment_of(settings: Settings) -> dict[str, str]:
    """The settings as variables."""
    return {
        "LICENSING_DATA_DIR": str(settings.data_dir),
        "LICENSING_DATABASE_URL": settings.database_url,
        "LICENSING_PUBLIC_URL": settings.public_url,
        "LICENSING_MAIL_URL": settings.mail_url,
        "LICENSING_WORKERS": str(settings.workers),
    }


def sold(house: House) -> tuple[str, bytes]:
    """A license with seats for all, and the key that signed it."""
    buyer = house.organizations.create(OPERATOR, "Acme GmbH", "DE", None, None)
    done = house.sales.sell(OPERATOR, buyer.id, Term(seats=100_000, months=12), None)
    assert done.standing is not None
    token = str(house.licenses.file(OPERATOR, done.standing.license_id)["license"])
    return token, house.keys.current().key(Purpose.LICENSE).x


if __name__ == "__main__":
    sys.stdout.write(HEAD)
    sys.stdout.writelines(f"{share.row()}\n" for share in shares())
