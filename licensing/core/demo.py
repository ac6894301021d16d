"""Made-up customers: who they are and what they decide follows from a seed, so that the same seed makes the same ones.

Nothing here is random: a choice is the hash of its name. So it does not matter in what order choices are made, and
another choice beside it changes none. All addresses end in `example` (RFC 2606): no mail can ever reach anybody.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from math import exp, log
from statistics import NormalDist
from typing import TypeVar
from uuid import UUID

T = TypeVar("T")

PRIVATE_DOMAIN = "example"
"""Strangers share it, as it is a top-level domain: whoever writes from there speaks for nobody but herself."""
SATURDAY = 5
FIRST_HOUR, HOURS = 7, 11

COUNTRIES = {"DE": 30, "US": 17, "AT": 7, "CH": 8, "GB": 9, "FR": 8, "NL": 7, "PL": 5, "SE": 4, "ES": 3, "JP": 2}
FORMS = {
    "DE": "GmbH",
    "AT": "GmbH",
    "CH": "AG",
    "US": "Inc.",
    "GB": "Ltd",
    "FR": "SAS",
    "NL": "B.V.",
    "PL": "sp. z o.o.",
}
"""What comes behind a company's name."""
FORMS_ELSEWHERE = {"SE": "AB", "ES": "S.L.", "JP": "K.K."}
DOLLARS = ("US", "JP")
"""Countries that are charged in USD; all others pay EUR."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_FIRST = _words(
    "Nord Alpen Rhein Hansa Isar Baltic Polar Atlas Orion Vega Delta Sigma Terra Aqua Solar Lunar Silver Copper "
    "Cobalt Quartz Amber Cedar Maple Birch Falcon Heron Otter Badger Bright Clear Swift North East West River Harbor "
    "Summit Valley Ridge Meadow Stone Iron Glass Velvet Crimson Indigo Azure Coral"
)
_SECOND = _words(
    "data cloud works labs tech soft systems logic media bank health pharma motors freight energy power grid net "
    "studios print foods textil steel chemie optics robotics analytics genomics archive hosting telecom marine air "
    "rail insurance trust capital legal research institute university clinic broadcast games weather maps survey"
)
_CITIES = _words("Berlin Wien Basel Lyon Leeds Austin Boston Utrecht Gdynia Malmo Bilbao Osaka Kiel Graz Bern Nantes")
_GIVEN = _words("Anna Ben Clara David Eva Felix Greta Hugo Ida Jan Kaja Liam Maria Noah Olga Paul Rosa Sven Tara Yuki")
_FAMILY = _words(
    "Bauer Berg Costa Dubois Fischer Garcia Hansen Huber Ito Jansen Keller Kowalski Larsen Meyer Miller Novak Olsen "
    "Peters Rossi Schmidt Smith Tanaka Vogel Weber Wright"
)


@dataclass(frozen=True, slots=True)
class Draw:
    """Choices under one name; those of `draw.of("x")` have nothing to do with its own."""

    name: str

    def of(self, *names: object) -> Draw:
        return Draw("/".join((self.name, *map(str, names))))

    def share(self, what: str) -> float:
        """At least 0 and below 1."""
        return int.from_bytes(self._hash(what)[:6], "big") / 2**48

    def happens(self, what: str, likelihood: float) -> bool:
        return self.share(what) < likelihood

    def number(self, what: str, least: int, most: int) -> int:
        """From `least` to `most`, both included."""
        return least + int(self.share(what) * (most - least + 1))

    def any(self, what: str, choices: Sequence[T]) -> T:
        return choices[self.number(what, 0, len(choices) - 1)]

    def weighted(self, what: str, weights: Mapping[T, int]) -> T:
        """Each as often as its weight says."""
        left = self.share(what) * sum(weights.values())
        for choice, weight in weights.items():
            left -= weight
            if left < 0:
                return choice
        raise ValueError("There is nothing to choose from.")

    def around(self, what: str, median: float, spread: float = 0.9) -> float:
        """Positive: half are below the median, and some far above it (log-normal)."""
        deviation = NormalDist().inv_cdf(0.001 + 0.998 * self.share(what))
        return exp(log(median) + spread * deviation)

    def days(self, what: str, median: float, spread: float = 0.9) -> timedelta:
        """A delay of whole seconds, `around` so many days."""
        return timedelta(seconds=int(self.around(what, median, spread) * 86_400))

    def uuid(self, what: str) -> str:
        return str(UUID(bytes=self._hash(what)[:16], version=4))

    def _hash(self, what: str) -> bytes:
        return sha256(f"{self.name}/{what}".encode()).digest()


@dataclass(frozen=True, slots=True)
class Company:
    """A customer to be, with the person who writes for it; `domain` is None for who writes from a private address."""

    name: str
    country: str
    domain: str | None
    person: str
    email: str

    @property
    def currency(self) -> str:
        return "USD" if self.country in DOLLARS else "EUR"


def company(draw: Draw, number: int, *, has_domain: bool = True) -> Company:
    """Company `number`: no other number has its name or its address."""
    own, country = draw.of("company", number), draw.of("company", number).weighted("country", COUNTRIES)
    stem = _stem(number)
    person = f"{own.any('given name', _GIVEN)} {own.any('family name', _FAMILY)}"
    domain = f"{re.sub('[^a-z]', '', stem.lower())}.{PRIVATE_DOMAIN}" if has_domain else None
    mailbox = person.lower().replace(" ", ".")
    email = f"{mailbox}@{domain}" if domain else f"{mailbox}.{number}@{PRIVATE_DOMAIN}"
    form = {**FORMS, **FORMS_ELSEWHERE}[country]
    return Company(f"{stem} {form}", country, domain, person, email)


def registration_days(draw: Draw, days: int) -> float:
    """How many days after the start of `days` days somebody registers: more do so every month."""
    return float(days * draw.share("registers") ** 0.62)


def first_seats(draw: Draw) -> int:
    """How many seats a customer starts with: few have many."""
    tier = draw.weighted("tier", {"entry": 56, "medium": 35, "large": 9})
    if tier == "entry":
        return draw.number("seats", 4, 10)
    if tier == "medium":
        return min(100, 10 + round(draw.around("seats", 16)))
    return min(900, 100 + round(draw.around("seats", 80)))


def at_work(moment: datetime) -> datetime:
    """The moment moved into office hours, on Monday for one at the weekend."""
    late = moment.weekday() - SATURDAY
    workday = moment if late < 0 else moment + timedelta(days=2 - late)
    return workday.replace(hour=FIRST_HOUR + (workday.minute * 60 + workday.second) % HOURS)


def _stem(number: int) -> str:
    """Numbers in a row look unlike each other: both words change with each."""
    pairs = len(_FIRST) * len(_SECOND)
    scattered = number * 1_009 % pairs  # a prime that divides neither length: each pair comes once a round
    around, name = number // pairs, f"{_FIRST[scattered % len(_FIRST)]}{_SECOND[scattered // len(_FIRST)]}"
    cities = []
    while around:
        around, city = divmod(around - 1, len(_CITIES))
        cities.append(_CITIES[city])
    return " ".join((name, *cities))
