"""Whatever can be set, called, answered or refused is named in the documents, and what they link to is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest

from licensing.cli import cli
from licensing.core.codes import Code, Warning
from licensing.core.errors import Reason
from licensing.core.keys import KeyState, Purpose
from licensing.core.tokens import TokenType
from licensing.settings import Settings
from licensing.web.problems import HTTP_CODES, STATUS
from tests.docs.documents import EVERYTHING, README, ROOT, TEXT, kept_files
from tests.support.worlds import World


def test_every_setting_is_in_the_readme() -> None:
    names = [f"LICENSING_{field.name.upper()}" for field in fields(Settings)]

    assert [name for name in names if f"`{name}`" not in README] == []


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ("docs/api.md", [*(kind.code for kind in STATUS), *HTTP_CODES.values(), "REFUSED", "INTERNAL"]),
        ("docs/api.md", list(Reason)),
        ("docs/answers.md", list(Code)),
        ("docs/answers.md", list(Warning)),
        ("docs/tokens.md", list(TokenType)),
        ("keys/README.md", list(Purpose)),
        ("keys/README.md", list(KeyState)),
    ],
    ids=["problems", "reasons", "codes", "warnings", "types", "purposes", "states"],
)
def test_every_code_is_in_its_document(document: str, names: list[str]) -> None:
    text = TEXT[ROOT / document]

    assert [str(name) for name in names if f"`{name}`" not in text] == []


def test_every_endpoint_is_documented(world: World) -> None:
    rules = {rule.rule for rule in world.house.app.url_map.iter_rules() if rule.endpoint != "static"}

    assert sorted(rule for rule in rules if f"{rule}`" not in README or f"{rule}`" not in EVERYTHING) == []


def commands(group: click.Group, path: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        here = f"{path} {name}".strip()
        if isinstance(command, click.Group):
            yield from commands(command, here)
        else:
            yield here


def test_every_command_is_in_the_readme() -> None:
    assert [name for name in commands(cli) if f"`{name}" not in README] == []


def links() -> Iterator[tuple[Path, str]]:
    for path, text in TEXT.items():
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            if "://" not in target:
                yield path, target


def test_every_link_leads_somewhere() -> None:
    assert [f"{path.name}: {target}" for path, target in links() if not (path.parent / target).exists()] == []


def test_every_decision_has_its_four_parts() -> None:
    parts = ("## Context", "## Options", "## Decision", "## Consequences")
    decisions = [path for path in TEXT if path.parent.name == "adr"]

    assert decisions
    assert [path.name for path in decisions if not all(part in TEXT[path] for part in parts)] == []


def test_no_file_names_a_machine() -> None:
    machine = re.compile(r"(?<![\w.$}>-])/(?:home|root|work|Users)/[a-z]")

    named = [path for path in kept_files() if machine.search(path.read_text("utf-8", "replace"))]

    assert [str(path.relative_to(ROOT)) for path in named] == []
