"""`licensing staff`, as the operator uses it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import Result

from licensing.settings import Settings
from tests.cli.test_commands import refusal, run
from tests.support.worlds import make_world

__all__ = ["run"]  # the fixture

EVE = "eve@koor.example"
ADD = ("staff", "add", EVE, "--role", "sales")


def document(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.output
    return dict(json.loads(result.output))


def test_a_person_is_let_in_and_her_password_printed_once(run: Any, settings: Settings) -> None:
    let_in = document(run(*ADD, "--name", "Eve", "--discount-limit", "10", "--json"))

    password = let_in["one_time_password"]
    assert (let_in["email"], let_in["name"], let_in["role"], let_in["discount_limit"]) == (EVE, "Eve", "sales", 10)
    assert password not in run("staff", "list", "--json").output
    world = make_world(settings)
    assert world.house.sign_in.sign_in(EVE, password, None, "192.0.2.1").owes == ("password",)
    world.house.database.close()


def test_accounts_are_listed(run: Any) -> None:
    run(*ADD)

    members = document(run("staff", "list", "--json"))["staff"]

    assert [member["email"] for member in members] == ["admin@localhost", EVE]
    assert EVE in run("staff", "list").output


def test_an_account_is_named_by_id_or_address(run: Any) -> None:
    id = document(run(*ADD, "--json"))["id"]

    changed = document(run("staff", "change", EVE, "--role", "manager", "--discount-limit", "25", "--json"))
    assert (changed["role"], changed["discount_limit"]) == ("manager", 25)
    assert document(run("staff", "change", id, "--name", "Eva", "--json"))["name"] == "Eva"
    assert document(run("staff", "reset", id, "--json"))["one_time_password"]
    assert document(run("staff", "disable", EVE.upper(), "--json"))["disabled_at"] == "2026-01-15T12:00:00Z"
    assert document(run("staff", "enable", EVE, "--json"))["disabled_at"] is None


def test_the_operator_resets_whoever_lost_her_password(run: Any) -> None:
    assert "one time password" in run("staff", "reset", "admin@localhost").output


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "admin@localhost.example", "--role", "owner"), "owner"),
        (("add", "nobody", "--role", "sales"), "EMAIL"),
        (("add", EVE), "--role"),
        (("add", EVE, "--role", "sales", "--discount-limit", "101"), "101"),
        (("change", EVE, "--role", "sales"), "no such account"),
        (("reset", "0" * 32), "no such account"),
        (("disable", "admin@localhost"), "last administrator"),
        (("change", "admin@localhost", "--role", "sales"), "last administrator"),
        (("enable", "admin@localhost"), "enabled already"),
    ],
    ids=str,
)
def test_what_can_not_be_is_refused_and_changes_nothing(
    run: Any, settings: Settings, words: tuple[str, ...], told: str
) -> None:
    world = make_world(settings)
    before = world.rows()

    assert told in refusal(run("staff", *words))

    assert world.rows() == before
    world.house.database.close()


def test_an_address_is_taken_once(run: Any) -> None:
    run(*ADD)

    assert "account already" in refusal(run(*ADD))
