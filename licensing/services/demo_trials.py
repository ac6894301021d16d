"""How the demo's companies try: registrations, confirmations, and clusters that check in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from licensing.core.clusters import Report
from licensing.core.demo import Company, Draw, at_work
from licensing.core.trials import Source
from licensing.services.demo_people import Customer, Stage, Story
from licensing.services.idempotency import Rendered
from licensing.services.registrations import Applicant
from licensing.services.trials import Confirmed

SOURCES = {Source.PAGE: 60, Source.DEVICE_CODE: 19, Source.INVITATION: 12, Source.SALES: 6, Source.IMPORT: 3}
CONFIRMS = 0.67
LOSES_MAIL = 0.05
ACTIVATES = 0.87
HABITS = {"small": 56, "full": 28, "over": 16}
BUYS = {"none": 0.015, "small": 0.06, "full": 0.18, "over": 0.44}
"""How likely a purchase is, by how the trial is used."""
NODES = {"small": (1, 3), "full": (1, 4), "over": (2, 8)}
"""Nodes at first and at most."""
KEEPS = 0.35
"""Stays on the trial for good."""
FOR_GOOD = timedelta(days=3_650)


@dataclass(frozen=True, slots=True)
class Habit:
    """How a cluster is used: it arrives, grows once, and is gone after a while unless it is paid for."""

    arrives_in: timedelta
    first: int
    most: int
    grows_in: timedelta
    stays: timedelta


@dataclass(frozen=True, slots=True)
class Plan:
    """What becomes of a trial: how its cluster is used, if there is one, and when the company buys, if it does."""

    habit: Habit | None
    buys_in: timedelta | None


def planned(draw: Draw) -> Plan:
    """Who uses more is more likely to buy, and uses more some time before."""
    name = draw.weighted("habit", HABITS) if draw.happens("activates", ACTIVATES) else "none"
    buys_in = timedelta(days=2) + draw.days("decides", 52) if draw.happens("buys", BUYS[name]) else None
    if name == "none":
        return Plan(None, buys_in)
    least, most = NODES[name]
    if name == "over":
        most = draw.number("most", 5, most)
    grows_in = draw.days("grows", 25) if buys_in is None else buys_in * (0.2 + 0.5 * draw.share("grows"))
    stays = FOR_GOOD if buys_in is not None or draw.happens("keeps", KEEPS) else draw.days("stays", 60, 1.1)
    arrives_in = min(draw.days("arrives", 0.6, 1.5), grows_in * 0.9)
    return Plan(Habit(arrives_in, draw.number("first", least, min(most, 4) - 1), most, grows_in, stays), buys_in)


def registered(stage: Stage, company: Company, draw: Draw, source: Source) -> Story:
    """The company has asked for a trial: once, or again when the first mail was lost."""
    expected = draw.number("expects", 1, 12)
    applicant = Applicant(company.email, company.person, company.name, company.country, expected)
    stage.house.registrations.register(applicant, source)
    if draw.happens("loses the mail", LOSES_MAIL):
        yield at_work(stage.now + draw.days("looks for it", 2))
        stage.house.registrations.register(applicant, source)


def confirmed(stage: Stage, customer: Customer, source: Source) -> Story:
    """The customer has its license: by the code on a device, else by the link."""
    link, code, has_code = stage.scene.link, stage.scene.code, source is Source.DEVICE_CODE
    heard: list[Confirmed] = []

    def hear(answer: Confirmed) -> Rendered:
        heard.append(answer)
        return Rendered(201, b"")

    yield stage.now + timedelta(minutes=customer.draw.number("reads its mail", 1, 9 if has_code else 55))
    if has_code:
        stage.house.trials.confirm_code(customer.company.email, code, hear)
    else:
        stage.house.trials.confirm_link(link, hear)
    standing = heard[0].standing
    customer.organization_id, customer.license_id = standing.organization_id, standing.license_id
    customer.token = str(heard[0].license_file["license"])


def cluster(stage: Stage, customer: Customer, habit: Habit) -> Story:
    """A cluster checks in until the trial is given up, or the term is over."""
    began, draw = stage.now + habit.arrives_in, customer.draw.of("cluster")
    yield began
    for number in range(1_000):
        if customer.is_gone or not (customer.seats or stage.now - began < habit.stays):
            return
        _check_in(stage, customer, _nodes(stage, customer, habit, began))
        following = stage.now + timedelta(days=draw.number(f"waits {number}", 30, 90))
        if not customer.seats and stage.now < began + habit.grows_in:
            following = min(following, began + habit.grows_in)
        last = stage.end - timedelta(minutes=draw.number("last", 5, 2_000))
        yield min(following, last) if stage.now < last else stage.end


def paying(draw: Draw) -> Habit:
    """The habit of a cluster that was never on a trial."""
    return Habit(draw.days("installs", 4), 0, 0, timedelta(), FOR_GOOD)


def _nodes(stage: Stage, customer: Customer, habit: Habit, began: datetime) -> int:
    if customer.seats:
        return max(1, round(customer.seats * (0.55 + 0.5 * customer.draw.share("fills"))))
    return habit.most if stage.now >= began + habit.grows_in else habit.first


def _check_in(stage: Stage, customer: Customer, nodes: int) -> None:
    draw = customer.draw.of("cluster")
    names = tuple(f"node-{number:03}" for number in range(nodes))
    report = Report(draw.uuid("fsid"), draw.uuid("uid"), "production", "0.6.0", names, "demo")
    answer = stage.house.checkins.check_in(customer.token, report, None)
    if answer.license_file is not None:
        customer.token = str(answer.license_file["license"])
