"""Which schemas a server serves from: its own, and later ones that only add to it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from licensing.core.errors import SetupRefused
from licensing.storage import backups, schema
from tests.support.worlds import World

VERSIONS = Path(schema.__file__).parent / "migrations" / "versions"
TAKES_AWAY = re.compile(r"op\.(drop_|rename_)|batch\.drop_|DROP |RENAME ")


def at(world: World, revision: str) -> None:
    with world.house.database.write() as session:
        backups.stamp(session, revision)


def test_a_server_goes_on_beside_a_later_schema_that_only_adds(world: World) -> None:
    at(world, "9999")

    schema.assert_current(world.house.database)

    assert world.client.get("/readyz").status_code == 200
    assert world.trial()["license_file"]


@pytest.mark.parametrize("revision", ["0001", "b0001"], ids=["an older schema", "one that takes something away"])
def test_a_server_does_not_serve_from_another_schema(world: World, revision: str) -> None:
    at(world, revision)

    with pytest.raises(SetupRefused, match=f"at revision {revision}"):
        schema.assert_current(world.house.database)


def test_migrations_with_a_number_only_add_since_servers_go_on_beside_them() -> None:
    upgrades = {path.name: path.read_text().partition("def downgrade")[0] for path in VERSIONS.glob("[0-9]*.py")}
    takers = [name for name, text in upgrades.items() if name > "0009" and TAKES_AWAY.search(text)]

    assert takers == []
