"""Previews: what a sale, conversion, renewal or change of seats would come to. They read, and write nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.callers import Caller
from licensing.core.ledger import Kind
from licensing.core.licenses import lint
from licensing.core.prices import Amount
from licensing.core.quotes import above_limits
from licensing.core.sales import Purchase, Term, ends_at
from licensing.core.supports import SupportLevel
from licensing.services import plans
from licensing.services.deeds import Deeds
from licensing.services.organizations import existing
from licensing.services.plans import Plan
from licensing.storage import licenses, supports

UNSIGNED = "0" * 32
"""Stands where an issued license has its serial, and a new one its id."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What the deed would come to. `amount` is None when nothing is charged, or no order was given.

    `needs_approval` says why a second person must approve it; it is empty where the caller decides alone. `overlap` is
    the id of a license for the same clusters and time: the deed would be refused.
    """

    kind: Kind
    tier: str
    support: SupportLevel
    seats: int
    np_seats: int
    starts_at: datetime | None
    ends_at: datetime | None
    charged_seats: int
    amount: Amount | None
    needs_approval: tuple[str, ...]
    overlap: str | None
    warnings: tuple[str, ...]


class Previews:
    """Each raises what its deed (services.sales) would; but an overlap and a want of approval are told, not raised."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds
        self._database = deeds.database
        self._now = deeds.system.now

    def sell(self, caller: Caller, organization_id: str, term: Term, order: Purchase) -> Preview:
        """A new paid license."""
        now = self._now()
        with self._database.read() as session:
            buyer = existing(session, caller, organization_id)
            plan = plans.first(session, buyer, UNSIGNED, UNSIGNED, term, now)
            return self._of(session, caller, plan, order, now)

    def convert(self, caller: Caller, license_id: str, organization_id: str, term: Term, order: Purchase) -> Preview:
        """The organisation's trial, paid for."""
        now = self._now()
        with self._database.read() as session:
            standing, license = self._deeds.standing(session, caller, licenses.find(session, license_id))
            plan = plans.conversion(session, caller, standing, license, organization_id, UNSIGNED, term, now)
            return self._of(session, caller, plan, order, now)

    def renew(self, caller: Caller, license_id: str, term: Term, order: Purchase) -> Preview:
        """A paid license with another term."""
        now = self._now()
        with self._database.read() as session:
            standing, license = self._deeds.standing(session, caller, licenses.find(session, license_id))
            plan = plans.next_term(session, standing, license, UNSIGNED, term, now)
            return self._of(session, caller, plan, order, now)

    def resize(
        self, caller: Caller, license_id: str, seats: int | None, np_seats: int | None, order: Purchase | None
    ) -> Preview:
        """A paid license with more or fewer seats; without an order it is not said what more of them cost."""
        now = self._now()
        with self._database.read() as session:
            _, license = self._deeds.standing(session, caller, licenses.find(session, license_id))
            plan = plans.resizing(session, license, seats, np_seats, UNSIGNED, now)
            return self._of(session, caller, plan, order, now)

    def _of(self, session: Session, caller: Caller, plan: Plan, order: Purchase | None, now: datetime) -> Preview:
        license = plan.license
        lint(license)
        charged = order if plan.charged_seats else None
        discount = 0 if charged is None else charged.discount_percent
        levels = {level.name: level for level in supports.levels(session)}
        return Preview(
            kind=plan.kind,
            tier=license.tier,
            support=levels.get(license.support, SupportLevel(license.support, 0, license.support, ())),
            seats=license.seats,
            np_seats=license.np_seats,
            starts_at=plan.starts_at,
            ends_at=ends_at(license),
            charged_seats=plan.charged_seats,
            amount=None if charged is None else plans.price(session, plan, charged, now),
            needs_approval=above_limits(caller, discount, plan.grows_to(now)),
            overlap=None if plan.starts_at is None else plans.overlapping(session, plan, self._deeds.issued),
            warnings=plan.warnings,
        )
