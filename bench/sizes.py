"""Bytes that a license and a cluster take in PostgreSQL, indexes and all: `python -m bench.sizes`."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from uuid import UUID

from sqlalchemy import text

from bench.batches import orders
from bench.checkins import bench_settings
from bench.load.checkins import sold
from licensing.bootstrap import House, build, set_up
from licensing.core.callers import OPERATOR
from licensing.core.clusters import Report
from tests.support.postgres import running_postgres

LICENSES, CLUSTERS, NODES = 5_000, 1_000, 40
PARTS = {
    "license": ("license", "license_token", "organization", "organization_gram", "contact", "event"),
    "its issuance in the ledger": ("issuance", "issuance_record", "ledger_leaf", "ledger_node"),
    "its mail": ("outbox",),
    f"cluster of {NODES} nodes": ("cluster",),
    "line of a cluster's history": ("cluster_change",),
}


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="licensing-bench-") as folder, running_postgres() as postgres:
        house = build(bench_settings(Path(folder), postgres.dsn))
        set_up(house)
        token, _ = sold(house)
        house.batches.run(OPERATOR, orders(LICENSES))
        _check_in(house, token)
        sizes = _sizes(house)
        house.database.close()
    for name, tables in PARTS.items():
        count = CLUSTERS if "cluster" in name else LICENSES
        size = sum(sizes.get(table, 0) for table in tables) / count
        sys.stdout.write(f"{name:32} {size:8,.0f} bytes\n")


def _check_in(house: House, token: str) -> None:
    names = tuple(f"storage-node-{number:05}.rook-ceph.example" for number in range(NODES))
    for number in range(CLUSTERS):
        report = Report(str(UUID(int=number)), "u-1", "rook-ceph", "0.6.0", names, "n")
        house.checkins.check_in(token, report, None)


def _sizes(house: House) -> dict[str, int]:
    with house.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM FULL"))
        rows = connection.execute(text("SELECT relname, pg_total_relation_size(relid) FROM pg_stat_user_tables"))
        return {str(name): int(size) for name, size in rows}


if __name__ == "__main__":
    main()
