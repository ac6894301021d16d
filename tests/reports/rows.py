"""Plain rows of what reports count, written straight into the tables: a customer is a few words a line."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from licensing.core.ledger import Kind
from licensing.core.sales import add_months
from licensing.storage.clusters import ClusterChangeRow
from licensing.storage.ledger import IssuanceRow
from licensing.storage.organizations import OrganizationRow
from licensing.storage.quotes import QuoteRow
from licensing.storage.registrations import RegistrationRow


def at(text: str) -> datetime:
    """`2025-03-01` is noon of that day (UTC), `2025-03-01 08:00:00` is what it says."""
    return datetime.fromisoformat(text if " " in text else f"{text} 12:00:00").replace(tzinfo=UTC)


def id_of(name: str) -> str:
    return hashlib.md5(name.encode()).hexdigest()


@dataclass
class Organization:
    """One organisation's rows, told from the first to the last. Its license is its own unless a line names another."""

    name: str
    country: str = "DE"
    merged_into: str | None = None
    rows: list[Any] = field(default_factory=list)
    key: str | None = None
    end: datetime | None = None
    seats: int = 0

    @property
    def id(self) -> str:
        return id_of(self.name)

    def registers(self, when: str, source: str = "page", key: str = "") -> Organization:
        """A registration; nobody has confirmed it until there is a `trial`."""
        number = len(self.rows)
        self.rows.append(
            RegistrationRow(
                id=id_of(f"{self.name} registration {number}"),
                email="",
                folded_email="",
                trial_key=key or f"domain:{self.name}.example",
                name="",
                organization=self.name,
                country=self.country,
                expected_nodes=4,
                source=source,
                token_hash=id_of(f"{self.name} link {number}"),
                code_hash="",
                code_tries=0,
                created_at=at(when),
                link_expires_at=at(when),
                code_expires_at=at(when),
                used_at=None,
            )
        )
        return self

    def trial(self, when: str, key: str = "") -> Organization:
        self.key = key or f"domain:{self.name}.example"
        return self._deed(Kind.TRIAL, when, edition="trial", seats=4)

    def uses(self, when: str, nodes: int, kind: str = "nodes", cluster: str = "one") -> Organization:
        """A cluster under the trial has this many nodes from then on; `kind` "new" is its first check-in."""
        self.rows.append(
            ClusterChangeRow(
                cluster_id=id_of(f"{self.name} {cluster}"),
                license_id=id_of(f"{self.name} license"),
                at=at(when),
                kind=kind,
                used=nodes,
                granted=min(nodes, 4),
                added=[],
                removed=[],
            )
        )
        return self

    def quote(self, when: str, seller: str) -> Organization:
        number = len(self.rows)
        blank = dict.fromkeys(
            ("license_id", "np_seats", "starts_at", "ends_at", "bind", "support", "term_months", "months", "days")
        )
        zero = dict.fromkeys(
            ("node_year_minor", "list_minor", "volume_percent", "volume_minor", "discount_percent", "discount_minor"), 0
        )
        self.rows.append(
            QuoteRow(
                id=id_of(f"{self.name} quote {number}"),
                number=id_of(f"{self.name} quote {number}")[:20],
                organization_id=self.id,
                kind="sold",
                seats=10,
                from_old_end=False,
                tier="entry",
                currency="EUR",
                charged_seats=10,
                total_minor=0,
                state="open",
                created_by=seller,
                created_at=at(when),
                valid_until=at(when),
                decided_by=None,
                decided_at=None,
                serial=None,
                **blank,
                **zero,
            )
        )
        return self

    def buys(
        self,
        kind: str,
        when: str,
        seats: int,
        amount: int | None = None,
        currency: str = "EUR",
        *,
        by: str = "ann",
        months: int = 12,
        starts: str = "",
        license: str | None = "license",
        keeps_end: bool = False,
    ) -> Organization:
        """A paid issuance of this kind, for a term of `months` from `starts` on, which is `when` unless it says so."""
        start = at(starts or when)
        self.end = self.end if keeps_end else add_months(start, months)
        self.seats = seats
        return self._deed(
            Kind(kind),
            when,
            license=license,
            seats=seats,
            amount_minor=amount,
            currency=None if amount is None else currency,
            salesperson_id=by,
            starts_at=None if keeps_end else start,
            ends_at=self.end,
        )

    def deed(self, kind: str, when: str, **values: Any) -> Organization:
        """Any other deed on the license as it stands."""
        return self._deed(Kind(kind), when, **{"seats": self.seats, "ends_at": self.end, **values})

    def refers(self, kind: str, when: str, to: int, **values: Any) -> Organization:
        """A deed about the organisation's deed number `to`, the first is 0."""
        deeds = [row for row in self.rows if isinstance(row, IssuanceRow)]
        return self._deed(Kind(kind), when, refers_to=deeds[to].serial, **values)

    def _deed(self, kind: Kind, when: str, *, license: str | None = "license", **values: Any) -> Organization:
        number = len(self.rows)
        columns = {"edition": "pro", "tier": None, "seats": None, "support": None, **values}
        self.rows.append(
            IssuanceRow(
                serial=id_of(f"{self.name} deed {number}"),
                kind=kind,
                license_id=None if license is None else id_of(license if " " in license else f"{self.name} {license}"),
                organization_id=self.id,
                kid="",
                signed_hash="",
                record_hash="",
                effective_at=at(when),
                recorded_at=at(when),
                **columns,
            )
        )
        return self


def write(session: Session, organizations: Iterable[Organization], start: int) -> None:
    """Writes them all; the ledger has their deeds in the order of their days, those of one second as they stand.

    `start` is the first free leaf.
    """
    leaves = count(start)
    found = list(organizations)
    for each in found:
        session.add(
            OrganizationRow(
                id=each.id,
                name=each.name,
                country=each.country,
                trial_key=each.key,
                created_at=at("2024-01-01"),
                domain=None,
                merged_into=None if each.merged_into is None else id_of(each.merged_into),
            )
        )
    session.flush()  # what refers to organisations comes after them
    rows = [fresh(row) for each in found for row in each.rows]
    deeds = [row for row in rows if isinstance(row, IssuanceRow)]
    for row in sorted(deeds, key=lambda row: row.effective_at):
        row.leaf_idx = next(leaves)
    session.add_all(rows)


def fresh(row: Any) -> Any:
    """The same row, that no session knows yet."""
    return type(row)(**{name: value for name, value in vars(row).items() if not name.startswith("_")})
