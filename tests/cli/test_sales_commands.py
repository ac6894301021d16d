"""Selling on the command line: customers, orders, quotes, prices, and undoing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from licensing.cli import cli
from licensing.core.callers import OPERATOR
from licensing.settings import Settings
from tests.support.worlds import make_world


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on an installation that lives on 15 January 2026."""
    monkeypatch.setenv("LICENSING_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LICENSING_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LICENSING_CLOCK_FILE", str(settings.data_dir / "clock"))
    (settings.data_dir / "clock").write_text("2026-01-15T12:00:00Z")
    runner = CliRunner()

    def run(*words: str) -> Result:
        return runner.invoke(cli, words)

    for words in (("prices", "set", "eur", "120000"), ("prices", "volume", "11", "10")):
        assert run(*words, "--from", "2026-01-15").exit_code == 0
    return run


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.stdout))


ISSUE = ("licenses", "issue", "--seats", "25", "--json")
ACME = ("--organization", "Acme", "--email", "it@acme.example", "--order", "PO-1")


def test_a_sale_with_an_order_is_charged(run: Any) -> None:
    sold = told(run(*ISSUE, *ACME, "--discount", "50"))

    assert (sold["order"], sold["amount_minor"], sold["currency"]) == ("PO-1", 1_350_000, "EUR")


def test_a_sale_in_a_currency_without_a_price_makes_no_customer(run: Any, settings: Settings) -> None:
    world = make_world(settings)
    before = world.rows()

    result = run(*ISSUE, *ACME, "--currency", "USD")

    assert result.exit_code == 1
    assert world.rows() == before
    world.house.database.close()


def test_a_license_is_suspended_reinstated_transferred_voided_and_refunded(run: Any, settings: Settings) -> None:
    sold = told(run(*ISSUE, *ACME))
    license_id = sold["license_id"]
    world = make_world(settings)
    heir = world.house.organizations.create(OPERATOR, "Heir", "DE", None, None).id
    world.house.database.close()

    assert told(run("licenses", "suspend", license_id, "--reason", "x", "--json"))["status"] == "suspended"
    assert told(run("licenses", "reinstate", license_id, "--reason", "x", "--json"))["status"] == "active"
    refund = ("licenses", "refund", sold["serial"], "--amount-minor", "100", "--reason", "x", "--json")
    assert told(run(*refund))["amount_minor"] == 100
    assert told(run("licenses", "transfer", license_id, heir, "--reason", "x", "--json"))["seq"] == 2
    assert run("licenses", "void", sold["serial"], "--reason", "x").exit_code == 1
    assert [row["license_id"] for row in told(run("licenses", "list", "--organization", heir, "--json"))["licenses"]]


def test_a_quote_is_made_shown_listed_and_accepted(run: Any) -> None:
    sold = told(run(*ISSUE, *ACME))
    buyer = told(run("licenses", "show", sold["license_id"], "--json"))["organization_id"]
    more = ("quotes", "make", buyer, "--license", sold["license_id"], "--expand", "--seats", "30", "--json")

    quote = told(run(*more))

    assert (quote["number"], quote["state"], quote["total"]) == ("Q-2026-00001", "open", "5,400.00 EUR")
    assert told(run("quotes", "show", quote["quote_id"], "--json")) == quote
    assert told(run("quotes", "list", "--json"))["quotes"] == [quote]
    accepted = told(run("quotes", "accept", quote["quote_id"], "--order", "PO-2", "--json"))
    assert (accepted["seats"], accepted["amount_minor"]) == (30, 540_000)
    assert run("quotes", "withdraw", quote["quote_id"]).exit_code == 1
    assert run("quotes", "approve", quote["quote_id"]).exit_code == 1
    assert run("quotes", "refuse", quote["quote_id"]).exit_code == 1


def test_prices_are_listed_and_the_past_is_not_changed(run: Any) -> None:
    rows = told(run("prices", "list", "--json"))["rows"]

    assert [row["value"] for row in rows] == ["1,200.00 EUR", "10 %"]
    assert "past" in str(run("prices", "set", "EUR", "1", "--from", "2026-01-14").exception)
    assert run("prices", "set", "EUR", "0", "--from", "2026-01-16").exit_code == 2


def test_terms_of_the_command_line(run: Any, tmp_path: Path) -> None:
    first = told(run(*ISSUE, *ACME, "--until", "2026-07-01", "--bind", "8b3c1f5e-5f3a-4d0e-9a55-0e6f0b7f2d11"))
    other = ("--organization", "Other", "--email", "it@other.example", "--co-term", first["license_id"])

    second = told(run(*ISSUE, *other, "--out", str(tmp_path / "license.json")))

    assert (first["expires_at"], second["expires_at"]) == ("2026-07-01T00:00:00Z", "2026-07-01T00:00:00Z")
    assert json.loads((tmp_path / "license.json").read_text())["human"]["license_id"] == second["license_id"]
    assert run(*ISSUE, *ACME, "--until", "soon").exit_code == 2
