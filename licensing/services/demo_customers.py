"""The stories of the demo's customers, from the beginning."""

from __future__ import annotations

from datetime import datetime, timedelta

from licensing.core.demo import at_work, company, first_seats, registration_days
from licensing.core.sales import Term
from licensing.services.demo_mishaps import forgotten, merged, mistaken, refunded, suspended, transferred
from licensing.services.demo_people import Customer, Stage, Story
from licensing.services.demo_sales import MONTHS, buy, idly_offered, terms
from licensing.services.demo_trials import CONFIRMS, SOURCES, Plan, cluster, confirmed, paying, planned, registered
from licensing.services.organizations import Person

HAS_DOMAIN = 0.82
LOOKS_AT_PRICES = 0.06
MERGED, VOIDED, REFUNDED, TRANSFERRED, SUSPENDED = (120, 3), (50, 1), (25, 7), (45, 2), (50, 4)
"""(every, from): which purchases have a story of their own."""
FORGOTTEN = 8
"""Which of those who never buy."""


def trial(stage: Stage, number: int) -> Story:
    """A company registers, and perhaps goes on from there."""
    draw = stage.draw.of("trial", number)
    tried = company(stage.draw, number, has_domain=draw.happens("has a domain", HAS_DOMAIN))
    yield at_work(stage.first + timedelta(days=registration_days(draw, (stage.end - stage.first).days)))
    source = draw.weighted("source", SOURCES)
    yield from registered(stage, tried, draw, source)
    if not draw.happens("confirms", CONFIRMS):
        return
    customer = Customer(tried, draw, stage.team.seller(tried.country))
    yield from confirmed(stage, customer, source)
    _follow(stage, customer, planned(draw))


def _follow(stage: Stage, customer: Customer, plan: Plan) -> None:
    """What comes after a confirmation is told."""
    if plan.habit is not None:
        stage.tell(cluster(stage, customer, plan.habit))
    if plan.buys_in is not None:
        stage.tell(first_purchase(stage, customer, stage.now + plan.buys_in))
    elif stage.number("not bought") == FORGOTTEN:
        stage.tell(forgotten(stage, customer))
    elif plan.habit is not None and customer.draw.happens("looks at prices", LOOKS_AT_PRICES):
        stage.tell(idly_offered(stage, customer, stage.now + customer.draw.days("looks at prices", 30)))


def direct(stage: Stage, number: int) -> Story:
    """A company that never had a trial is a customer."""
    draw, buyer = stage.draw.of("direct", number), company(stage.draw, number)
    at = stage.first + timedelta(days=registration_days(draw, (stage.end - stage.first).days))
    yield at_work(at)
    customer = Customer(buyer, draw, stage.team.seller(buyer.country))
    _enter(stage, customer)
    yield from first_purchase(stage, customer, stage.now + timedelta(days=25) + draw.days("decides", 20))


def first_purchase(stage: Stage, customer: Customer, at: datetime) -> Story:
    """The company is a customer, for as long as it stays one."""
    yield at - timedelta(days=25)
    number, draw, seats = stage.number("purchases"), customer.draw.of("first"), first_seats(customer.draw)
    trial_of = customer.organization_id if customer.license_id else ""
    if trial_of and _is(number, MERGED):
        _enter(stage, customer)
    done = yield from buy(stage, customer, draw, Term(seats, draw.weighted("months", MONTHS)), at)
    customer.took(done)
    if _is(number, VOIDED):
        yield from mistaken(stage, customer, done.serial, seats + 1)
    _install(stage, customer, trial_of)
    if _is(number, REFUNDED):
        stage.tell(refunded(stage, customer, done))
    if _is(number, TRANSFERRED):
        stage.tell(transferred(stage, customer))
    if _is(number, SUSPENDED):
        stage.tell(suspended(stage, customer))
    yield from terms(stage, customer)


def _install(stage: Stage, customer: Customer, trial_of: str) -> None:
    """Whose license is not that of her trial has the new one on her cluster; two that are one customer are merged."""
    if trial_of == customer.organization_id:
        return
    customer.token = str(stage.house.licenses.file(customer.seller, customer.license_id)["license"])
    stage.tell(merged(stage, customer, trial_of) if trial_of else cluster(stage, customer, paying(customer.draw)))


def _enter(stage: Stage, customer: Customer) -> None:
    """Sales has the company in its book, without a license."""
    company = customer.company
    person = Person(company.email, company.person)
    made = stage.house.organizations.create(customer.seller, company.name, company.country, company.domain, person)
    customer.organization_id, customer.license_id = made.id, ""


def _is(number: int, of: tuple[int, int]) -> bool:
    return number % of[0] == of[1]
