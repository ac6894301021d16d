"""What goes wrong, or otherwise than usual, with some of the demo's customers."""

from __future__ import annotations

from datetime import timedelta

from licensing.core.demo import at_work
from licensing.core.sales import Term
from licensing.services.deeds import Done
from licensing.services.demo_people import Customer, Stage, Story
from licensing.services.demo_sales import buy
from licensing.services.organizations import Person


def mistaken(stage: Stage, customer: Customer, serial: str, seats: int) -> Story:
    """The sale was a mistake: it is void, and made again with the right number of seats."""
    yield at_work(stage.now + timedelta(days=1))
    issuances = stage.house.licenses.show(customer.seller, customer.license_id).issuances
    if issuances[0].serial == serial:  # nothing is left of the license then, and to end one takes two people
        stage.house.licenses.suspend(customer.seller, customer.license_id, "wrong number of seats")
    stage.house.sales.void(stage.team.manager, serial, "wrong number of seats")
    standing = stage.house.licenses.show(customer.seller, customer.license_id).standing
    customer.license_id = "" if standing.revoked_at is not None else customer.license_id
    customer.seats = 0
    order = customer.draw.of("again")
    customer.took((yield from buy(stage, customer, order, Term(seats, 12), stage.now + timedelta(days=3))))


def merged(stage: Stage, customer: Customer, trial_of: str) -> Story:
    """Sales finds that it has entered a company that had a trial already: the two are one."""
    buyer = customer.organization_id
    yield at_work(stage.now + timedelta(days=17))
    stage.house.organizations.merge(stage.team.manager, trial_of, buyer)


def refunded(stage: Stage, customer: Customer, done: Done) -> Story:
    """A part of the price is paid back."""
    yield at_work(stage.now + customer.draw.days("complains", 30, 0.4))
    if done.charge is not None and done.charge.amount_minor:
        part = max(1, done.charge.amount_minor * customer.draw.number("is paid back", 1, 5) // 10)
        stage.house.sales.refund(stage.team.manager, done.serial, part, "late delivery")


def transferred(stage: Stage, customer: Customer) -> Story:
    """The license goes to another company, which goes on with it."""
    yield at_work(stage.now + customer.draw.days("is bought", 80, 0.4))
    if customer.is_gone:
        return
    company, caller = customer.company, customer.seller
    person = Person(f"it@holding-{company.domain or company.email.partition('@')[2]}", "IT")
    heir = stage.house.organizations.create(caller, f"{company.name} Holding", company.country, None, person)
    stage.house.licenses.transfer(stage.team.manager, customer.license_id, heir.id, "the company was bought")
    customer.organization_id = heir.id


def suspended(stage: Stage, customer: Customer) -> Story:
    """The license rests until it is paid."""
    yield at_work(stage.now + customer.draw.days("does not pay", 50, 0.3))
    if customer.is_gone:
        return
    stage.house.licenses.suspend(stage.team.manager, customer.license_id, "not paid")
    yield at_work(stage.now + timedelta(days=12))
    stage.house.licenses.reinstate(stage.team.manager, customer.license_id, "paid")


def forgotten(stage: Stage, customer: Customer) -> Story:
    """The person who tried wants to be forgotten."""
    yield at_work(stage.now + customer.draw.days("asks", 90, 0.3))
    manager = stage.team.manager
    for contact in stage.house.organizations.show(manager, customer.organization_id).contacts[:1]:
        stage.house.organizations.erase(manager, customer.organization_id, contact.id, ())
