"""`licensing db`: the schema."""

from __future__ import annotations

import click

from licensing.bootstrap import migrate
from licensing.cli.houses import open_house
from licensing.core.errors import SetupRefused
from licensing.settings import read_settings
from licensing.storage import schema


@click.group()
def db() -> None:
    """The database's schema and settings."""


@db.command()
def upgrade() -> None:
    """Bring the database to the newest schema (on PostgreSQL as LICENSING_DATABASE_OWNER_URL, if set)."""
    migrate(read_settings())
    click.echo("The database is at the newest schema.")


@db.command()
def check() -> None:
    """Check schema, durability, and on PostgreSQL that the server does not own the ledger."""
    house = open_house()
    schema.assert_current(house.database)
    house.database.assert_durable()
    if house.settings.in_production:
        house.database.assert_not_owner()
    differences = schema.differences(house.database)
    if differences:
        raise SetupRefused(f"The tables are not those of the migrations: {'; '.join(differences)}")
    click.echo("The database is sound.")
