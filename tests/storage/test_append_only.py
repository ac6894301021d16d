"""The ledger's tables take new rows and refuse every other change, whoever asks and however it is spelled."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from licensing.storage.ledger import APPEND_ONLY
from tests.support.worlds import World, sell

COLUMNS = {
    "ledger_leaf": "idx, body",
    "ledger_node": "level, idx, hash",
    "ledger_checkpoint": "size, note, published_at",
    "issuance": "serial, leaf_idx, kind, license_id, organization_id, kid, signed_hash, record_hash, edition, tier,"
    " seats, effective_at, recorded_at",
}
KEYS = {"ledger_leaf": "idx", "ledger_node": "level, idx", "ledger_checkpoint": "size", "issuance": "serial"}
OTHERS = {
    "ledger_leaf": "900, body",
    "ledger_node": "60, 900, hash",
    "ledger_checkpoint": "900, note, published_at",
    "issuance": COLUMNS["issuance"].replace("serial, leaf_idx", "'another', 900"),
}
"""The columns of a row with another key."""
every_table = pytest.mark.parametrize("table", APPEND_ONLY)


@pytest.fixture
def history(world: World) -> World:
    """A world with rows in every table of the ledger."""
    sell(world)
    sell(world)
    world.house.ledger.checkpoint()
    return world


def assert_refused(world: World, statement: str) -> None:
    before = world.rows()

    with pytest.raises(DBAPIError, match="append-only"), world.house.database.engine.begin() as connection:
        connection.execute(text(statement))

    assert world.rows() == before


def last(table: str) -> str:
    """The last column of a table, which is in no key."""
    return COLUMNS[table].rpartition(", ")[2]


@every_table
@pytest.mark.parametrize(
    "statement",
    [
        lambda table: f"DELETE FROM {table}",
        lambda table: f"DELETE FROM {table} WHERE 1 = 1",
        lambda table: f"UPDATE {table} SET {last(table)} = {last(table)}",
        lambda table: (
            f"INSERT INTO {table} ({COLUMNS[table]}) SELECT {COLUMNS[table]} FROM {table} WHERE 1 = 1"
            f" ON CONFLICT ({KEYS[table]}) DO UPDATE SET {last(table)} = excluded.{last(table)}"
        ),
    ],
    ids=["delete", "delete where", "update", "upsert"],
)
def test_a_row_of_the_ledger_is_never_changed(history: World, table: str, statement: Callable[[str], str]) -> None:
    assert_refused(history, statement(table))


@every_table
def test_a_table_of_the_ledger_is_never_emptied_at_once(history: World, table: str) -> None:
    if history.house.database.is_sqlite:
        return  # SQLite has no TRUNCATE

    assert_refused(history, f"TRUNCATE {table} CASCADE")


@every_table
def test_a_row_of_the_ledger_is_never_replaced(history: World, table: str) -> None:
    if not history.house.database.is_sqlite:
        return  # PostgreSQL has no REPLACE

    for verb in ("INSERT OR REPLACE", "REPLACE"):
        assert_refused(history, f"{verb} INTO {table} ({COLUMNS[table]}) SELECT {COLUMNS[table]} FROM {table}")


@every_table
def test_a_row_of_the_ledger_is_never_replaced_by_its_row_number(history: World, table: str) -> None:
    if not history.house.database.is_sqlite:
        return  # PostgreSQL has no row numbers

    columns = f"rowid, {COLUMNS[table]}"
    assert_refused(
        history, f"INSERT OR REPLACE INTO {table} ({columns}) SELECT rowid, {OTHERS[table]} FROM {table} LIMIT 1"
    )


def test_an_issuance_is_never_replaced_through_its_leaf(history: World) -> None:
    if not history.house.database.is_sqlite:
        return  # PostgreSQL has no REPLACE

    values = COLUMNS["issuance"].replace("serial", "'another'")
    assert_refused(
        history, f"INSERT OR REPLACE INTO issuance ({COLUMNS['issuance']}) SELECT {values} FROM issuance LIMIT 1"
    )


def test_a_transaction_that_fails_leaves_no_leaf(history: World) -> None:
    before = history.rows()
    copy = text("INSERT INTO ledger_leaf (idx, body) SELECT :index, body FROM ledger_leaf WHERE idx = 0")

    with pytest.raises(DBAPIError), history.house.database.write() as session:
        session.execute(copy, [{"index": 900}, {"index": 0}])

    assert history.rows() == before
