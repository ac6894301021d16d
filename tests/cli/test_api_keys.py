"""`licensing api-keys`: made, listed and revoked on the server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from licensing.cli import cli
from licensing.core.errors import NotFound, SignInRequired
from licensing.settings import Settings
from tests.support.worlds import World, make_world

NEW = ("api-keys", "new", "billing", "--scope", "licenses.read", "--scope", "quotes.read", "--days", "30")


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on an installation whose clock stands still."""
    monkeypatch.setenv("LICENSING_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LICENSING_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LICENSING_CLOCK_FILE", str(settings.data_dir / "clock"))
    (settings.data_dir / "clock").write_text("2026-01-15T12:00:00Z")

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, words)

    return run


@pytest.fixture
def world(settings: Settings) -> Any:
    world = make_world(settings)
    yield world
    world.house.database.close()


def test_a_key_is_made_listed_and_revoked(run: Any, world: World) -> None:
    made = json.loads(run(*NEW, "--json").output)
    key = made.pop("key")
    assert world.house.api_keys.caller(key).permissions == {"licenses.read", "quotes.read"}

    listed = run("api-keys", "list")
    revoked = run("api-keys", "revoke", made["api_key_id"], "--json")

    assert made["api_key_id"] in listed.output
    assert key not in listed.output + revoked.output
    assert json.loads(revoked.output)["revoked_at"] == "2026-01-15T12:00:00Z"
    with pytest.raises(SignInRequired):
        world.house.api_keys.caller(key)


def test_a_key_is_confined_to_an_organisation_that_exists(run: Any, world: World) -> None:
    before = world.rows()

    result = run(*NEW, "--organization", "0" * 32)

    assert isinstance(result.exception, NotFound)
    assert world.rows() == before


@pytest.mark.parametrize(
    "words", [("--scope", "staff.manage"), ("--scope", "everything"), ("--days", "0"), ("--days", "401")], ids=" ".join
)
def test_words_that_are_off_make_no_key(run: Any, world: World, words: tuple[str, ...]) -> None:
    before = world.rows()

    result = run(*NEW, *words)

    assert result.exit_code == 2
    assert world.rows() == before
