"""Two people change keys that a production server signs with; or one breaks the glass, and everybody hears it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from pyrage.x25519 import Identity
from sqlalchemy import text

from licensing.core.alarms import AlarmKind
from licensing.core.callers import OPERATOR, Role
from licensing.core.errors import Refusal, SignInRefused, TwoPeopleNeeded
from licensing.core.keys import KeyState, Purpose
from licensing.core.ledger import Kind
from licensing.services.dual_control import Agreement, DualControl, Person
from licensing.services.issuing import NOBODY, Deed, Issuing
from licensing.services.keys import KeyManagement
from licensing.system import System
from tests.recovery.sites import Site
from tests.support.worlds import World


@pytest.fixture
def ann(world: World) -> Person:
    return person(world, "ann", Role.ADMIN)


@pytest.fixture
def bob(world: World) -> Person:
    return person(world, "bob", Role.MANAGER)


def person(world: World, name: str, role: Role) -> Person:
    return Site(world, world.house.settings, Identity.generate()).person(name, role)


@pytest.fixture
def production(world: World) -> KeyManagement:
    """The deeds on keys as a production server does them, with a next key of each purpose."""
    house = world.house
    for purpose in Purpose:
        house.key_management.new(purpose)
    issuing = Issuing(house.keys, house.system, house.settings.public_url)

    def record(kind: Kind, kid: str, now: object, details: object) -> None:
        with house.database.write() as session:
            issuing.note(session, Deed(kind, OPERATOR.id, now, {"kid": kid, **details}), NOBODY, now, kid)  # type: ignore[arg-type, dict-item]

    agree = DualControl(house.database, System(world.clock)).agreed
    return KeyManagement(house.keys, house.system, house.settings.public_url, record, agree, test=False)


def states(world: World) -> list[tuple[str, KeyState]]:
    return [(key.kid, key.state) for key in world.house.key_management.list()]


def newest_record(world: World) -> dict[str, str]:
    """The private record of the newest leaf."""
    newest = world.house.ledger.page(None, None, 1)[0].issuance
    assert newest.kind in (Kind.KEY_ACTIVATED, Kind.KEY_RETIRED)
    with world.house.database.read() as session:
        question = text("SELECT record FROM issuance_record WHERE serial = :serial")
        record = session.scalar(question, {"serial": newest.serial})
    return dict(json.loads(bytes(record or b""))["details"])


def test_two_people_let_the_next_key_sign_and_the_leaf_names_them(
    world: World, production: KeyManagement, ann: Person, bob: Person
) -> None:
    production.rotate(Purpose.LICENSE, agreement=Agreement((ann, bob)))

    assert KeyState.NEXT not in {key.state for key in production.list() if key.purpose is Purpose.LICENSE}
    assert newest_record(world)["agreed_by"].count("staff:") == 2
    assert world.house.alarms.page(OPERATOR, 10) == []


@pytest.mark.parametrize(
    ("people", "refusal"),
    [
        (lambda ann, bob: (), TwoPeopleNeeded),
        (lambda ann, bob: (ann,), TwoPeopleNeeded),
        (lambda ann, bob: (ann, replace(bob, password="another")), SignInRefused),
        (lambda ann, bob: (ann, replace(bob, code="000000")), SignInRefused),
        (lambda ann, bob: (ann, replace(bob, email="nobody@koor.example")), SignInRefused),
        (lambda ann, bob: (ann, ann), SignInRefused),
    ],
    ids=["nobody", "one", "a wrong password", "a wrong code", "a stranger", "one twice"],
)
@pytest.mark.parametrize("revokes", [False, True])
def test_who_is_not_two_changes_no_key(
    world: World,
    production: KeyManagement,
    ann: Person,
    bob: Person,
    people: Callable[[Person, Person], tuple[Person, ...]],
    refusal: type[Refusal],
    revokes: bool,
) -> None:
    before, leaves = states(world), world.rows()["ledger_leaf"]
    active = next(key.kid for key in production.list() if key.state is KeyState.ACTIVE)
    agreement = Agreement(people(ann, bob))
    deed = partial(production.retire, active, revoke=True) if revokes else partial(production.rotate, Purpose.LEASE)

    with pytest.raises(refusal):
        deed(agreement=agreement)

    assert states(world) == before
    assert world.rows()["ledger_leaf"] == leaves


@pytest.mark.parametrize("role", [Role.SALES, Role.SUPPORT, Role.AUDITOR])
def test_a_clerk_is_not_asked(world: World, production: KeyManagement, ann: Person, role: Role) -> None:
    with pytest.raises(SignInRefused):
        production.rotate(Purpose.LICENSE, agreement=Agreement((ann, person(world, "carl", role))))


def test_an_agreement_can_t_be_used_twice(world: World, production: KeyManagement, ann: Person, bob: Person) -> None:
    agreement = Agreement((ann, bob))
    production.rotate(Purpose.LICENSE, agreement=agreement)

    with pytest.raises(SignInRefused):
        production.rotate(Purpose.LEASE, agreement=agreement)


def test_one_alone_breaks_the_glass_and_every_admin_is_told(world: World, production: KeyManagement) -> None:
    admin = world.sign_in("admin", "root@koor.example")
    production.rotate(Purpose.LICENSE, agreement=Agreement(break_glass="the key was published at noon"))

    assert newest_record(world)["break_glass"] == "the key was published at noon"
    [alarm] = world.house.alarms.page(OPERATOR, 10)
    assert alarm.kind == AlarmKind.GLASS_BROKEN
    world.house.alarms.tell()
    assert any(mail["To"] == "root@koor.example" and "alarm" in mail["Subject"].lower() for mail in world.mails())
    assert admin.get("/console/alarms").text.count("broke the glass") >= 1


def test_a_statement_that_another_machine_signed_needs_two_as_well(
    world: World, production: KeyManagement, ann: Person, bob: Person, tmp_path: Path
) -> None:
    root = next((world.house.settings.keys_dir / "root").glob("TEST-root-*.key.pem"))
    elsewhere = root.rename(tmp_path / root.name)
    step = production.rotate(Purpose.LICENSE)
    assert step.unsigned is not None
    signed = production.sign(step.unsigned.read_text(), elsewhere)

    with pytest.raises(TwoPeopleNeeded):
        production.install(signed)
    production.install(signed, Agreement((ann, bob)))

    assert newest_record(world)["agreed_by"]


def test_a_key_that_is_only_announced_needs_nobody(world: World, production: KeyManagement) -> None:
    assert [key.state for key in production.list()].count(KeyState.NEXT) == len(Purpose)
