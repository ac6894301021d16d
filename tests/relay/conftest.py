"""Fixtures: a vendor, and a site that has a relay's key which the vendor names in a license."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from licensing.core.callers import OPERATOR
from tests.relay.sites import Site
from tests.support.worlds import World, make_settings, make_world, sell


@pytest.fixture
def vendor(sqlite_template: Path, tmp_path: Path) -> Iterator[World]:
    """The vendor's own server and book."""
    folder = tmp_path / "vendor"
    shutil.copytree(sqlite_template, folder)
    world = make_world(make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}"))
    yield world
    world.house.database.close()


@pytest.fixture
def site(vendor: World, tmp_path: Path) -> Site:
    return Site(vendor, tmp_path / "site" / "var")


@pytest.fixture
def license_id(vendor: World, site: Site) -> str:
    """A license of 25 seats that names the site's relay, carried there."""
    sold = sell(vendor, seats=25).license_id
    vendor.house.relays.name(OPERATOR, sold, site.new_key(), "a site without internet access")
    site.carry(sold)
    return sold
