"""`licensing clusters`, as the operator uses it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from licensing.cli import cli
from licensing.core.errors import LicenseState, NotFound
from licensing.settings import Settings
from tests.support.worlds import FSID, OTHER_FSID, World, make_world, nodes, sell, token_of

REASON = ("--reason", "asked for")


@pytest.fixture
def world(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A world whose installation the command line works on."""
    monkeypatch.setenv("LICENSING_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LICENSING_DATABASE_URL", settings.database_url)
    world = make_world(settings)
    yield world
    world.house.database.close()


@pytest.fixture
def license_id(world: World) -> str:
    """A license with one cluster of 4 nodes."""
    license_id = sell(world, np_seats=4).license_id
    world.check_in(token_of(world, license_id), nodes(4))
    return license_id


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ("clusters", *words))


def clusters(*words: str) -> list[dict[str, Any]]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    return list(json.loads(result.output)["clusters"])


def test_clusters_are_listed_for_people_and_programs(license_id: str) -> None:
    [cluster] = clusters("list", license_id)

    assert (cluster["fsid"], cluster["used"], cluster["granted"], cluster["pool"]) == (FSID, 4, 4, "production")
    assert FSID in run("list", license_id).output


def test_non_production_is_granted_and_withdrawn(license_id: str) -> None:
    [granted] = clusters("grant-non-production", license_id, FSID.upper(), *REASON)
    [withdrawn] = clusters("withdraw-non-production", license_id, FSID, *REASON)

    assert [granted["np_granted"], withdrawn["np_granted"]] == [True, False]
    assert isinstance(run("withdraw-non-production", license_id, FSID, *REASON).exception, LicenseState)


def test_a_cluster_is_reset_and_released(license_id: str) -> None:
    assert [cluster["pinned"] for cluster in clusters("reset", license_id, FSID, *REASON)] == [False]
    assert run("release", license_id, FSID, *REASON).output == f"The seats of {FSID} are free.\n"

    assert clusters("list", license_id) == []


@pytest.mark.parametrize("deed", ["grant-non-production", "withdraw-non-production", "reset", "release"])
def test_a_cluster_that_is_not_there_is_refused(world: World, license_id: str, deed: str) -> None:
    before = world.rows()

    for words in ((license_id, OTHER_FSID), (license_id, "x"), ("x", FSID)):
        assert isinstance(run(deed, *words, *REASON).exception, NotFound)
    assert run(deed, license_id, FSID).exit_code == 2

    assert world.rows() == before
