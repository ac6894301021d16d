"""The command line, as a person and as a program use it."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from licensing.cli import cli
from licensing.core.errors import Refusal
from licensing.settings import Settings
from licensing.system import now
from tests.support.commands import every_command
from tests.support.worlds import make_world


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command on an installation that lives in the present."""
    monkeypatch.setenv("LICENSING_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("LICENSING_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("LICENSING_CLOCK_FILE", str(settings.data_dir / "clock"))
    (settings.data_dir / "clock").write_text("2026-01-15T12:00:00Z")

    def run(*words: str) -> Result:
        return CliRunner().invoke(cli, words)

    return run


ISSUE = ("licenses", "issue", "--organization", "Acme", "--email", "it@acme.example", "--json")


def issued(run: Any, *words: str) -> dict[str, Any]:
    result = run(*ISSUE, "--seats", "25", *words)
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.output))


def refusal(result: Result) -> str:
    """The one line of a refusal, or the usage error."""
    if isinstance(result.exception, Refusal):
        return result.exception.detail
    assert result.exit_code == 2, result.output
    return result.output


@pytest.mark.parametrize("words", [words for words, _ in every_command(cli)], ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*words, "--help"])

    assert result.exit_code == 0
    assert len(result.output.splitlines()) >= 4


def test_a_license_is_issued_renewed_resized_shown_listed_and_revoked(run: Any) -> None:
    license_id = issued(run, "--months", "1")["license_id"]

    assert json.loads(run("licenses", "issue", "--renew", license_id, "--seats", "30", "--json").output)["seq"] == 2
    assert json.loads(run("licenses", "resize", license_id, "--seats", "101", "--json").output)["tier"].startswith(
        "large"
    )
    assert json.loads(run("licenses", "reissue", license_id, "--reason", "x", "--json").output)["seq"] == 4
    assert json.loads(run("licenses", "revoke", license_id, "--reason", "x", "--json").output)["status"] == "revoked"
    shown = json.loads(run("licenses", "show", license_id, "--json").output)
    assert [deed["kind"] for deed in shown["issuances"]] == ["sold", "renewed", "expanded", "reissued", "revoked"]
    listed = json.loads(run("licenses", "list", "--json").output)["licenses"]
    assert [license["license_id"] for license in listed] == [license_id]
    assert license_id in run("licenses", "list").output


@pytest.mark.parametrize(
    "words",
    [
        ("--seats", "0"),
        ("--seats", "-1"),
        ("--seats", str(2**63)),
        ("--seats", "x"),
        ("--seats", "5", "--months", "0"),
        ("--seats", "5", "--months", "14"),
        ("--seats", "5", "--start", "2024-01-01"),
        ("--seats", "5", "--start", "tomorrow"),
        ("--seats", "5", "--bind", "x"),
        ("--seats", "5", "--email", "nobody"),
        ("--seats", "5", "--renew", "x"),
        (),
    ],
    ids=" ".join,
)
def test_a_bad_sale_is_refused_and_changes_nothing(run: Any, settings: Settings, words: tuple[str, ...]) -> None:
    world = make_world(settings)
    before = world.rows()

    assert refusal(run(*ISSUE, *words))

    assert world.rows() == before
    world.house.database.close()


def test_deeds_that_do_not_fit_the_license_are_refused(run: Any, settings: Settings) -> None:
    license_id = issued(run)["license_id"]

    assert "paid already" in refusal(run("licenses", "issue", "--convert", license_id, "--seats", "5"))
    assert "no such license" in refusal(run("licenses", "revoke", "x", "--reason", "y"))
    assert "already" in refusal(run("licenses", "resize", license_id, "--seats", "25"))
    run("licenses", "revoke", license_id, "--reason", "y")
    assert "revoked" in refusal(run("licenses", "issue", "--renew", license_id, "--seats", "5"))


@pytest.mark.parametrize(
    ("nodes", "at", "code", "status"),
    [
        ("4", "2026-01-16T00:00:00Z", "VALID", 0),
        ("26", "2026-01-16T00:00:00Z", "OVER_LIMIT", 3),
        ("4", "2027-01-20T00:00:00+01:00", "EXPIRED_GRACE", 3),
        ("4", "2025-01-01T00:00:00Z", "NOT_YET_VALID", 3),
    ],
)
def test_verify_says_what_a_file_is_worth(
    run: Any, settings: Settings, tmp_path: Path, nodes: str, at: str, code: str, status: int
) -> None:
    issued(run, "--out", str(tmp_path / "license.json"))
    root = str(settings.data_dir / "keys" / "root.jwk")

    result = run("verify", str(tmp_path / "license.json"), "--nodes", nodes, "--at", at, "--root", root, "--json")

    assert (result.exit_code, json.loads(result.output)["code"]) == (status, code)


def test_verify_refuses_what_it_can_not_trust_or_read(run: Any, settings: Settings, tmp_path: Path) -> None:
    file, root = tmp_path / "license.json", str(settings.data_dir / "keys" / "root.jwk")
    issued(run, "--out", str(file))

    assert "UNKNOWN_ROOT" in refusal(run("verify", str(file)))
    assert "can't be read" in refusal(run("verify", str(tmp_path / "nothing"), "--root", root))
    assert "can't be read" in refusal(run("verify", str(file), "--root", str(tmp_path / "nothing")))
    assert "--at" in refusal(run("verify", str(file), "--root", root, "--at", "yesterday"))
    file.write_text(file.read_text().replace('"license": "e', '"license": "f'))
    assert "UNKNOWN_HEADER" in refusal(run("verify", str(file), "--root", root))


def test_keys_are_listed_made_rotated_and_retired(run: Any) -> None:
    assert len(json.loads(run("keys", "list", "--json").output)["keys"]) == 4
    run("keys", "new", "lease")
    rotated = json.loads(run("keys", "rotate", "lease", "--json").output)["keys"]
    assert [key["state"] for key in rotated if key["purpose"] == "lease"] == ["retired", "active"]
    kid = next(key["kid"] for key in rotated if key["state"] == "retired")
    run("keys", "retire", kid, "--revoke")
    assert "revoked" in run("keys", "list").output
    assert "There is no next" in refusal(run("keys", "rotate", "lease"))
    assert "There is no key" in refusal(run("keys", "retire", "x"))


def test_the_ledger_is_audited_signed_and_proved(run: Any) -> None:
    license = issued(run)

    assert json.loads(run("ledger", "audit", "--json").output)["findings"] == []
    assert run("ledger", "checkpoint").output.splitlines()[1] == "5"
    assert run("ledger", "prove", license["license_id"]).output.startswith("c2sp.org/tlog-proof@v1\nindex 4\n")
    assert run("ledger", "prove", license["issuance"]).exit_code == 0
    assert "There is no license" in refusal(run("ledger", "prove", "x"))
    assert run("db", "check").output == "The database is sound.\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BIND", "nonsense"),
        ("BIND", "127.0.0.1:99999"),
        ("WORKERS", "many"),
        ("WORKERS", "0"),
        ("MODE", "staging"),
        ("MAIL_URL", "http://x"),
    ],
)
def test_a_wrong_setting_is_named(run: Any, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    assert name.lower() in {field.name for field in fields(Settings)}
    monkeypatch.setenv(f"LICENSING_{name}", value)

    assert f"LICENSING_{name}" in refusal(run("licenses", "list"))


def test_a_clock_file_is_refused_in_production(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LICENSING_MODE", "production")

    assert "LICENSING_CLOCK_FILE" in refusal(run("licenses", "list"))


def test_the_present_is_in_whole_seconds_of_utc() -> None:
    assert (now().microsecond, str(now().tzinfo)) == (0, "UTC")
