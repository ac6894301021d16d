"""The house that a command works in."""

from __future__ import annotations

from licensing.bootstrap import House, build
from licensing.settings import read_settings
from licensing.storage import schema


def open_house() -> House:
    """The house of the environment's settings, with its database at the newest schema; raises SetupRefused."""
    house = build(read_settings())
    schema.assert_current(house.database)
    return house
