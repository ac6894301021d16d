"""The house that a command works in."""

from __future__ import annotations

import click

from licensing.bootstrap import House, build
from licensing.settings import read_settings
from licensing.storage import schema


def open_house() -> House:
    """The house of the environment's settings, closed when the command ends."""
    house = build(read_settings())
    click.get_current_context().call_on_close(house.database.close)
    return house


def open_current_house() -> House:
    """The same, with its database at the newest schema; raises SetupRefused."""
    house = open_house()
    schema.assert_current(house.database)
    return house
