"""A page of many rows asks the database no more often than one of few."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from licensing.core.callers import OPERATOR
from licensing.core.milestones import Aim
from licensing.core.portal import opened
from licensing.core.prices import Price, VolumeDiscount
from licensing.core.sales import Purchase, Term
from licensing.core.sessions import secret_hash
from licensing.services.organizations import Person
from licensing.services.quotes import Wish
from licensing.storage import portal, quote_requests
from licensing.storage.quote_requests import QuoteRequest
from licensing.web.portal.access import PORTAL_COOKIE
from tests.support.statements import heard
from tests.support.worlds import Browser, World, browser, nodes, standing, token_of
from tests.web.staff_routes import SOMEBODY

FEW, MANY = 12, 60
"""Few fill every card of the page Today, which counts no further what it shows whole."""
JANE = "jane@grower.example"
CONSOLE = (
    *("", "/organizations", "/search?q=grower", "/organizations/{buyer}", "/organizations/{buyer}?all=1"),
    *("/licenses", "/licenses?edition=pro&state=active&days=400", "/licenses/{license}"),
    *("/licenses/{license}/clusters", "/licenses/{license}/clusters/{fsid}", "/licenses/{license}/renewal"),
    *("/licenses/{license}/seats", "/licenses/{sold}/sales/{serial}", "/licenses/new?organization={buyer}"),
    *("/quotes", "/quotes?state=pending", "/quotes/new?organization={buyer}", "/quotes/requests"),
    *("/leads", "/milestones", "/milestones/{milestone}", "/settings"),
    *("/reports", "/reports?by=salesperson", "/reports/conversions", "/reports/cohorts", "/reports/retention"),
    *("/reports/funnel/behind?step=registered", "/reports/conversions/behind?what=direct"),
    *("/reports/retention/behind",),
)
UPKEEP = ("", "/ledger", "/outbox", "/staff", "/api-keys", "/webhooks", "/webhooks/{webhook}", "/alarms")
HOOK = "https://crm.example.invalid/hook"
PORTAL = ("", "/{license}", "/{license}/activation", "/privacy")


@dataclass
class Growing:
    """A world that gets more of everything: `grow` adds to each list there is."""

    world: World
    buyer: str = ""
    names: dict[str, str] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10_000)))

    def __post_init__(self) -> None:
        world, day = self.world, self.world.clock().replace(hour=0)
        world.house.prices.put(OPERATOR, Price("EUR", 120_000, day))
        self.buyer = self._customer("Grower AG", JANE)
        done = world.house.sales.sell(OPERATOR, self.buyer, Term(2_000, 12, bind=(_fsid(0),)), Purchase("PO", "EUR"))
        wide = standing(world.house.sales.sell(OPERATOR, self._customer("Wide AG", JANE), Term(2_000, 12), None))
        milestone = world.house.milestones.set(OPERATOR, "Spring", day, day, {Aim.NEW_CUSTOMERS: 1})
        self.names = {
            "buyer": self.buyer,
            "license": wide.license_id,
            "fsid": _fsid(1),
            "serial": done.serial,
            "sold": standing(done).license_id,
            "milestone": milestone.milestone.id,
            "webhook": world.house.webhooks.create(OPERATOR, HOOK, [], 0).webhook.id,
        }

    def grow(self, count: int) -> None:
        """There are `count` more of everything."""
        for number in [next(self.numbers) for _ in range(count)]:
            with self.world.house.database.joined():
                self._sell(number)
                self._let_in(number)
            self._use(number)
        self.world.house.rollups.catch_up()

    def paths(self, prefix: str, patterns: Iterable[str]) -> list[str]:
        return [f"{prefix}{pattern.format(**self.names)}" for pattern in patterns]

    def _sell(self, number: int) -> None:
        house, license_id, day = self.world.house, self.names["license"], self.world.clock().replace(hour=0)
        self._customer(f"Grower {number} GmbH", JANE)
        contact = house.organizations.add_contact(
            OPERATOR, self.buyer, Person(f"p{number}@grower.example", f"Person {number}")
        )
        sold = house.sales.sell(OPERATOR, self.buyer, Term(5, 12, bind=(_fsid(1_000 + number),)), None)
        for caller, discount in ((OPERATOR, 0), (SOMEBODY, 20)):
            house.quotes.make(caller, Wish(self.buyer, None, False, Term(number, 12), "EUR", discount))
        house.licenses.reissue(OPERATOR, license_id, "lost")
        with house.database.write() as session:
            wish = QuoteRequest(house.system.new_id(), self.buyer, standing(sold).license_id, contact, 40, "", day)
            quote_requests.add(session, wish)

    def _let_in(self, number: int) -> None:
        house, day = self.world.house, self.world.clock().replace(hour=0)
        self.world.sign_in("support")
        house.api_keys.create(OPERATOR, f"CRM {number}", ["customers.read"], 30, None)
        house.webhooks.deliver()  # to nowhere: messages wait
        house.milestones.set(OPERATOR, f"Goal {number}", day, day + timedelta(days=number), {Aim.NEW_CUSTOMERS: 1})
        house.prices.put(OPERATOR, Price("EUR", 120_000, day + timedelta(days=number)))
        house.prices.put_step(OPERATOR, VolumeDiscount(number, 5, day))

    def _use(self, number: int) -> None:
        trial = self.world.trial(f"it@trial{number}.example")
        free, paid = (token_of(self.world, each) for each in (str(trial["license_id"]), self.names["license"]))
        for mail in (self.world.house.settings.data_dir / "mail").iterdir():
            mail.unlink()  # the next trial looks through all there are
        for token, fsid in ((free, _fsid(2_000 + number)), (paid, _fsid(number))):
            assert self.world.check_in(token, nodes(4), fsid=fsid, uid=fsid).status_code == 200

    def _customer(self, name: str, email: str) -> str:
        return self.world.house.organizations.create(OPERATOR, name, "DE", None, Person(email, "Jane Doe")).id


@pytest.fixture
def growing(world: World) -> Growing:
    return Growing(world)


def visitor(world: World) -> Browser:
    """Jane at her browser, signed in to the portal."""
    secret, client = world.house.system.new_session(), browser(world)
    with world.house.database.write() as session:
        portal.open_session(session, secret_hash(secret), opened(JANE, world.clock()))
    client.set_cookie(PORTAL_COOKIE, secret, path="/licenses")
    return client


def statements(world: World, client: Browser, paths: list[str]) -> dict[str, int]:
    """How often each page asks the database."""
    counts = {}
    for path in paths:
        with heard(world.house.database.engine) as asked:
            answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        counts[path] = len(asked)
    return counts


def test_no_page_asks_the_database_more_often_with_more_rows(growing: Growing) -> None:
    world = growing.world
    manager, admin, jane = world.sign_in("manager").client, world.sign_in("admin").client, visitor(world)
    looks = (
        (manager, growing.paths("/console", CONSOLE)),
        (admin, growing.paths("/console", UPKEEP)),
        (jane, growing.paths("/licenses", PORTAL)),
    )
    growing.grow(FEW)
    few = [statements(world, client, paths) for client, paths in looks]

    growing.grow(MANY - FEW)

    many = [statements(world, client, paths) for client, paths in looks]
    grown = {path: (before[path], now[path]) for before, now in zip(few, many, strict=True) for path in now}
    assert {path: counts for path, counts in grown.items() if counts[1] > counts[0]} == {}


def _fsid(number: int) -> str:
    return str(UUID(int=number + 1))
