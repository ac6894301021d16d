"""Every prepared statement finds its rows by an index, whatever there may be of them."""

from __future__ import annotations

import re
from importlib import import_module
from itertools import count
from pkgutil import iter_modules

import pytest
from sqlalchemy import text

from licensing import storage
from licensing.storage.prepared import Prepared
from licensing.storage.schema import METADATA
from tests.support.worlds import World

SMALL = {"tier", "support_offer", "revocation"}
"""Tables that stay small, and are read whole: prices, offers, and what the revoked list names."""


def prepared() -> dict[str, Prepared]:
    """All of them, by module and name."""
    found: dict[str, Prepared] = {}
    for module in iter_modules(storage.__path__, f"{storage.__name__}."):
        if module.ispkg:
            continue
        for name, value in vars(import_module(module.name)).items():
            several = value.items() if isinstance(value, dict) else [("", value)]
            found |= {f"{module.name}.{name}{key}": each for key, each in several if isinstance(each, Prepared)}
    return found


STATEMENTS = prepared()


def scanned(world: World, statement: Prepared) -> set[str]:
    """The tables that the database would read from end to end."""
    with world.house.database.read() as session:
        connection = session.connection()
        sql = statement.on(connection.dialect).sql
        if "pg_" in sql:
            return set()  # a lock of PostgreSQL's own: no table
        if world.house.database.is_sqlite:
            values = (None,) * sql.count("?")
            steps = [str(step[3]) for step in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
            if " LIMIT " in sql and not any("TEMP B-TREE" in step for step in steps):
                return set()  # in the table's own order, and no further than wanted
            return {found[1] for step in steps if (found := re.match(r"SCAN (\w+)(?! USING)\b", step))}
        session.execute(text("SET LOCAL enable_seqscan = off"))  # on empty tables it would always be cheapest
        numbers = count(1)
        generic = re.sub(r"%\(\w+\)s", lambda _: f"${next(numbers)}", sql).replace("%%", "%")
        plan = "\n".join(session.scalars(text(f"EXPLAIN (GENERIC_PLAN) {generic.replace(':', chr(92) + ':')}")))
        return set(re.findall(r"Seq Scan on (\w+)", plan))


def test_there_are_statements_of_every_kind() -> None:
    assert len(STATEMENTS) >= 20


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_a_prepared_statement_reads_no_large_table_from_end_to_end(world: World, name: str) -> None:
    assert scanned(world, STATEMENTS[name]) & set(METADATA.tables) <= SMALL  # what a WITH names is no table
