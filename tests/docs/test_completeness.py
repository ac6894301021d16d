"""Whatever can be set, called, answered or refused is named in the documents, and what they link to is there."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from licensing.cli import COMMANDS, cli
from licensing.core.callers import FOR_PERSONS_ONLY, PERMISSIONS, Permission, Role
from licensing.core.codes import Code, Warning
from licensing.core.errors import Reason
from licensing.core.ledger import Kind
from licensing.settings import Settings
from licensing.web.problems import HTTP_CODES, STATUS
from tests.support.commands import every_command
from tests.support.worlds import World

ROOT = Path(__file__).parent.parent.parent
NAMED = [ROOT / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")]
DOCUMENTS = [*NAMED, *ROOT.glob("docs/**/*.md"), *ROOT.glob("keys/**/*.md")]
TEXT = {path: path.read_text("utf-8") for path in DOCUMENTS}
EVERYTHING = "\n".join(TEXT.values())


def test_every_setting_is_in_the_readme() -> None:
    missing = [
        name
        for field in fields(Settings)
        if (name := f"LICENSING_{field.name.upper()}") not in TEXT[ROOT / "README.md"]
    ]

    assert missing == []


@pytest.mark.parametrize(
    "names",
    [
        [kind.code for kind in STATUS],
        list(HTTP_CODES.values()),
        [reason.value for reason in Reason],
        [code.value for code in Code],
        [warning.value for warning in Warning],
    ],
    ids=["problems", "http", "reasons", "codes", "warnings"],
)
def test_every_code_is_documented(names: list[str]) -> None:
    assert [name for name in names if f"`{name}`" not in EVERYTHING] == []


def test_every_endpoint_is_documented(world: World) -> None:
    # The console is documented as one: its pages explain themselves.
    rules = [
        rule
        for rule in world.house.app.url_map.iter_rules()
        if rule.endpoint != "static" and not rule.rule.startswith("/console/")
    ]
    paths = {rule.rule.replace("<id:", "<").replace("<fsid:", "<") for rule in rules}

    assert sorted(path for path in paths if path not in EVERYTHING) == []


def test_every_command_is_in_the_readme() -> None:
    names = [" ".join(words) for words, command in every_command(cli) if not isinstance(command, click.Group)]

    assert len(names) > len(COMMANDS)
    assert [name for name in names if f"`{name}" not in TEXT[ROOT / "README.md"]] == []


def links() -> Iterator[tuple[Path, str]]:
    for path, text in TEXT.items():
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in target:
                yield path, target


def test_every_link_leads_somewhere() -> None:
    assert [f"{path.name}: {target}" for path, target in links() if not (path.parent / target).exists()] == []


def tracked() -> list[Path]:
    """The files of the checkout that git keeps, or would keep."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).is_file()]


def test_no_private_key_is_kept_but_the_marked_test_pair() -> None:
    key = re.compile(r"PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40}")  # the marker alone is no key

    kept = [path for path in tracked() if key.search(path.read_text("utf-8", "replace"))]

    assert [path.relative_to(ROOT).parts[:2] for path in kept] == [("keys", "test")]


def test_no_file_names_a_machine() -> None:
    machine = re.compile(r"(/home/|/root/|/work/|/Users/)[a-z]")

    named = [path.name for path in tracked() if machine.search(path.read_text("utf-8", "replace"))]

    assert named == [Path(__file__).name] or named == []


def test_the_table_of_permissions_is_that_of_the_code() -> None:
    rows = re.findall(r"^\| `(\S+)` \|(.*)\|$", (ROOT / "docs" / "sales.md").read_text("utf-8"), re.M)
    columns = (Role.SALES, Role.MANAGER, Role.SUPPORT, Role.AUDITOR, Role.ADMIN)

    told = {name: [cell.strip() == "yes" for cell in cells.split("|")] for name, cells in rows}

    assert told == {
        permission: [*(permission in PERMISSIONS[role] for role in columns), permission not in FOR_PERSONS_ONLY]
        for permission in Permission
    }


def test_every_kind_of_deed_is_documented() -> None:
    assert [kind for kind in Kind if f"`{kind}`" not in EVERYTHING] == []
