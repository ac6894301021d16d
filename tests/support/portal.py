"""Customers in the portal: with a license of their own, and signed in."""

from __future__ import annotations

from datetime import datetime

from licensing.core.callers import OPERATOR
from licensing.core.portal import Visitor
from licensing.core.sales import Term
from licensing.core.standings import Standing
from licensing.services.organizations import Person
from licensing.web.portal.access import PORTAL_COOKIE
from tests.support.worlds import FSID, UID, Browser, World, browser, nodes, standing, token_of

JANE, JOE = "jane@acme.example", "joe@other.example"


def customer(world: World, email: str = JANE, name: str = "Acme GmbH", seats: int = 25) -> Standing:
    """A paid license of a new customer with one contact."""
    buyer = world.house.organizations.create(OPERATOR, name, "DE", None, Person(email, "Jane Doe"))
    return standing(world.house.sales.sell(OPERATOR, buyer.id, Term(seats, 12), None))


def secret_of(world: World, email: str = JANE) -> str:
    """The secret of a new session, by way of the mail."""
    world.house.portal.ask(email)
    return world.house.portal.enter(world.link_token()).secret


def visitor_of(world: World, email: str = JANE) -> Visitor:
    return world.house.portal.visitor(secret_of(world, email))


def signed_in(world: World, email: str = JANE) -> Browser:
    """Her browser, with a session in it."""
    client = browser(world)
    client.set_cookie(PORTAL_COOKIE, secret_of(world, email), path="/licenses")
    return client


def cluster(world: World, license_id: str, count: int = 3, fsid: str = FSID, uid: str = UID) -> datetime:
    """A cluster that has checked in; when that was."""
    answer = world.check_in(token_of(world, license_id), nodes(count), fsid=fsid, uid=uid)
    assert answer.status_code == 200, answer.text
    return world.clock()
