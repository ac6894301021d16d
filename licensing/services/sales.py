"""Sales: sell, convert, renew, change seats, void and refund. Each is one leaf, and where it signs one mail.

What it costs comes from the price list, or from a quote; nobody types an amount.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.callers import OPERATOR, Caller
from licensing.core.errors import InvalidFields, LicenseOverlap, LicenseState, NotFound, TermRefused
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition, License
from licensing.core.quotes import Quote, is_of_two, require_within_limits
from licensing.core.revocations import Revocation
from licensing.core.sales import Charge, Purchase, Term, undone
from licensing.core.standings import Standing
from licensing.services import plans
from licensing.services.deeds import Deeds, Done
from licensing.services.issuing import Deed, Subject, subject_of
from licensing.services.organizations import existing
from licensing.services.plans import Plan
from licensing.storage import ledger, licenses, organizations
from licensing.storage.database import take_turns

PAID = (Kind.SOLD, Kind.CONVERTED, Kind.RENEWED, Kind.EXPANDED, Kind.IMPORTED)
"""Deeds that can be voided and refunded."""
BUILDS_ON = (*PAID, Kind.REDUCED, Kind.TRANSFERRED)
"""Deeds that must be undone first, when an earlier one is to be."""
NO_SALE = "There is no such sale."


@dataclass(frozen=True, slots=True)
class Quoted:
    """An order that takes up a quote: its price holds."""

    quote: Quote
    order_number: str


Order = Purchase | Quoted


class Sales:
    """The deeds that somebody pays for. An order None is for the command line alone: nothing is charged."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds
        self._database = deeds.database
        self._system = deeds.system

    def sell(self, caller: Caller, organization_id: str, term: Term, order: Order | None) -> Done:
        """A new paid license. Raises NotFound, TermRefused, LicenseOverlap, PriceUnknown, ApprovalRequired."""
        now = self._system.now()
        with self._database.write() as session:
            buyer = existing(session, caller, organization_id)
            _take_turns(session, buyer.id)
            plan = plans.first(session, buyer, self._system.new_id(), self._system.new_serial(), term, now)
            self._require_no_overlap(session, plan)
            deed = self._deed(session, caller, order, plan, now)
            return self._deeds.issue(session, deed, plan.license, None, now)

    def convert(self, caller: Caller, license_id: str, organization_id: str, term: Term, order: Order | None) -> Done:
        """The trial of this organisation becomes a paid license of the same id, with its clusters and history.

        Raises NotFound for another organisation's, LicenseState for a paid one, and whatever a sale does.
        """
        now = self._system.now()
        with self._database.write() as session:
            standing, license = self._locked(session, caller, license_id)
            serial = self._system.new_serial()
            plan = plans.conversion(session, caller, standing, license, organization_id, serial, term, now)
            self._require_no_overlap(session, plan)
            deed = self._deed(session, caller, order, plan, now)
            return self._deeds.reissue(session, deed, plan.license, standing, license, now, *plan.warnings)

    def renew(self, caller: Caller, license_id: str, term: Term, order: Order | None) -> Done:
        """A paid license gets another term and number of seats. Raises as `convert`."""
        now = self._system.now()
        with self._database.write() as session:
            standing, license = self._locked(session, caller, license_id)
            plan = plans.next_term(session, standing, license, self._system.new_serial(), term, now)
            self._require_no_overlap(session, plan)
            deed = self._deed(session, caller, order, plan, now)
            return self._deeds.reissue(session, deed, plan.license, standing, license, now, *plan.warnings)

    def resize(
        self, caller: Caller, license_id: str, seats: int | None, np_seats: int | None, order: Order | None
    ) -> Done:
        """A paid license gets more or fewer seats within its term; None keeps what it has. Only more are charged.

        Raises NotFound, LicenseState, TermRefused, PriceUnknown, ApprovalRequired.
        """
        now = self._system.now()
        with self._database.write() as session:
            standing, license = self._locked(session, caller, license_id)
            plan = plans.resizing(session, license, seats, np_seats, self._system.new_serial(), now)
            deed = self._deed(session, caller, order, plan, now)
            return self._deeds.reissue(session, deed, plan.license, standing, license, now, *plan.warnings)

    def void(self, caller: Caller, serial: str, reason: str) -> Done:
        """A sale that should not have been: reports leave it out, and the license goes back to what it was before.

        A license that was nothing before is revoked, by two people (Deeds.require_second). Raises NotFound, OwnRequest,
        and LicenseState for a sale that others build on.
        """
        now = self._system.now()
        with self._database.write() as session:
            issuance = self._paid(session, caller, serial)
            later = _standing_deeds(session, issuance)
            if any(deed.kind in BUILDS_ON for deed in later):
                raise LicenseState("Later deeds build on this sale; void those first.")
            deed = Deed(Kind.VOIDED, caller.id, now, {"reason": reason}, refers_to=serial)
            standing = licenses.lock(session, issuance.license_id or "")
            if standing is None or standing.revoked_at is not None:
                return self._note(session, deed, issuance, standing, now)
            newest = self._deeds.issued(session, standing.jti)
            before = self._before(session, serial)
            fresh = undone(newest, before, self._system.new_serial(), now)
            if fresh is not None:
                return self._deeds.reissue(session, deed, fresh, standing, newest, now)
            self._deeds.require_second(session, caller, standing)
            standing = replace(standing, revoked_at=now, version=standing.version + 1)
            licenses.put(session, standing)
            self._deeds.revoke(session, Revocation(int(now.timestamp()), lid=standing.license_id), newest, now)
            return self._note(session, deed, issuance, standing, now)

    def refund(self, caller: Caller, serial: str, amount_minor: int, reason: str) -> Done:
        """Part or all of what a sale cost is paid back; the license stays. Raises NotFound, TermRefused."""
        now = self._system.now()
        with self._database.write() as session:
            issuance = self._paid(session, caller, serial)
            standing = licenses.lock(session, issuance.license_id or "")
            refunded = sum(deed.amount_minor or 0 for deed in ledger.referring(session, serial, Kind.REFUNDED))
            left = (issuance.amount_minor or 0) - refunded
            if not 1 <= amount_minor <= left:
                raise TermRefused(f"{left} of the sale's {issuance.amount_minor or 0} minor units can be refunded.")
            charge = Charge(
                issuance.order_number, amount_minor, issuance.currency, issuance.salesperson_id, issuance.quote_id
            )
            deed = Deed(Kind.REFUNDED, caller.id, now, {"reason": reason}, charge, refers_to=serial)
            # It is paid back to who bought it, whoever has the license now.
            return Done(standing, self._deeds.issuing.note(session, deed, _subject(issuance), now), charge)

    def _locked(self, session: Session, caller: Caller, license_id: str) -> tuple[Standing, License]:
        """As Deeds.locked, and the customer's other sales wait, too."""
        standing, license = self._deeds.locked(session, caller, license_id)
        _take_turns(session, organizations.family(session, license.sub)[0])
        return standing, license

    def _deed(self, session: Session, caller: Caller, order: Order | None, plan: Plan, now: datetime) -> Deed:
        _require_allowed(caller, order, plan, now)
        charge = self._charge(session, caller, order, plan, now) if plan.charged_seats else None
        return Deed(plan.kind, caller.id, now, charge=charge, starts_at=plan.starts_at)

    def _charge(
        self, session: Session, caller: Caller, order: Order | None, plan: Plan, now: datetime
    ) -> Charge | None:
        if order is None:
            if caller is not OPERATOR:
                raise InvalidFields({"order_number": ["An order is needed, with its currency."]})
            return None
        if isinstance(order, Quoted):
            quote = order.quote
            total = quote.amount.total_minor
            return Charge(order.order_number, total, quote.amount.currency, quote.created_by, quote.id)
        total = plans.price(session, plan, order, now).total_minor
        return Charge(order.order_number, total, order.currency, caller.id)

    def _require_no_overlap(self, session: Session, plan: Plan) -> None:
        other = plans.overlapping(session, plan, self._deeds.issued)
        if other is not None:
            raise LicenseOverlap(f"The license {other} is for the same clusters and time; change that.")

    def _before(self, session: Session, serial: str) -> License | None:
        """The issue that the sale `serial` changed; None for a first sale."""
        previous = self._deeds.issued(session, serial).prev
        return None if previous is None else self._deeds.issued(session, previous)

    def _paid(self, session: Session, caller: Caller, serial: str) -> ledger.Issuance:
        """The sale, neither voided nor foreign; raises NotFound, LicenseState."""
        issuance = ledger.find(session, serial)
        if issuance is None or issuance.kind not in PAID or issuance.organization_id is None:
            raise NotFound(NO_SALE)
        caller.require_sees(organizations.family(session, issuance.organization_id), NO_SALE)
        if issuance.license_id is not None:
            licenses.lock(session, issuance.license_id)
        if ledger.referring(session, serial, Kind.VOIDED):
            raise LicenseState("The sale is void already.")
        return issuance

    def _note(
        self, session: Session, deed: Deed, issuance: ledger.Issuance, standing: Standing | None, now: datetime
    ) -> Done:
        subject = _subject(issuance) if standing is None else subject_of(standing)
        serial = self._deeds.issuing.note(session, deed, subject, now)
        return Done(standing, serial, deed.charge)


def _take_turns(session: Session, customer_id: str) -> None:
    """One sale to a customer at a time: each is measured by what the others sold. A license's row is locked before."""
    take_turns(session, f"sales to {customer_id}")


def _require_allowed(caller: Caller, order: Order | None, plan: Plan, now: datetime) -> None:
    """Raises ApprovalRequired for what a second person must approve."""
    if isinstance(order, Quoted) and is_of_two(order.quote, caller):
        return
    discount = order.discount_percent if isinstance(order, Purchase) and plan.charged_seats else 0
    require_within_limits(caller, discount, plan.grows_to(now))


def _standing_deeds(session: Session, issuance: ledger.Issuance) -> list[ledger.Issuance]:
    """The deeds on the license after `issuance` that were not voided."""
    if issuance.license_id is None:
        return []
    deeds = ledger.of_license(session, issuance.license_id)
    voided = {deed.refers_to for deed in deeds if deed.kind is Kind.VOIDED}
    index = next(number for number, deed in enumerate(deeds) if deed.serial == issuance.serial)
    return [deed for deed in deeds[index + 1 :] if deed.serial not in voided]


def _subject(issuance: ledger.Issuance) -> Subject:
    return Subject(
        issuance.license_id,
        issuance.organization_id,
        None if issuance.edition is None else Edition(issuance.edition),
        issuance.tier,
        issuance.seats,
        issuance.support,
        issuance.ends_at,
    )
