"""The people of the demo: the staff that sells, and the customers that its stories are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from heapq import heappop, heappush
from typing import Protocol

from licensing.core.callers import OPERATOR, PERMISSIONS, Caller, Role
from licensing.core.demo import Company, Draw
from licensing.core.periods import FIRST
from licensing.services.checkins import Checkins
from licensing.services.deeds import Done
from licensing.services.imports import Imports
from licensing.services.keys import KeyManagement
from licensing.services.ledger import Ledger
from licensing.services.licenses import Licenses
from licensing.services.milestones import Milestones
from licensing.services.organizations import Organizations
from licensing.services.prices import Prices
from licensing.services.quotes import Quotes
from licensing.services.registrations import Registrations
from licensing.services.reports import Reports
from licensing.services.rollups import Rollups
from licensing.services.sales import Sales
from licensing.services.signing import KeyStore
from licensing.services.staff import Staff
from licensing.services.trials import Trials
from licensing.storage.database import Database
from licensing.system import System

Story = Iterator[datetime]
"""Does what happens at a moment, and yields the moment at which it goes on."""

MANAGER = ("manager@koor.example", "Martina Adler", 100)
SELLERS = (
    ("jonas@koor.example", "Jonas Brandt", 15),
    ("sophie@koor.example", "Sophie Laurent", 10),
    ("oliver@koor.example", "Oliver Grant", 10),
    ("piotr@koor.example", "Piotr Zielinski", 5),
)
"""Address, name, and percent that she may take off alone."""
REGIONS = {"DE": 0, "AT": 0, "CH": 0, "FR": 1, "ES": 1, "NL": 1, "US": 2, "GB": 2}
"""Who sells where; the last one everywhere else."""


class House(Protocol):
    """What the demo needs of bootstrap.House."""

    @property
    def database(self) -> Database: ...
    @property
    def keys(self) -> KeyStore: ...
    @property
    def key_management(self) -> KeyManagement: ...
    @property
    def registrations(self) -> Registrations: ...
    @property
    def trials(self) -> Trials: ...
    @property
    def checkins(self) -> Checkins: ...
    @property
    def organizations(self) -> Organizations: ...
    @property
    def licenses(self) -> Licenses: ...
    @property
    def sales(self) -> Sales: ...
    @property
    def quotes(self) -> Quotes: ...
    @property
    def prices(self) -> Prices: ...
    @property
    def imports(self) -> Imports: ...
    @property
    def staff(self) -> Staff: ...
    @property
    def milestones(self) -> Milestones: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def rollups(self) -> Rollups: ...
    @property
    def reports(self) -> Reports: ...


@dataclass(slots=True)
class Scene:
    """The moment that is played, and the link and code that were handed out last: nobody gets the mail."""

    time: datetime
    link: str = ""
    code: str = ""

    def __call__(self) -> datetime:
        return self.time


@dataclass(frozen=True, slots=True)
class StagedSystem(System):
    """A System that lives in a scene."""

    scene: Scene = field(default_factory=lambda: Scene(FIRST))

    def new_link(self) -> str:
        self.scene.link = System.new_link(self)
        return self.scene.link

    def new_code(self) -> str:
        self.scene.code = System.new_code(self)
        return self.scene.code


def staged(scene: Scene) -> StagedSystem:
    return StagedSystem(scene, scene)


@dataclass(frozen=True, slots=True)
class Team:
    """Who sells; `address` and `one_time_password` are the manager's."""

    manager: Caller
    sellers: tuple[Caller, ...]
    address: str
    one_time_password: str

    def seller(self, country: str) -> Caller:
        return self.sellers[REGIONS.get(country, -1)]


def hire(staff: Staff) -> Team:
    """A manager and four salespeople have accounts."""
    password, manager = _hired(staff, *MANAGER, Role.MANAGER)
    sellers = tuple(_hired(staff, *each, Role.SALES)[1] for each in SELLERS)
    return Team(manager, sellers, MANAGER[0], password)


def _hired(staff: Staff, email: str, name: str, limit: int, role: Role) -> tuple[str, Caller]:
    let_in = staff.add(OPERATOR, email, name, role, limit)
    return let_in.one_time_password, Caller(f"staff:{let_in.member.id}", PERMISSIONS[role], limit)


@dataclass(slots=True)
class Customer:
    """One company as its stories know it; `seats` is 0 until it buys, and `is_gone` while its term is over."""

    company: Company
    draw: Draw
    seller: Caller
    organization_id: str = ""
    license_id: str = ""
    token: str = ""
    seats: int = 0
    ends_at: datetime = FIRST
    is_gone: bool = False

    def took(self, done: Done) -> None:
        """A deed has given it seats until a day."""
        if done.standing is not None and done.standing.ends_at is not None:
            self.license_id, self.seats = done.standing.license_id, done.standing.seats
            self.ends_at, self.is_gone = done.standing.ends_at, False


@dataclass(slots=True)
class Stage:
    """Where the stories are played, in the order of time, from `first` on and before `end`."""

    house: House
    scene: Scene
    draw: Draw
    team: Team
    first: datetime
    end: datetime
    counts: Counter[str] = field(default_factory=Counter)
    waiting: list[tuple[datetime, int, Story]] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.scene.time

    def number(self, what: str) -> int:
        """1 for the first time that it happens, and so on."""
        self.counts[what] += 1
        return self.counts[what]

    def tell(self, story: Story) -> None:
        """The story goes on to its next moment; what would be after the end never happens."""
        following = next(story, None)
        if following is not None and following < self.end:
            heappush(self.waiting, (max(following, self.now), self.number("steps"), story))

    def play(self, until: datetime) -> None:
        """Everything before `until` has happened."""
        while self.waiting and self.waiting[0][0] < until:
            self.scene.time, _, story = heappop(self.waiting)
            self.tell(story)
