"""The customers' people leave together only where two agree, and the trail says who did."""

from __future__ import annotations

import csv
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyrage.x25519 import Identity

from licensing.cli import cli
from licensing.core.callers import OPERATOR, Role
from licensing.core.errors import SignInRefused, TwoPeopleNeeded
from licensing.services.dual_control import Agreement, DualControl
from licensing.services.exports import CONTACTS, Exports
from licensing.services.organizations import Person
from licensing.storage import alarms, events
from licensing.storage.events import Event
from tests.recovery.sites import Site
from tests.support.worlds import World

EVIL = '=HYPERLINK("https://evil.example")'


@pytest.fixture
def site(world: World) -> Site:
    return Site(world, world.house.settings, Identity.generate())


def exports(world: World) -> Exports:
    """As a production server has them."""
    house = world.house
    return Exports(house.database, DualControl(house.database, house.system).agreed, house.system, test=False)


def trail(world: World) -> list[Event]:
    with world.house.database.read() as session:
        return events.of_subject(session, CONTACTS)


def add(world: World, name: str, *people: str) -> str:
    made = world.house.organizations.create(OPERATOR, name, "DE", "acme.example", None).id
    for each in people:
        world.house.organizations.add_contact(OPERATOR, made, Person(f"{each}@acme.example", each))
    return made


def test_two_people_take_them_out(site: Site) -> None:
    world = site.world
    add(world, "Acme", "ann", "bob")
    two = [site.person("a", Role.ADMIN), site.person("m", Role.MANAGER)]

    lines = list(exports(world).contacts(Agreement(two)))

    assert [(each.name, each.email, each.organization, each.country) for each in lines] == [
        ("ann", "ann@acme.example", "Acme", "DE"),
        ("bob", "bob@acme.example", "Acme", "DE"),
    ]
    [event] = trail(world)
    assert (event.action, event.details["contacts"]) == ("contacts.exported", 2)
    assert len(str(event.details["agreed_by"]).split()) == 2


def test_one_alone_takes_nothing_and_leaves_no_trail(site: Site) -> None:
    world = site.world
    add(world, "Acme", "ann")
    admin, seller = site.person("a", Role.ADMIN), site.person("s", Role.SALES)

    for agreement, refusal in (
        (Agreement(), TwoPeopleNeeded),
        (Agreement([admin]), TwoPeopleNeeded),
        (Agreement([admin, site.showing(seller.email)]), SignInRefused),
    ):
        with pytest.raises(refusal):
            exports(world).contacts(agreement)

    assert trail(world) == []


def test_who_breaks_the_glass_is_heard(site: Site) -> None:
    add(site.world, "Acme", "ann")

    lines = list(exports(site.world).contacts(Agreement(break_glass="a court's order")))

    assert len(lines) == 1
    assert trail(site.world)[0].details["break_glass"] == "a court's order"
    with site.world.house.database.read() as session:
        assert [each.kind for each in alarms.every(session, 10)] == ["glass-broken"]


def test_erased_people_are_not_among_them_and_a_duplicate_stands_as_its_survivor(site: Site) -> None:
    organizations = site.world.house.organizations
    survivor, duplicate = add(site.world, "Acme", "ann"), add(site.world, "Acme Inc", "bob", "eve")
    gone = next(each for each in organizations.show(OPERATOR, duplicate).contacts if each.name == "eve")
    organizations.erase(OPERATOR, duplicate, gone.id, ())
    organizations.merge(OPERATOR, duplicate, survivor)

    lines = list(site.world.house.exports.contacts())

    assert [(each.name, each.organization_id) for each in lines] == [("ann", survivor), ("bob", survivor)]


def test_the_command_writes_a_new_file_for_its_owner_alone(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = site.world.house.settings
    for name in ("DATA_DIR", "KEYS_DIR", "DATABASE_URL"):
        monkeypatch.setenv(f"LICENSING_{name}", str(getattr(settings, name.lower())))
    add(site.world, EVIL, "ann")
    out = tmp_path / "people.csv"

    made = CliRunner().invoke(cli, ["organizations", "export", "--out", str(out)])
    again = CliRunner().invoke(cli, ["organizations", "export", "--out", str(out)])

    assert (made.exit_code, again.exit_code) == (0, 1), (made.output, again.output)
    assert "File exists" in again.output
    assert len(trail(site.world)) == 1  # what was not written was not taken out

    alone = CliRunner().invoke(cli, ["organizations", "export", "--out", str(tmp_path / "no.csv"), "--break-glass", ""])
    assert (alone.exit_code, (tmp_path / "no.csv").exists()) == (2, False)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    with out.open(newline="") as file:
        [line] = csv.DictReader(file)
    assert (line["email"], line["organization"]) == ("ann@acme.example", f"'{EVIL}")
