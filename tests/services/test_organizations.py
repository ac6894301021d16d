"""The customers' book: found in spite of typos, merged without rewriting history, and persons that are erased."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import insert

from licensing.core.callers import OPERATOR
from licensing.core.errors import Forbidden, InvalidFields, NotFound, OrganizationState, Refusal
from licensing.services.organizations import Person
from licensing.storage.organizations import GramRow, OrganizationRow
from tests.support.worlds import World, sell

MAILBOX = "jane.doe@gmail.com"


def add(world: World, name: str, domain: str | None = None, email: str | None = None) -> str:
    person = None if email is None else Person(email, "Jane <b>Doe</b>")
    return world.house.organizations.create(OPERATOR, name, "DE", domain, person).id


def names(world: World, query: str) -> list[str]:
    return [found.name for found in world.house.organizations.search(OPERATOR, query, 10)]


def assert_refused(world: World, refusal: type[Refusal], deed: Callable[[], object]) -> None:
    before = world.rows()

    with pytest.raises(refusal):
        deed()

    assert world.rows() == before


@pytest.mark.parametrize("query", ["Acme Gmb", "amce", "acme.exmaple", "it@acme"])
def test_a_customer_is_found_by_what_somebody_remembers(world: World, query: str) -> None:
    add(world, "Acme GmbH", "acme.example", "it@acme.example")
    add(world, "Zenith")

    assert names(world, query)[0] == "Acme GmbH"
    assert "Zenith" not in names(world, query)


def test_a_customer_is_found_by_what_is_true_now(world: World) -> None:
    id = add(world, "Acme GmbH")

    world.house.organizations.change(OPERATOR, id, name="Zenith")

    assert (names(world, "acme"), names(world, "zenith")) == ([], ["Zenith"])


def test_a_customer_that_came_by_a_trial_is_found(world: World) -> None:
    world.trial()

    assert names(world, "jane@acme") == ["Acme GmbH"]


def test_twenty_thousand_customers_are_searched_by_the_database(world: World) -> None:
    id = add(world, "Müller & Söhne")
    now = world.clock()
    ids = [f"{number:032x}" for number in range(20_000)]
    rows = [{"id": each, "name": f"Customer {each}", "country": "DE", "created_at": now} for each in ids]
    with world.house.database.write() as session:
        session.execute(insert(OrganizationRow), rows)
        session.execute(insert(GramRow), [{"gram": "zzz", "organization_id": each} for each in ids])

    found = world.house.organizations.search(OPERATOR, "mueller", 10)

    assert [each.id for each in found] == [id]


def test_a_merged_customer_is_found_and_shown_as_the_survivor(world: World) -> None:
    duplicate, survivor = add(world, "Acme", email="old@acme.example"), add(world, "Zenith", email="new@z.example")

    world.house.organizations.merge(OPERATOR, duplicate, survivor)

    shown = world.house.organizations.show(OPERATOR, duplicate)
    assert (shown.organization.id, shown.merged) == (survivor, (duplicate,))
    assert {contact.email for contact in shown.contacts} == {"old@acme.example", "new@z.example"}
    assert names(world, "acme") == ["Zenith"]


def test_a_merge_leaves_licenses_with_who_bought_them(world: World) -> None:
    license, survivor = sell(world), add(world, "Zenith")

    world.house.organizations.merge(OPERATOR, license.organization_id, survivor)

    held = world.house.organizations.show(OPERATOR, survivor).licenses
    assert [(each.license_id, each.organization_id) for each in held] == [(license.license_id, license.organization_id)]


def test_merges_make_no_chains(world: World) -> None:
    first, second, third = (add(world, name) for name in ("One", "Two", "Three"))
    merge = world.house.organizations.merge

    merge(OPERATOR, first, second)
    merge(OPERATOR, second, third)

    shown = world.house.organizations.show(OPERATOR, first)
    assert shown.organization.id == third
    assert set(shown.merged) == {first, second}


def test_one_customer_is_not_merged_with_itself(world: World) -> None:
    first, second, third = (add(world, name) for name in ("One", "Two", "Three"))
    merge = world.house.organizations.merge
    merge(OPERATOR, first, second)

    for duplicate, survivor in ((third, third), (first, third), (first, second), (second, first)):
        assert_refused(world, OrganizationState, partial(merge, OPERATOR, duplicate, survivor))
    assert_refused(world, NotFound, lambda: merge(OPERATOR, third, "0" * 32))


def test_a_confined_caller_sees_its_own_customer_only(world: World) -> None:
    own, other = add(world, "Acme One"), add(world, "Acme Two")
    caller = replace(OPERATOR, organization_id=own)
    book = world.house.organizations

    assert [found.id for found in book.search(caller, "acme", 10)] == [own]
    assert [found.id for found in book.page(caller, "", 10)] == [own]
    assert_refused(world, NotFound, lambda: book.show(caller, other))
    assert_refused(world, Forbidden, lambda: book.merge(caller, own, other))
    assert_refused(world, Forbidden, lambda: book.create(caller, "New", "DE", None, None))


def test_nothing_names_an_erased_person_and_the_audit_passes(world: World) -> None:
    world.register("Jane.Doe+trial@gmail.com")
    world.confirm()
    serial = newest_serial(world)
    shown = jane(world)

    world.house.organizations.erase(OPERATOR, shown[0], shown[1], [serial])

    rows = repr(world.rows()).lower()
    assert "gmail.com" not in rows
    assert "jane" not in rows
    assert world.house.audit.run().findings == []


def test_a_mail_about_an_erased_person_never_leaves(world: World) -> None:
    world.trial(MAILBOX)
    sent = len(world.mails())
    world.register(MAILBOX)
    organization, contact = jane(world)

    world.house.organizations.erase(OPERATOR, organization, contact, [])

    assert len(world.mails()) == sent


def test_who_was_erased_gets_no_second_trial(world: World) -> None:
    world.trial(MAILBOX)
    organization, contact = jane(world)
    world.house.organizations.erase(OPERATOR, organization, contact, [])

    world.register(MAILBOX)

    assert "token=" not in str(world.mails()[-1])


def test_nobody_is_erased_twice_or_with_a_foreign_issuance(world: World) -> None:
    world.trial(MAILBOX)
    organization, contact = jane(world)
    foreign = sell(world).jti
    erase = world.house.organizations.erase

    assert_refused(world, InvalidFields, lambda: erase(OPERATOR, organization, contact, [foreign]))
    erase(OPERATOR, organization, contact, [])
    assert_refused(world, NotFound, lambda: erase(OPERATOR, organization, contact, []))


def jane(world: World) -> tuple[str, str]:
    """The ids of the newest customer and its first contact."""
    organization = world.house.organizations.page(OPERATOR, "", 1)[0]
    return organization.id, world.house.organizations.show(OPERATOR, organization.id).contacts[0].id


def newest_serial(world: World) -> str:
    held = world.house.organizations.show(OPERATOR, jane(world)[0]).licenses
    return held[0].jti
