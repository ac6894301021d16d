"""What the demo's company does besides selling: keys, prices, sales of before, and what it wants to reach."""

from __future__ import annotations

import csv
from datetime import timedelta
from io import StringIO

from licensing.core.callers import OPERATOR
from licensing.core.demo import company, first_seats
from licensing.core.keys import Purpose
from licensing.core.milestones import Aim
from licensing.core.periods import day_of
from licensing.core.prices import Price, VolumeDiscount
from licensing.services.deeds import Done
from licensing.services.demo_people import Customer, Stage, Story
from licensing.services.demo_sales import terms
from licensing.services.demo_trials import cluster, paying

ROTATES = timedelta(days=330)
"""A key signs for 365 days."""
NODE_YEAR = {"EUR": 120_000, "USD": 130_000}
DEARER_PERCENT = 5
VOLUME = ((25, 5), (50, 10), (100, 15), (250, 20))
"""(seats from, percent off)."""
COLUMNS = [
    "organization",
    "country",
    "email",
    "name",
    "seats",
    "start",
    "end",
    "sold_on",
    "order_number",
    "amount",
    "currency",
    "kind",
]
YEAR = timedelta(days=365)
GOALS = {Aim.NEW_CUSTOMERS: 0.036, Aim.ENTERPRISE_DEALS: 0.028}
"""Of all trials: what is to be reached in half a year."""


def prices(stage: Stage) -> Story:
    """There is a price list; after a year it is dearer."""
    yield stage.first
    for seats, percent in VOLUME:
        stage.house.prices.put_step(stage.team.manager, VolumeDiscount(seats, percent, day_of(stage.now)))
    for percent in (0, DEARER_PERCENT):
        for currency, minor in NODE_YEAR.items():
            price = Price(currency, minor * (100 + percent) // 100, day_of(stage.now))
            stage.house.prices.put(stage.team.manager, price)
        yield stage.first + YEAR


def keys(stage: Stage) -> Story:
    """Every working key is rotated before it may sign no longer."""
    while True:
        yield stage.now + ROTATES
        for purpose in Purpose:
            stage.house.key_management.new(purpose)
            stage.house.key_management.rotate(purpose)


def goal(stage: Stage, trials: int) -> Story:
    """There is a milestone that is not over yet."""
    began = day_of(stage.end - timedelta(days=120))
    yield began + timedelta(hours=9)
    targets = {aim: max(1, round(trials * share)) for aim, share in GOALS.items()}
    stage.house.milestones.set(stage.team.manager, "Next half-year", began, began + timedelta(days=180), targets)


def past(stage: Stage, first_number: int, customers: int) -> Story:
    """What was sold before there was this server is in the book, and the terms that run go on."""
    yield stage.first + timedelta(days=1, hours=2)
    numbers = range(first_number, first_number + customers)
    stage.house.imports.apply(OPERATOR, _file(stage, numbers))
    companies = {made.name: made for made in (company(stage.draw, number) for number in numbers)}
    for standing in stage.house.licenses.page(OPERATOR, "", customers):
        name = stage.house.organizations.show(OPERATOR, standing.organization_id).organization.name
        known, draw = companies[name], stage.draw.of("past", name)
        customer = Customer(known, draw, stage.team.seller(known.country), standing.organization_id)
        customer.took(Done(standing, standing.jti))
        customer.token = str(stage.house.licenses.file(OPERATOR, standing.license_id)["license"])
        stage.tell(cluster(stage, customer, paying(draw)))
        stage.tell(terms(stage, customer))


def _file(stage: Stage, numbers: range) -> bytes:
    """An import file: most terms still run, and of those some have followed another."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for number in numbers:
        draw, buyer = stage.draw.of("past sale", number), company(stage.draw, number)
        seats, start = first_seats(draw), stage.first - timedelta(days=draw.number("started", 20, 340))
        terms_ago = [0] if draw.happens("runs", 0.8) else [1]
        if draw.happens("was renewed", 0.5):
            terms_ago = [terms_ago[0] + 1, *terms_ago]
        for ago, kind in zip(terms_ago, ("sold", "renewed"), strict=False):
            began = start - ago * YEAR
            days = (f"{day.date()}" for day in (began, began + YEAR, began - timedelta(days=6)))
            paid = (f"OLD-{number}-{ago}", f"{seats * 1_000}.00", buyer.currency, kind)
            rows.writerow((buyer.name, buyer.country, buyer.email, buyer.person, seats, *days, *paid))
    return text.getvalue().encode()
