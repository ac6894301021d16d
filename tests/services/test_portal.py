"""The portal: links that work once, sessions that end, and a visitor who sees her own and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from licensing.core.activations import ActivationRequest
from licensing.core.callers import OPERATOR
from licensing.core.errors import (
    InvalidFields,
    LicenseState,
    LinkExpired,
    LinkUnknown,
    LinkUsed,
    NotFound,
    OrganizationState,
    QuoteState,
    Refusal,
    SignInRequired,
)
from licensing.core.portal import MAX_CONTACTS, State
from licensing.services.organizations import Person
from tests.support.portal import JANE, JOE, cluster, customer, secret_of, visitor_of
from tests.support.worlds import FSID, OTHER_FSID, OTHER_UID, UID, World, body_of, token_in

ABSENT = "0" * 32


def links(world: World) -> list[str]:
    """The tokens of all links mailed so far, oldest first."""
    return [token for mail in world.mails() if (token := token_in(mail)) is not None]


def assert_refused(world: World, refusal: type[Refusal], deed: Callable[[], object]) -> str:
    before = world.rows()

    with pytest.raises(refusal) as refused:
        deed()

    assert world.rows() == before
    return refused.value.detail


def test_a_link_goes_to_the_address_on_record_and_opens_a_session(world: World) -> None:
    customer(world, "Jane.Doe@gmail.com")

    world.house.portal.ask("janedoe+portal@googlemail.com")

    mail = world.mails()[-1]
    assert (mail["To"], mail["Subject"]) == ("Jane.Doe@gmail.com", "Sign in to your Koor licenses")
    visitor = world.house.portal.visitor(world.house.portal.enter(world.link_token()).secret)
    assert visitor.folded_email == "janedoe@gmail.com"


def test_an_unknown_address_gets_no_mail_and_leaves_the_trace_that_a_known_one_does(world: World) -> None:
    customer(world)
    world.mails()
    before = world.rows()

    world.house.portal.ask(JOE)

    after = world.rows()
    assert [name for name in after if after[name] != before[name]] == ["portal_link"]
    world.house.portal.ask(JANE)
    assert len(world.rows()["portal_link"]) == 2


def test_a_fourth_link_in_an_hour_is_not_made_and_nobody_is_told(world: World) -> None:
    customer(world)
    for address in (JANE, JOE):
        for _ in range(3):
            world.house.portal.ask(address)
        before = world.rows()
        world.house.portal.ask(address)
        assert world.rows() == before
    assert len(links(world)) == 3

    world.clock.advance(hours=1)
    world.house.portal.ask(JANE)

    assert len(links(world)) == 4


def test_links_asked_for_at_once_are_counted_one_after_the_other(world: World) -> None:
    customer(world)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(world.house.portal.ask, [JANE] * 8))

    assert len(world.rows()["portal_link"]) == 3


def test_a_used_link_voids_itself_and_its_siblings(world: World) -> None:
    customer(world)
    for _ in range(2):
        world.house.portal.ask(JANE)
    first, second = links(world)

    world.house.portal.enter(second)

    for link in (first, second):
        assert_refused(world, LinkUsed, partial(world.house.portal.enter, link))


def test_a_link_opens_one_session_however_many_come_with_it(world: World) -> None:
    customer(world)
    world.house.portal.ask(JANE)
    [link] = links(world)

    def enter(_: int) -> bool:
        try:
            world.house.portal.enter(link)
        except LinkUsed:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(enter, range(8))) == 1


def test_a_link_expires_after_half_an_hour(world: World) -> None:
    customer(world)
    world.house.portal.ask(JANE)
    [link] = links(world)

    world.clock.advance(minutes=30)

    assert_refused(world, LinkExpired, lambda: world.house.portal.enter(link))


@pytest.mark.parametrize("link", ["", "x", "\udcff", "'; DROP TABLE portal_link"])
def test_a_link_that_is_not_ours_opens_nothing(world: World, link: str) -> None:
    assert_refused(world, LinkUnknown, lambda: world.house.portal.enter(link))


def test_neither_link_nor_session_stands_in_the_database(world: World) -> None:
    customer(world)
    secret = secret_of(world)

    rows = world.rows()

    assert secret not in repr(rows)
    assert world.link_token() not in repr({**rows, "outbox": []})


def test_a_session_lives_while_it_is_used_and_ends_for_good(world: World) -> None:
    customer(world)
    secret = secret_of(world)
    for _ in range(7):
        world.clock.advance(minutes=100)
        world.house.portal.visitor(secret)

    world.clock.advance(minutes=20)

    assert_refused(world, SignInRequired, lambda: world.house.portal.visitor(secret))


def test_an_idle_session_and_one_that_was_left_are_over(world: World) -> None:
    customer(world)
    idle, left = secret_of(world), secret_of(world)
    world.house.portal.sign_out(left)
    assert_refused(world, SignInRequired, lambda: world.house.portal.visitor(left))

    world.clock.advance(hours=2)

    assert_refused(world, SignInRequired, lambda: world.house.portal.visitor(idle))


def test_what_is_over_leaves_the_tables(world: World) -> None:
    customer(world)
    secret_of(world)
    world.house.portal.ask(JANE)

    world.clock.advance(hours=2)
    world.house.worker.tick()

    assert (world.rows()["portal_link"], world.rows()["portal_session"]) == ([], [])


def test_a_visitor_sees_the_licenses_of_her_organisations_and_nothing_else(world: World) -> None:
    own, foreign = customer(world), customer(world, JOE, "Other")
    jane = visitor_of(world)

    found = world.house.portal_licenses.page(jane, "", 10)

    assert [(held.standing.license_id, held.organization, held.state) for held in found] == [
        (own.license_id, "Acme GmbH", State.ACTIVE)
    ]
    assert world.house.portal_licenses.page(jane, own.license_id, 10) == []
    house, request = world.house, ActivationRequest(FSID, UID, 1, 1, "BCDF-GHJK")
    deeds: list[Callable[[str], object]] = [
        lambda id: house.portal_licenses.show(jane, id, 0, 10),
        lambda id: house.portal_licenses.find(jane, id),
        lambda id: house.portal_licenses.file(jane, id),
        lambda id: house.activations.by_visitor(jane, id, request),
        lambda id: house.portal_deeds.release(jane, id, FSID),
        lambda id: house.portal_deeds.ask_for_quote(jane, id, 5, ""),
        lambda id: house.portal_deeds.invite(jane, id, Person("x@acme.example", "X")),
    ]
    for deed in deeds:
        told = {assert_refused(world, NotFound, partial(deed, id)) for id in (foreign.license_id, ABSENT)}
        assert told == {"There is no such license."}


def test_a_visitor_sees_what_was_merged_with_her_organisation(world: World) -> None:
    own, other = customer(world), customer(world, JOE, "Acme AG")
    world.house.organizations.merge(OPERATOR, own.organization_id, other.organization_id)

    for email in (JANE, JOE):
        visitor = visitor_of(world, email)
        assert len(world.house.portal_licenses.page(visitor, "", 10)) == 2
        assert len(visitor.memberships) == 1


def test_a_license_that_was_handed_over_keeps_its_past_from_its_new_owner(world: World) -> None:
    own, other = customer(world), customer(world, JOE, "Other")
    world.house.licenses.transfer(OPERATOR, own.license_id, other.organization_id, "sold")

    shown = world.house.portal_licenses.show(visitor_of(world, JOE), own.license_id, 0, 10)

    assert [deed.kind for deed in shown.deeds] == ["transferred"]
    jane = visitor_of(world)
    assert_refused(world, NotFound, lambda: world.house.portal_licenses.find(jane, own.license_id))


def test_seats_of_live_production_clusters_are_in_use(world: World) -> None:
    own = customer(world)
    cluster(world, own.license_id, 3)
    world.clock.advance(days=8)
    cluster(world, own.license_id, 7, OTHER_FSID, OTHER_UID)

    shown = world.house.portal_licenses.show(visitor_of(world), own.license_id, 0, 10)

    assert shown.held.used == 7
    assert [(each.outline.used, each.is_alive, each.is_silent) for each in shown.clusters] == [
        (3, False, True),
        (7, True, False),
    ]
    assert len(world.house.portal_licenses.show(visitor_of(world), own.license_id, 1, 10).clusters) == 1


def test_a_cluster_is_released_once_it_has_certainly_been_silent_for_a_day(world: World) -> None:
    own = customer(world)
    cluster(world, own.license_id)
    world.clock.advance(days=1)
    cluster(world, own.license_id)  # nothing has changed, so this check-in is not written down
    world.clock.advance(days=1, seconds=-1)
    jane = visitor_of(world)
    assert_refused(world, LicenseState, lambda: world.house.portal_deeds.release(jane, own.license_id, FSID))

    world.clock.advance(seconds=1)
    world.house.portal_deeds.release(jane, own.license_id, FSID)

    assert world.rows()["cluster"] == []
    [event] = [row for row in world.rows()["event"] if "cluster.released" in row]
    assert f"portal:{jane.memberships[0].contact_id}" in event
    assert_refused(world, NotFound, lambda: world.house.portal_deeds.release(jane, own.license_id, FSID))


def test_a_released_trial_may_be_used_on_another_cluster(world: World) -> None:
    trial = world.trial()
    cluster(world, trial["license_id"])
    world.clock.advance(days=2)

    world.house.portal_deeds.release(visitor_of(world), trial["license_id"], FSID)

    answer = world.check_in(trial["license_file"]["license"], ["a"], fsid=OTHER_FSID, uid=OTHER_UID)
    assert answer.get_json()["code"] == "VALID"


def test_a_request_for_a_quote_waits_for_sales_and_there_is_one_at_a_time(world: World) -> None:
    own = customer(world)
    jane = visitor_of(world)

    world.house.portal_deeds.ask_for_quote(jane, own.license_id, 50, "we grow")

    assert_refused(world, QuoteState, lambda: world.house.portal_deeds.ask_for_quote(jane, own.license_id, 60, ""))
    [waiting] = world.house.quote_requests.page(OPERATOR, 10)
    assert (waiting.organization, waiting.contact_email, waiting.request.seats) == ("Acme GmbH", JANE, 50)
    assert (own.organization_id,) in {row[1:] for row in world.rows()["report_mark"]}
    world.house.quote_requests.settle(OPERATOR, waiting.request.id)
    assert world.house.quote_requests.page(OPERATOR, 10) == []
    assert_refused(world, NotFound, lambda: world.house.quote_requests.settle(OPERATOR, waiting.request.id))
    world.house.portal_deeds.ask_for_quote(jane, own.license_id, 60, "")


def test_requests_that_come_at_once_are_one(world: World) -> None:
    own = customer(world)
    jane = visitor_of(world)

    def ask(_: int) -> bool:
        try:
            world.house.portal_deeds.ask_for_quote(jane, own.license_id, 50, "")
        except QuoteState:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1


def test_a_colleague_is_told_how_to_sign_in_and_can(world: World) -> None:
    own = customer(world)

    world.house.portal_deeds.invite(visitor_of(world), own.license_id, Person("Kim@acme.example", "Kim"))

    mail = world.mails()[-1]
    assert mail["To"] == "Kim@acme.example"
    assert "jane@acme.example has added you" in body_of(mail)
    assert "https://licenses.example.com/licenses\n" in body_of(mail)
    assert len(world.house.portal_licenses.page(visitor_of(world, "kim@acme.example"), "", 10)) == 1


def test_nobody_is_invited_twice_and_no_more_than_fifty(world: World) -> None:
    own = customer(world)
    jane = visitor_of(world)
    twice = Person("JANE+x@acme.example", "Jane")
    assert_refused(world, InvalidFields, lambda: world.house.portal_deeds.invite(jane, own.license_id, twice))
    for number in range(MAX_CONTACTS - 1):
        world.house.portal_deeds.invite(jane, own.license_id, Person(f"p{number}@acme.example", "P"))

    told = assert_refused(
        world,
        OrganizationState,
        lambda: world.house.portal_deeds.invite(jane, own.license_id, Person("more@acme.example", "M")),
    )

    assert "50 of 50" in told


def test_a_person_gets_all_that_is_known_of_her_and_nothing_of_others(world: World) -> None:
    trial = world.trial("Jane+dcc@acme.example")
    customer(world, JOE, "Other")
    jane = visitor_of(world)
    world.house.portal_deeds.ask_for_quote(jane, trial["license_id"], 9, "my note")

    known = world.house.privacy.export(jane)

    text = repr(known)
    assert {"Jane+dcc@acme.example", "Acme GmbH", "my note", "Confirm your Koor trial"} <= set(
        re.findall(r"'([^']*)'", text)
    )
    assert [len(known[name]) for name in ("contacts", "registrations", "quote_requests", "portal_sessions")] == [1] * 4  # type: ignore[arg-type]
    assert "other" not in text.lower()


def test_a_person_erases_herself_everywhere_and_the_ledger_says_so(world: World) -> None:
    trial = world.trial(JANE)
    second = customer(world, JANE, "Second")
    world.house.organizations.add_contact(OPERATOR, second.organization_id, Person(JOE, "Joe"))
    secret = secret_of(world)
    jane = world.house.portal.visitor(secret)
    world.house.portal_deeds.ask_for_quote(jane, trial["license_id"], 9, "jane wrote this")
    world.house.portal_deeds.invite(jane, trial["license_id"], Person("kim@acme.example", "Kim"))
    world.house.portal.ask(JANE)

    world.house.privacy.erase(jane)

    rows = world.rows()
    assert "jane" not in repr(rows).lower()
    assert rows["portal_session"] == rows["portal_link"] == []
    assert sum("erased" in row for row in rows["issuance"]) == 2
    assert f"portal:{jane.memberships[0].contact_id}" in repr(rows["issuance_record"])
    assert_refused(world, SignInRequired, lambda: world.house.portal.visitor(secret))


def test_who_is_the_only_one_to_write_to_about_a_paid_license_invites_a_colleague_first(world: World) -> None:
    own = customer(world)
    jane = visitor_of(world)

    told = assert_refused(world, OrganizationState, lambda: world.house.privacy.erase(jane))

    assert "Invite a colleague" in told
    world.house.portal_deeds.invite(jane, own.license_id, Person("kim@acme.example", "Kim"))
    world.house.privacy.erase(visitor_of(world))


def test_whom_sales_erase_is_signed_out(world: World) -> None:
    own = customer(world)
    secret = secret_of(world)
    world.house.portal.ask(JANE)
    link = world.link_token()
    [contact] = world.house.organizations.show(OPERATOR, own.organization_id).contacts

    world.house.organizations.erase(OPERATOR, own.organization_id, contact.id, ())

    assert_refused(world, SignInRequired, lambda: world.house.portal.visitor(secret))
    assert_refused(world, LinkUnknown, lambda: world.house.portal.enter(link))
