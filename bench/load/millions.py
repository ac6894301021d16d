"""A million licenses and ten million issuances, in minutes: rows that the database itself makes up, all alike.

Each license has an organisation, a cluster of 40 nodes, and ten issuances, of which it names the newest. Of the ledger
there is what check-ins and reports read; of its leaves the last one, which says how many there are.
"""

from __future__ import annotations

import json

from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from bench.report_customers import DAY, TABLES
from bench.report_rows import tidy
from licensing.bootstrap import House
from licensing.core.ledger import Kind
from licensing.storage import bulk, histories, ledger
from licensing.storage.clusters import ClusterRow
from licensing.storage.database import Base, without_time_limit
from licensing.storage.ledger import IssuanceRow, LeafRow
from licensing.storage.licenses import LicenseRow
from licensing.storage.organizations import OrganizationRow

EACH = 10
"""Issuances of a license."""
NODES = json.dumps([f"storage-node-{number:05}.rook-ceph.example" for number in range(40)])


class Sql(str):
    """What the database works out for row `n`; all else is a value."""

    __slots__ = ()


def fill(house: House, issuances: int) -> None:
    """The house has so many issuances, and a tenth as many licenses."""
    now, licenses = house.system.now(), issuances // EACH
    at, later = int(now.timestamp()), int((now + 8 * DAY).timestamp())
    fsid = Sql(f"'8b3c1f5e-5f3a-4d0e-9a55-' || {_hex(house, 'n', 12)}")
    id, newest, whose = _id(house, "n"), _id(house, f"n * {EACH}"), _id(house, f"(n + {EACH - 1}) / {EACH}")
    with house.database.write() as session:
        without_time_limit(session)
        first = ledger.size(session)
        _make(session, OrganizationRow, licenses, {"id": id, "name": "Acme", "country": "DE", "created_at": at})
        license = {"id": id, "organization_id": id, "jti": newest, "starts_at": at, "created_at": at}
        _make(session, LicenseRow, licenses, license)
        times = {"expires_at": later, "first_seen_at": at, "last_seen_at": at}
        cluster = {"id": id, "license_id": id, "fsid": fsid, "nodes": NODES, "used": 40, "granted": 40}
        _make(session, ClusterRow, licenses, {**cluster, **times})
        issuance = {"serial": id, "leaf_idx": Sql(f"n + {first - 1}"), "license_id": whose, "organization_id": whose}
        deed = {"kind": str(Kind.SOLD), "edition": "pro", "tier": "entry", "seats": 40}
        _make(session, IssuanceRow, issuances, {**issuance, **deed, "effective_at": at, "recorded_at": at})
        bulk.insert(session, LeafRow, ["idx", "body"], [(first + issuances - 1, b"")])
        histories.settle_all(session, first + issuances)
    tidy(house)


def _make(session: Session, row: type[Base], count: int, values: dict[str, object]) -> None:
    """So many rows; what `values` leaves out is as in all made-up rows. Indexes are built afterwards."""
    table, named = row.__table__, {**TABLES[row], **values}
    assert isinstance(table, Table)
    connection = session.connection()
    indexes = sorted(table.indexes, key=lambda index: str(index.name))
    for index in indexes:
        index.drop(connection)
    insert = f"INSERT INTO {table.name} ({', '.join(named)}) SELECT {', '.join(map(_written, named.values()))}"
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"{insert} FROM generate_series(1, {count}) AS series(n)"))
    else:
        series = f"series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < {count})"
        connection.execute(text(f"WITH RECURSIVE {series} {insert} FROM series"))
    for index in indexes:
        index.create(connection)


def _written(value: object) -> str:
    if isinstance(value, str) and not isinstance(value, Sql):
        quoted = value.replace("'", "''").replace(":", "\\:")
        return f"'{quoted}'"
    return str(value)


def _id(house: House, number: str) -> Sql:
    return Sql(_hex(house, number, 32))


def _hex(house: House, number: str, digits: int) -> str:
    """The digits of a whole number."""
    if house.database.is_sqlite:
        return f"printf('%0{digits}x', {number})"
    return f"lpad(to_hex({number}), {digits}, '0')"
