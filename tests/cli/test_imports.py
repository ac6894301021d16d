"""`licensing import` on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from licensing.cli import cli
from licensing.core.errors import ImportRefused
from tests.support.worlds import World

FILE = """organization,country,email,seats,start,end,sold_on,order_number,amount,currency
Acme GmbH,DE,it@acme.example,25,2024-01-11,2025-01-11,2024-01-11,A-1,1200.00,EUR
Acme GmbH,DE,it@acme.example,30,2025-06-01,2026-06-01,2025-05-20,A-2,1300.50,EUR
"""


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs `licensing import` on a file of that text, in the world's year."""
    settings = world.house.settings
    clock, file = tmp_path / "clock", tmp_path / "sales.csv"
    clock.write_text(world.clock.time.isoformat())
    monkeypatch.setenv("LICENSING_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LICENSING_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LICENSING_CLOCK_FILE", str(clock))

    def run(content: str, *words: str) -> Result:
        file.write_text(content, "utf-8")
        return CliRunner().invoke(cli, ["import", str(file), *words])

    return run


def test_without_apply_it_says_what_would_be_done_and_does_nothing(world: World, run: Any) -> None:
    before = world.rows()

    result = run(FILE)

    assert result.exit_code == 0
    assert "nothing yet" in result.stdout
    assert "2,500.50 EUR" in result.stdout
    assert world.rows() == before


def test_apply_takes_all_lines_in(world: World, run: Any) -> None:
    result = run(FILE, "--apply", "--json")

    told = json.loads(result.stdout)
    assert (told["new_customers"], told["running_licenses"], told["sales_over"]) == (1, 1, 1)
    assert told["amounts"] == {"EUR": 250_050}
    assert world.house.audit.run().findings == []


@pytest.mark.parametrize("words", [(), ("--apply",)])
def test_each_bad_line_is_told_and_nothing_is_taken(world: World, run: Any, words: tuple[str, ...]) -> None:
    before = world.rows()

    result = run(FILE.replace("DE", "GER"), *words)

    assert isinstance(result.exception, ImportRefused)
    assert result.stderr.splitlines() == [f"line {number}: country must be a code of two letters." for number in (2, 3)]
    assert world.rows() == before
