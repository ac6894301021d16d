"""The doctor finds what is wrong with an installation, says what to do, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from licensing.bootstrap import build
from licensing.cli import cli
from licensing.core.alarms import AlarmKind
from licensing.services.doctor import Finding, State
from licensing.settings import PRODUCTION
from licensing.storage import alarms, outbox
from tests.support.worlds import World, sell


def told(world: World, **settings: Any) -> set[tuple[str, State]]:
    """What is not well, by part; with other settings, as a server would find it that started with them."""
    return {(each.part, each.state) for each in findings(world, **settings) if each.state is not State.WELL}


def findings(world: World, **settings: Any) -> list[Finding]:
    house = build(replace(world.house.settings, **settings), world.house.system) if settings else world.house
    found = house.doctor.examine()
    house.database.close()
    return found


@pytest.fixture
def healthy(world: World) -> World:
    """A world whose server works, on folders of its own account; the clock of tests is not that of the database."""
    for folder in (world.house.settings.data_dir, world.house.settings.keys_dir):
        folder.chmod(0o700)
    token = world.house.settings.metrics_token_file
    assert token is not None
    token.write_text("x")
    sell(world)
    world.house.worker.tick()
    return world


LOCAL = {"public_url": "http://127.0.0.1:8080"}


def test_an_installation_that_is_well_has_no_problem_and_nothing_changes(healthy: World) -> None:
    before = healthy.rows()

    found = findings(healthy, **LOCAL)

    assert [each for each in found if each.state is State.PROBLEM] == []
    assert {each.part for each in found if each.state is State.WARNING} == {"clock"}
    assert healthy.rows() == before


def give_up_a_mail(world: World) -> None:
    world.register()
    with world.house.database.write() as session:
        outbox.failed(session, outbox.page(session, None, "", 1)[0].id, "no such host", None, world.clock())


def ring(world: World) -> None:
    with world.house.database.write() as session:
        alarms.ring(session, AlarmKind.NO_LEAF, "x", world.clock())


def older_schema(world: World) -> None:
    with world.house.database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0000'"))


def readable_key(world: World) -> None:
    world.house.settings.keys_dir.chmod(0o755)


def no_high_water(world: World) -> None:
    (world.house.settings.data_dir / "ledger.highwater").unlink()


def mail_waits(world: World) -> None:
    world.register()
    world.clock.advance(hours=1, seconds=1)
    world.house.worker._tidy()  # the worker lives, and its mails do not leave


def clock_set_back(world: World) -> None:
    world.clock.advance(seconds=-61)


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (give_up_a_mail, ("outbox", State.WARNING)),
        (mail_waits, ("outbox", State.WARNING)),
        (ring, ("alarms", State.WARNING)),
        (older_schema, ("schema", State.PROBLEM)),
        (readable_key, ("folders", State.PROBLEM)),
        (no_high_water, ("ledger", State.WARNING)),
        (clock_set_back, ("clock", State.PROBLEM)),
        (lambda world: world.clock.advance(minutes=6), ("worker", State.WARNING)),
        (lambda world: world.clock.advance(days=800), ("keys", State.PROBLEM)),
    ],
)
def test_what_is_wrong_is_found(healthy: World, spoil: Callable[[World], None], expected: tuple[str, State]) -> None:
    spoil(healthy)

    assert expected in told(healthy, **LOCAL)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"mode": PRODUCTION, "public_url": "http://licenses.example.com"}, ("settings", State.PROBLEM)),
        ({"mode": PRODUCTION, "public_url": "https://localhost"}, ("settings", State.PROBLEM)),
        ({"mode": PRODUCTION}, ("settings", State.WARNING)),
        ({"mode": PRODUCTION, "proxies": 1, "terms_url": None}, ("settings", State.WARNING)),
        ({"public_url": "https://licenses.example.com"}, ("settings", State.WARNING)),
        ({"metrics_token_file": Path("/nonexistent/token")}, ("settings", State.PROBLEM)),
        ({"mail_url": "smtp://127.0.0.1:1"}, ("mail", State.PROBLEM)),
        ({"database_url": "postgresql://nobody@127.0.0.1:1/none"}, ("database", State.PROBLEM)),
    ],
)
def test_wrong_settings_are_found(healthy: World, changes: dict[str, Any], expected: tuple[str, State]) -> None:
    assert expected in told(healthy, **changes)


def test_the_command_exits_1_when_something_is_wrong_even_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LICENSING_WORKERS", "none")

    answer = CliRunner().invoke(cli, ["doctor", "--json"])

    assert answer.exit_code == 1
    assert '"part": "settings"' in answer.output
