"""Whose sale a command is, and what she may: at the terminal as in the console."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pyrage.x25519 import Identity

from licensing.bootstrap import House
from licensing.cli import cli
from licensing.cli.sellers import seller
from licensing.core.callers import OPERATOR, SEAT_LIMIT, Permission, Role
from licensing.core.errors import ApprovalRequired, Forbidden, ImportRefused, OwnRequest, Refusal, SignInRefused
from licensing.core.sales import Purchase
from licensing.services.dual_control import Person
from licensing.settings import PRODUCTION
from licensing.storage import staff
from tests.recovery.sites import Site
from tests.support.worlds import World
from tests.web.staff_routes import customer, paid

ISSUE = ("licenses", "issue", "--seats", "25", "--order", "PO-1", "--json", "--customer")
ORDER = Purchase("PO-1", "EUR")
LIMIT, SEATS = 15, 40


@pytest.fixture
def site(world: World, monkeypatch: pytest.MonkeyPatch) -> Site:
    """An installation that commands find, at the world's time."""
    settings = world.house.settings
    clock = settings.data_dir / "clock"
    clock.write_text(world.clock().strftime("%Y-%m-%dT%H:%M:%SZ"))
    for name, value in (
        ("DATA_DIR", settings.data_dir),
        ("KEYS_DIR", settings.keys_dir),
        ("DATABASE_URL", settings.database_url),
        ("CLOCK_FILE", clock),
    ):
        monkeypatch.setenv(f"LICENSING_{name}", str(value))
    return Site(world, settings, Identity.generate())


def somebody(site: Site, role: Role) -> Person:
    """An account that may give LIMIT percent and SEATS seats."""
    person = site.person(role.value, role)
    with site.world.house.database.write() as session:
        member = staff.by_email(session, person.email)
        assert member is not None
        staff.change(session, member.id, member.name, role, LIMIT, SEATS)
    return person


def run(person: Person | None, *words: str) -> Result:
    shown = None if person is None else f"{person.password}\n{person.code}\n"
    return CliRunner().invoke(cli, words if person is None else (*words, "--as", person.email), input=shown)


def test_a_sale_is_hers_who_signs_in(site: Site) -> None:
    person = somebody(site, Role.SALES)

    sold = run(person, *ISSUE, customer(site.world), "--discount", str(LIMIT))

    assert sold.exit_code == 0, sold.output
    newest = site.world.house.ledger.page(None, None, 1)[0].issuance
    assert str(newest.salesperson_id).startswith("staff:")
    assert person.password not in sold.output


@pytest.mark.parametrize(
    ("role", "discount", "changes", "refusal"),
    [
        (Role.SALES, LIMIT + 1, {}, ApprovalRequired),
        (Role.AUDITOR, 0, {}, Forbidden),
        (Role.SALES, 0, {"password": "another"}, SignInRefused),
        (Role.SALES, 0, {"code": "000000"}, SignInRefused),
        (Role.SALES, 0, {"code": ""}, SignInRefused),
        (Role.SALES, 0, {"email": "nobody@koor.example"}, SignInRefused),
    ],
    ids=["above her limit", "a role that sells nothing", "a wrong password", "a wrong code", "no code", "a stranger"],
)
def test_who_may_not_sells_nothing(
    site: Site, role: Role, discount: int, changes: dict[str, Any], refusal: type[Refusal]
) -> None:
    person, buyer = replace(somebody(site, role), **changes), customer(site.world)
    before = site.world.rows()["ledger_leaf"]

    refused = run(person, *ISSUE, buyer, "--discount", str(discount))

    assert isinstance(refused.exception, refusal), refused.output
    assert site.world.rows()["ledger_leaf"] == before


def test_a_quote_of_hers_waits_for_another(site: Site) -> None:
    clerk, manager = somebody(site, Role.SALES), somebody(site, Role.MANAGER)
    make = ("quotes", "make", customer(site.world), "--seats", "25", "--discount", str(LIMIT + 1), "--json")

    made = json.loads(run(clerk, *make).stdout)
    own = run(site.showing(clerk.email), "quotes", "approve", made["quote_id"])
    approved = run(manager, "quotes", "approve", made["quote_id"], "--json")

    assert made["state"] == "pending"
    assert isinstance(own.exception, Refusal)
    assert json.loads(approved.stdout)["state"] == "approved"


def in_production(world: World) -> House:
    return replace(world.house, settings=replace(world.house.settings, mode=PRODUCTION))


def test_on_a_production_server_the_operator_gives_no_discount_and_approves_none(world: World) -> None:
    operator = seller(in_production(world), None, Permission.LICENSES_WRITE)

    assert (operator.id, operator.discount_limit) == (OPERATOR.id, 0)
    assert OPERATOR.permissions - operator.permissions == {Permission.QUOTES_APPROVE}
    with pytest.raises(Forbidden):
        seller(in_production(world), None, Permission.QUOTES_APPROVE)
    assert seller(world.house, None, Permission.QUOTES_APPROVE) == OPERATOR


def test_on_a_production_server_the_operator_is_one_of_two_people(world: World) -> None:
    house = in_production(world)
    operator = seller(house, None, Permission.LICENSES_WRITE)
    _, license_id, _ = paid(world)
    house.licenses.suspend(operator, license_id, "not paid")

    with pytest.raises(OwnRequest):
        house.licenses.revoke(operator, license_id, "never paid")
    with pytest.raises(ApprovalRequired):
        house.sales.resize(operator, license_id, SEAT_LIMIT + 1, None, ORDER)

    assert house.licenses.standing(OPERATOR, license_id).status == "suspended"


def test_a_line_of_a_batch_above_her_limit_stops_the_file(site: Site, tmp_path: Path) -> None:
    clerk, file = somebody(site, Role.SALES), tmp_path / "orders.csv"
    head = "organization,country,email,name,seats,months,order_number\n"
    file.write_text(f"{head}A,DE,a@a.example,A,{SEATS},12,PO-1\nB,DE,b@b.example,B,{SEATS + 1},12,PO-2\n")

    refused = run(clerk, "licenses", "issue", "--batch", str(file))

    assert isinstance(refused.exception, ImportRefused)
    assert f"line 3: The customer would have {SEATS + 1} seats" in refused.output
    assert site.world.rows()["license"] == []


def test_a_license_is_ended_by_two_people_at_the_terminal(site: Site) -> None:
    clerk, manager = somebody(site, Role.SALES), somebody(site, Role.MANAGER)
    _, license_id, _ = paid(site.world)
    words = (license_id, "--reason", "not paid")

    suspended = run(clerk, "licenses", "suspend", *words)
    revoked = run(manager, "licenses", "revoke", *words, "--json")

    assert suspended.exit_code == 0, suspended.output
    assert json.loads(revoked.stdout)["status"] == "revoked"


def test_every_command_that_gives_a_discount_says_whose_it_is() -> None:
    for words in (("licenses", "issue"), ("licenses", "resize"), ("quotes", "make")):
        shown = CliRunner().invoke(cli, [*words, "--help"]).output
        assert ("--discount" in shown) == ("--as EMAIL" in shown) is True
