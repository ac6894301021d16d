"""Customers that might have been: six years of registrations, trials, quotes, sales, renewals and ends, as rows.

Of the ledger only what reports count is made up: the issuances. Its leaves and nodes are not there, and the hashes are
dummies; no report reads them. Every identifier has MARK in it, once, so that rows can be copied as somebody else's.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import accumulate, count
from typing import Any, TypeVar

from licensing.core.ledger import Kind
from licensing.core.sales import add_months
from licensing.core.trials import Source
from licensing.storage import bulk
from licensing.storage.clusters import ClusterChangeRow, ClusterRow
from licensing.storage.database import Base
from licensing.storage.ledger import IssuanceRow
from licensing.storage.licenses import LicenseRow
from licensing.storage.organizations import OrganizationRow
from licensing.storage.quotes import QuoteRow
from licensing.storage.registrations import RegistrationRow

T = TypeVar("T")
MARK = "5eed0000"
DEEDS_EACH = 5
"""Issuances of an organisation, on average: half of them only ever have a trial."""
YEARS, SPARE = timedelta(days=6 * 365), timedelta(days=29)
"""The first came so long ago; the last so long, so that rows can be copied to later days and stay in the past."""
COUNTRIES = [f"{one}{other}" for one in "ABCDEF" for other in "ABCDEFGHIJ"]
COUNTRY_WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(COUNTRIES) + 1)))
SALESPEOPLE = [f"{number:032x}" for number in range(1, 31)]
SEATS = {4: 20, 6: 20, 8: 18, 10: 8, 12: 10, 16: 8, 24: 6, 40: 5, 80: 3, 120: 1, 400: 1}
SOURCES = {Source.PAGE: 70, Source.DEVICE_CODE: 12, Source.INVITATION: 10, Source.IMPORT: 3, Source.SALES: 5}
YEARLY = {Kind.EXPANDED: 0.9, Kind.REISSUED: 0.7, Kind.REDUCED: 0.05, Kind.REVOKED: 0.01, Kind.TRANSFERRED: 0.005}
NODE_MINOR = 100_000
HASH, DAY = "0" * 64, timedelta(days=1)
QUOTED = ("list_minor", "volume_percent", "volume_minor", "discount_percent", "discount_minor", "total_minor")
TABLES: dict[type[Base], dict[str, object]] = {
    OrganizationRow: {},
    LicenseRow: {
        "edition": "trial",
        "tier": "trial",
        "support": "community",
        "seats": 4,
        "np_seats": 0,
        "seq": 1,
        "signed_hash": HASH,
        "ever_pro": False,
        "version": 1,
    },
    RegistrationRow: {"name": "Jane Doe", "expected_nodes": 4, "code_hash": HASH, "code_tries": 0},
    IssuanceRow: {"kid": "TEST-license-0000", "signed_hash": HASH, "record_hash": HASH},
    QuoteRow: {
        "kind": Kind.SOLD,
        "from_old_end": False,
        "tier": "entry",
        "currency": "EUR",
        "state": "open",
        "node_year_minor": NODE_MINOR,
        **dict.fromkeys(QUOTED, 0),
    },
    ClusterRow: {
        "fsid": "8b3c1f5e-5f3a-4d0e-9a55-0e6f0b7f2d11",
        "kube_system_uid": "u-1",
        "name": "rook",
        "nodes": "[]",
        "dcc_version": "0.6.0",
        "production": True,
        "digest": HASH,
        "used": 4,
        "granted": 4,
        "np_granted": False,
        "seen_seq": 1,
        "seen_version": 1,
        "instance_number": 0,
    },
    ClusterChangeRow: {"granted": 4, "added": "[]", "removed": "[]"},
}
"""What is made up, those that are referred to first, with what is the same in all rows."""


@dataclass(frozen=True, slots=True)
class _Sale:
    """A paid license as it stands at `at`."""

    organization_id: str
    license_id: str
    seats: int
    currency: str
    seller: str
    at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Customers:
    """Makes up customers; `now` is when their stories end."""

    now: datetime
    dice: random.Random = field(default_factory=lambda: random.Random(1))  # the same customers each time
    rows: defaultdict[type[Base], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    heads: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    def make(self, organizations: int) -> None:
        """That many organisations, and beside them registrations that nobody confirmed."""
        while len(self.rows[OrganizationRow]) < organizations:
            at = self._between(self.now - YEARS, self.now - SPARE)
            if self._happens(0.15):
                self._registered(f"domain:{self._id()}.example", at)
            else:
                self._customer(at)

    def tables(self, first_leaf: int) -> Iterator[bulk.Rows]:
        """The rows as the database keeps them; the ledger goes on at `first_leaf`, in the order of the deeds."""
        self.rows[IssuanceRow].sort(key=lambda issuance: issuance["recorded_at"])
        for index, issuance in enumerate(self.rows[IssuanceRow], first_leaf):
            issuance["leaf_idx"] = index
        for table, same in TABLES.items():
            blank = dict.fromkeys(name for row in self.rows[table] for name in row) | same
            yield bulk.Rows(
                table, list(blank), [tuple(map(bulk.stored, (blank | row).values())) for row in self.rows[table]]
            )

    def _customer(self, at: datetime) -> None:
        buys = len(self.rows[IssuanceRow]) < DEEDS_EACH * len(self.rows[OrganizationRow])
        id, license_id, key = self._id(), self._id(), None
        if not buys or self._happens(0.85):
            key = f"domain:{self._id()}.example" if self._happens(0.8) else f"address:{self._id():0<64}"
        self._organization(id, key, at)
        if key is not None:
            at = self._trial(id, license_id, key, at)
        if self._happens(0.8 if buys else 0.15):
            at = self._later(at, 20)
            self._quoted(id, at)
        if buys:
            self._bought(id, license_id if key else self._id(), self._later(at, 30), is_first=key is None)

    def _organization(self, id: str, key: str | None, at: datetime) -> None:
        duplicate_of = None
        if self.heads and self._happens(0.01):
            duplicate_of = self.dice.choice(self.heads)
        else:
            self.heads.append(id)
        name, country = f"Company {id[-6:]} GmbH", self._country()
        self._add(
            OrganizationRow, id=id, name=name, country=country, trial_key=key, created_at=at, merged_into=duplicate_of
        )

    def _registered(self, key: str, at: datetime) -> None:
        id, mail, source = self._id(), f"{self._id()}@c.example", self._one_of(SOURCES)
        ends = {"link_expires_at": at + DAY, "code_expires_at": at + DAY}
        self._add(RegistrationRow, id=id, email=mail, folded_email=mail, trial_key=key, organization="Company", **ends)
        self.rows[RegistrationRow][-1].update(
            country=self._country(), source=source, token_hash=f"{id:0<64}", created_at=at
        )

    def _trial(self, id: str, license_id: str, key: str, at: datetime) -> datetime:
        """When its license was given."""
        if self._happens(0.95):
            self._registered(key, at)
        at += timedelta(seconds=self.dice.randint(20, 7_200))
        self._deed(Kind.TRIAL, id, license_id, at, edition="trial", tier="trial", seats=4)
        if self._happens(0.5):
            arrived = self._later(at, 5)
            self._clusters(id, license_id, arrived)
        return at

    def _clusters(self, id: str, license_id: str, at: datetime) -> None:
        serial = self._id()
        self._add(LicenseRow, id=license_id, organization_id=id, jti=serial, starts_at=at, created_at=at)
        for number in range(1 + self._happens(0.1)):
            cluster, nodes, seen = self._id(), self.dice.randint(1, 4), self._later(at, 60)
            self._changed(cluster, license_id, at, "new", nodes)
            if self._happens(0.4):
                self._changed(cluster, license_id, self._later(at, 15), "nodes", nodes + self.dice.randint(0, 3))
            times = {"first_seen_at": at, "last_seen_at": seen, "expires_at": seen + 7 * DAY}
            self._add(ClusterRow, id=cluster, license_id=license_id, kube_system_uid=f"u-{number}", **times)

    def _changed(self, cluster: str, license_id: str, at: datetime, kind: str, used: int) -> None:
        self._add(ClusterChangeRow, cluster_id=cluster, license_id=license_id, at=at, kind=kind, used=used)

    def _quoted(self, id: str, at: datetime) -> None:
        quote, until = self._id(), at + 30 * DAY
        self._add(QuoteRow, id=quote, number=f"Q-{quote[:8]}-{quote[-8:]}", organization_id=id, valid_until=until)
        self.rows[QuoteRow][-1].update(seats=8, charged_seats=8, created_by=self._seller(), created_at=at)

    def _bought(self, id: str, license_id: str, at: datetime, *, is_first: bool) -> None:
        """The license with all that came of it, until it was not renewed."""
        seats, currency = self._one_of(SEATS), self._one_of({"EUR": 6, "USD": 4})
        sale = _Sale(id, license_id, seats, currency, self._seller(), at, add_months(at, 12))
        if sale.at >= self.now - SPARE:
            return
        kind = Kind.CONVERTED
        if is_first:
            kind = Kind.IMPORTED if self._happens(0.2) else Kind.SOLD
        serial = self._paid(kind, sale, sale.seats, at)
        if self._happens(0.02):
            undo = self._one_of({Kind.VOIDED: 1, Kind.REFUNDED: 2})
            self._after(undo, sale, refers_to=serial, currency=sale.currency, amount_minor=NODE_MINOR)
        while True:
            sale = self._within_term(sale)
            late = timedelta(seconds=self.dice.randint(-40 * 86_400, 38 * 86_400))
            if self._happens(0.15) or sale.ends_at + late >= self.now - SPARE:
                return
            seats = max(1, sale.seats + self._one_of({0: 12, 2: 4, 6: 2, -2: 2}))
            begins = sale.ends_at
            sale = replace(sale, seats=seats, at=begins + late, ends_at=add_months(begins, 12))
            self._paid(Kind.RENEWED, sale, seats, begins)

    def _within_term(self, sale: _Sale) -> _Sale:
        """The license after a year of being used."""
        for kind, chance in YEARLY.items():
            at = self._between(sale.at, sale.ends_at)
            if not self._happens(chance) or at >= self.now - SPARE:
                continue
            if kind is Kind.EXPANDED:
                more = self.dice.randint(1, 4)
                sale = replace(sale, seats=sale.seats + more, at=at)
                self._paid(kind, sale, more, at)
            else:
                owner = self.dice.choice(self.heads) if kind is Kind.TRANSFERRED else sale.organization_id
                sale = replace(sale, organization_id=owner, seats=max(1, sale.seats - (kind is Kind.REDUCED)), at=at)
                self._after(kind, sale)
        return sale

    def _paid(self, kind: Kind, sale: _Sale, charged: int, starts_at: datetime) -> str:
        bought = {"order_number": f"PO-{len(self.rows[IssuanceRow])}", "amount_minor": charged * NODE_MINOR}
        self._after(kind, sale, starts_at=starts_at, currency=sale.currency, salesperson_id=sale.seller, **bought)
        return str(self.rows[IssuanceRow][-1]["serial"])

    def _after(self, kind: Kind, sale: _Sale, **more: object) -> None:
        """A deed on the license as it stands."""
        tier = "entry" if sale.seats <= 10 else "medium_enterprise" if sale.seats <= 100 else "large_enterprise"
        term = {"seats": sale.seats, "edition": "pro", "tier": tier, "ends_at": sale.ends_at}
        self._deed(kind, sale.organization_id, sale.license_id, sale.at, **term, **more)

    def _deed(self, kind: Kind, id: str, license_id: str, at: datetime, **more: object) -> None:
        self._add(IssuanceRow, serial=self._id(), kind=kind, license_id=license_id, organization_id=id, **more)
        self.rows[IssuanceRow][-1].update(effective_at=at, recorded_at=at)

    def _add(self, table: type[Base], **row: object) -> None:
        self.rows[table].append(row)

    def _id(self) -> str:
        return f"{MARK}{next(self.numbers):024x}"

    def _country(self) -> str:
        return self.dice.choices(COUNTRIES, cum_weights=COUNTRY_WEIGHTS)[0]

    def _seller(self) -> str:
        return f"staff:{self.dice.choice(SALESPEOPLE)}"

    def _happens(self, chance: float) -> bool:
        return self.dice.random() < chance

    def _one_of(self, weights: dict[T, int]) -> T:
        return self.dice.choices(list(weights), list(weights.values()))[0]

    def _between(self, first: datetime, last: datetime) -> datetime:
        return first + timedelta(seconds=self.dice.randint(0, int((last - first).total_seconds())))

    def _later(self, at: datetime, days: float) -> datetime:
        """Some days after `at`, on average `days`, but not in the days that are to come."""
        return min(at + timedelta(seconds=int(self.dice.expovariate(1 / (days * 86_400)))), self.now - SPARE)
