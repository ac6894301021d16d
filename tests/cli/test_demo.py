"""The demo: two years of a company that does not exist."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from licensing.cli import cli
from licensing.core.callers import OPERATOR
from licensing.core.demo import Draw, at_work, company
from licensing.core.errors import Refusal
from licensing.core.keys import KeyState
from licensing.core.licenses import Edition
from licensing.settings import Settings
from licensing.storage.ledger import IssuanceRow
from tests.support.postgres import Postgres
from tests.support.worlds import START, World, make_settings, make_world, token_of

TRIALS = 60
DRAW = Draw("1")


def run(settings: Settings, *words: str, mode: str = "development") -> Result:
    """Runs a command on the installation at START."""
    clock = settings.data_dir.parent / "clock"
    clock.write_text(START.isoformat())
    environment = {
        "LICENSING_MODE": mode,
        "LICENSING_DATA_DIR": str(settings.data_dir),
        "LICENSING_DATABASE_URL": settings.database_url,
        "LICENSING_CLOCK_FILE": str(clock) if mode == "development" else None,
    }
    return CliRunner().invoke(cli, words, env=environment)


def refusal(result: Result) -> str:
    assert isinstance(result.exception, Refusal), result.output
    return result.exception.detail


@dataclass(frozen=True, slots=True)
class Demo:
    """An installation that has played, with what the command told."""

    settings: Settings
    told: dict[str, Any]


def played(settings: Settings) -> Demo:
    result = run(settings, "demo", "--trials", str(TRIALS), "--json")
    assert result.exit_code == 0, (result.output, result.exception)
    return Demo(settings, json.loads(result.stdout))


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("demo") / "data"
    return played(make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}"))


@pytest.fixture(scope="module")
def on_postgresql(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[Demo]:
    name = f"licensing_demo_{worker_id}"
    postgres.execute(f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    folder = tmp_path_factory.mktemp("demo") / "data"
    yield played(make_settings(folder, postgres.database(name).dsn))
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["on_sqlite", "on_postgresql"])
def demo(request: pytest.FixtureRequest) -> Demo:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


@pytest.fixture
def world(demo: Demo) -> Iterator[World]:
    """The world after the demo; tests only look at it."""
    world = make_world(demo.settings)
    yield world
    world.house.database.close()


@pytest.fixture
def unused(tmp_path: Path) -> Settings:
    """An installation that was never used."""
    folder = tmp_path / "data"
    return make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}")


def test_the_same_seed_gives_the_same_figures_on_either_database(on_sqlite: Demo, on_postgresql: Demo) -> None:
    figures = [dict(demo.told) for demo in (on_sqlite, on_postgresql)]
    accounts = [set(told.pop("one_time_passwords")) for told in figures]

    assert figures[0] == figures[1]
    assert accounts[0] == accounts[1] == {"manager@koor.example", "admin@localhost"}


def test_most_who_register_confirm_and_some_buy(demo: Demo) -> None:
    told = demo.told

    assert TRIALS * 0.9 <= told["registered"] <= TRIALS
    assert TRIALS / 2 <= told["confirmed"] < told["registered"]
    assert 0 < told["converted"] < told["activated"] <= told["confirmed"]
    assert told["bought_without_a_trial"] > 0


def test_no_mail_is_left_or_was_sent(world: World) -> None:
    assert world.rows()["outbox"] == []
    assert world.house.outbox.deliver_due() == 0
    assert not (world.house.settings.data_dir / "mail").exists()


def test_the_reports_are_those_of_the_ledger(world: World) -> None:
    assert world.house.rollups.freshness().pending == 0
    assert world.house.rollups.reconcile() == []


def test_the_ledger_is_whole(world: World) -> None:
    report = world.house.audit.run()

    assert report.findings == []
    assert report.checkpoint_size == report.leaves == len(world.rows()["issuance"])


def test_the_keys_were_rotated_and_sign_today(demo: Demo, world: World) -> None:
    keys = world.house.key_management.list()

    active = [key for key in keys if key.state is KeyState.ACTIVE]
    assert len({key.purpose for key in active}) == len(active) == 4
    assert all(key.nbf <= START.timestamp() < key.sign_until for key in active)
    assert sum(key.state is KeyState.RETIRED for key in keys) == 8


def test_nothing_happened_after_the_end(world: World) -> None:
    end, row = START.replace(hour=0), IssuanceRow

    with world.house.database.read() as session:
        first, last = session.execute(select(func.min(row.recorded_at), func.max(row.recorded_at))).one()

    assert end - timedelta(days=740) < first < last < end


def test_whoever_tried_and_bought_goes_on_with_a_real_server(world: World) -> None:
    standings = world.house.licenses.page(OPERATOR, "", 1_000)

    assert {standing.edition for standing in standings} == set(Edition)
    token = token_of(world, standings[0].license_id)
    assert world.check_in(token, ["node"]).status_code == 200


def test_a_second_demo_is_refused_and_changes_nothing(demo: Demo, world: World) -> None:
    before = world.rows()

    assert "never used" in refusal(run(demo.settings, "demo"))

    assert world.rows() == before


def test_a_server_that_was_set_up_is_refused(unused: Settings) -> None:
    assert run(unused, "init").exit_code == 0
    world = make_world(unused)
    before = world.rows()

    assert "LICENSING_DATA_DIR" in refusal(run(unused, "demo"))

    assert world.rows() == before
    world.house.database.close()


def test_production_is_refused_and_nothing_is_made(unused: Settings) -> None:
    assert "development" in refusal(run(unused, "demo", mode="production"))

    assert not unused.data_dir.exists()


@pytest.mark.parametrize("day", ["2024-12-31", "2026-01-16"])
def test_two_years_end_neither_too_early_nor_after_today(unused: Settings, day: str) -> None:
    assert "not after today" in refusal(run(unused, "demo", "--until", day))

    assert not unused.data_dir.exists()


def test_no_two_companies_share_a_name_or_an_address() -> None:
    made = [company(DRAW, number, has_domain=number % 3 > 0) for number in range(5_000)]

    assert len({each.name for each in made}) == len({each.email for each in made}) == len(made)
    assert {each.email.rpartition(".")[2].rpartition("@")[2] for each in made} == {"example"}


def test_a_choice_depends_on_its_name_and_the_seed_alone() -> None:
    names = [f"choice {number}" for number in range(1_000)]

    assert [DRAW.of("x").share(name) for name in names] == [DRAW.of("x").share(name) for name in names]
    assert [DRAW.share(name) for name in names] != [Draw("2").share(name) for name in names]
    assert 0.6 < sum(DRAW.happens(name, 0.65) for name in names) / len(names) < 0.7


def test_nobody_works_at_the_weekend() -> None:
    hours = [at_work(START + timedelta(hours=number)) for number in range(400)]

    assert {moment.weekday() for moment in hours} == set(range(5))
    assert {moment.hour for moment in hours} <= set(range(7, 18))
