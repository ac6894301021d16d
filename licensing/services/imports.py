"""Imports: what was sold before this server was, taken into the book as a whole or not at all.

A term that still runs becomes a signed license; one that is over is a leaf that signs nothing. Nobody gets a mail.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.callers import Caller, Permission
from licensing.core.errors import ImportRefused, LicenseOverlap, Refusal
from licensing.core.imports import PastSale, contradictions
from licensing.core.ledger import Kind
from licensing.core.licenses import NOT_BEFORE_SKEW_SECONDS, Edition, License, lint
from licensing.core.sales import Term, first_sale
from licensing.core.standings import Standing
from licensing.core.supports import Offer, chosen
from licensing.core.tiers import Tier, tier_for
from licensing.services.import_files import past_sales
from licensing.services.issuing import Deed, Issuing, Subject
from licensing.storage import events, imports, ledger, licenses, organizations, supports, tiers
from licensing.storage.database import Database
from licensing.system import System


@dataclass(frozen=True, slots=True)
class Summary:
    """What an import does: lines and customers by what becomes of them, and what was paid, in minor units."""

    new_customers: int
    known_customers: int
    running: int
    over: int
    sums: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Planned:
    """A sale that can be taken; `license` is for nobody yet, and None when the term is over."""

    sale: PastSale
    tier: Tier
    support: str
    license: License | None


@dataclass(frozen=True, slots=True)
class _Offer:
    """What was ever sold."""

    tiers: Sequence[Tier]
    offers: Sequence[Offer]


class Imports:
    """Takes in files of past sales."""

    def __init__(self, database: Database, issuing: Issuing, system: System) -> None:
        self._database = database
        self._issuing = issuing
        self._system = system

    def check(self, caller: Caller, data: bytes) -> Summary:
        """What `apply` would do now; nothing is changed. Raises ImportRefused with every line that can't be taken."""
        _require_allowed(caller)
        now = self._system.now()
        sales, problems = past_sales(data, now)
        with self._database.read() as session:
            known = _customers(session, sales)
            return _summary(self._plan(session, sales, problems, known, now), known)

    def apply(self, caller: Caller, data: bytes) -> Summary:
        """Every line is in the book, in one transaction. Raises as `check`, and Busy: then nothing is."""
        _require_allowed(caller)
        now = self._system.now()
        sales, problems = past_sales(data, now)
        with self._database.write() as session:
            ledger.lock(session)  # whoever imports or sells meanwhile must not use the same order number
            known = _customers(session, sales)
            planned = self._plan(session, sales, problems, known, now)
            summary = _summary(planned, known)
            for each in planned:
                organization_id = self._customer(session, caller, each.sale, known, now)
                self._record(session, caller, each, organization_id, now)
            return summary

    def _plan(
        self,
        session: Session,
        sales: Sequence[PastSale],
        problems: Sequence[tuple[int, str]],
        known: dict[tuple[str, str], str],
        now: datetime,
    ) -> list[_Planned]:
        """What becomes of each sale. Raises ImportRefused with `problems` and whatever else can't be."""
        offer = _Offer(tiers.every(session), supports.offers(session))
        orders = imports.known_orders(session, {sale.order_number for sale in sales})
        problems = [*problems, *contradictions(sales, known, now)]
        planned: list[_Planned] = []
        for sale in sales:
            if sale.order_number in orders:
                problems.append((sale.number, "order_number is in the ledger already."))
            try:
                planned.append(_planned(sale, offer, now))
                if sale.is_running(now) and sale.customer in known:
                    _require_no_overlap(session, sale, known[sale.customer])
            except Refusal as refusal:
                problems.append((sale.number, refusal.detail))
        if problems:
            raise ImportRefused(sorted(problems))
        return planned

    def _customer(
        self, session: Session, caller: Caller, sale: PastSale, known: dict[tuple[str, str], str], now: datetime
    ) -> str:
        """The customer's id, in the book now if not before, with the line's address among the contacts."""
        id = known.get(sale.customer)
        if id is None:
            id = known[sale.customer] = self._system.new_id()
            organizations.add(session, id, sale.company, sale.country, now)
            events.add(session, caller.id, "organization.created", id, now)
        contacts = organizations.contacts(session, id)
        if sale.address.folded not in {contact.folded_email for contact in contacts}:
            organizations.add_contact(session, self._system.new_id(), id, sale.address, sale.contact, now)
        return id

    def _record(self, session: Session, caller: Caller, planned: _Planned, organization_id: str, now: datetime) -> None:
        sale = planned.sale
        details = {"kind": sale.kind, "start": str(sale.starts_at.date()), "end": str(sale.ends_at.date())}
        deed = Deed(Kind.IMPORTED, caller.id, sale.sold_at, details, sale.charge, starts_at=sale.starts_at)
        if planned.license is None:
            subject = Subject(
                None, organization_id, Edition.PRO, planned.tier.name, sale.seats, planned.support, sale.ends_at
            )
            self._issuing.note(session, deed, subject, now)
            return
        license_id, serial = self._system.new_id(), self._system.new_serial()
        license = planned.license._replace(sub=organization_id, lid=license_id, jti=serial)
        self._issuing.issue(session, deed, license, None, now)


def _planned(sale: PastSale, offer: _Offer, now: datetime) -> _Planned:
    """The tier and support are those of the day it was sold. Raises TermRefused, SupportNotOffered."""
    tier = tier_for(Edition.PRO, sale.seats, sale.sold_at, offer.tiers)
    support = chosen(sale.support, tier, sale.sold_at, offer.offers)
    if not sale.is_running(now):
        return _Planned(sale, tier, support, None)
    term = Term(sale.seats, start=sale.starts_at, ends_at=sale.ends_at)
    license = first_sale("", "", "", company=sale.company, tier=tier, support=support, term=term, now=now)
    lint(license)
    return _Planned(sale, tier, support, license)


def _require_no_overlap(session: Session, sale: PastSale, organization_id: str) -> None:
    """Raises LicenseOverlap. What is imported is for any cluster, so that only time tells them apart."""
    for other in licenses.of_organizations(session, organizations.family(session, organization_id)):
        if other.edition is Edition.PRO and other.revoked_at is None and _meet(sale, other):
            raise LicenseOverlap(f"The license {other.license_id} is for the same time.")


def _meet(sale: PastSale, other: Standing) -> bool:
    other_start = int(other.starts_at.timestamp()) + NOT_BEFORE_SKEW_SECONDS
    return (other.ends_at is None or sale.starts_at < other.ends_at) and other_start < int(sale.ends_at.timestamp())


def _customers(session: Session, sales: Sequence[PastSale]) -> dict[tuple[str, str], str]:
    return imports.customers(session, {sale.country for sale in sales})


def _summary(planned: Sequence[_Planned], known: dict[tuple[str, str], str]) -> Summary:
    customers = {known.get(each.sale.customer, each.sale.customer) for each in planned}
    running = sum(each.license is not None for each in planned)
    sums: Counter[str] = Counter()
    for each in planned:
        charge = each.sale.charge
        if charge.currency is not None:
            sums[charge.currency] += charge.amount_minor or 0
    joined = len(customers & set(known.values()))
    return Summary(len(customers) - joined, joined, running, len(planned) - running, dict(sorted(sums.items())))


def _require_allowed(caller: Caller) -> None:
    caller.require(Permission.CUSTOMERS_WRITE)
    caller.require(Permission.LICENSES_WRITE)
