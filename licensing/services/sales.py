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
from licensing.core.prices import Period, amount, days_between
from licensing.core.quotes import Quote, require_within_limit
from licensing.core.revocations import Revocation
from licensing.core.sales import (
    Charge,
    Purchase,
    Term,
    ends_at,
    first_sale,
    overlaps,
    peak_above,
    renewal,
    resizing_kind,
    same_again,
    span,
    undone,
)
from licensing.core.standings import Standing
from licensing.core.supports import chosen
from licensing.core.tiers import Tier, tier_for
from licensing.services.deeds import Deeds, Done
from licensing.services.issuing import Deed, Subject, subject_of
from licensing.services.organizations import existing
from licensing.storage import ledger, licenses, organizations, prices, supports, tiers

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
            tier, support = _tier(session, term.seats, term.support, now)
            license = first_sale(
                buyer.id,
                self._system.new_id(),
                self._system.new_serial(),
                company=buyer.name,
                tier=tier,
                support=support,
                term=term,
                now=now,
            )
            self._require_no_overlap(session, license)
            bought = span(term, None, now, is_new=True)
            charge = self._charge(session, caller, order, term.seats, bought.period, now)
            deed = Deed(Kind.SOLD, caller.id, now, charge=charge, starts_at=bought.starts_at)
            return self._deeds.issue(session, deed, license, None, now)

    def convert(self, caller: Caller, license_id: str, organization_id: str, term: Term, order: Order | None) -> Done:
        """The trial of this organisation becomes a paid license of the same id, with its clusters and history.

        Raises NotFound for another organisation's, LicenseState for a paid one, and whatever a sale does.
        """
        with self._database.write() as session:
            standing, license = self._deeds.locked(session, caller, license_id)
            buyer = existing(session, caller, organization_id)
            if buyer.id not in organizations.family(session, standing.organization_id):
                raise NotFound("The organisation has no such license.")
            if standing.edition is not Edition.TRIAL:
                raise LicenseState("The license is paid already; renew it.")
            return self._renew(session, caller, standing, license, Kind.CONVERTED, term, order)

    def renew(self, caller: Caller, license_id: str, term: Term, order: Order | None) -> Done:
        """A paid license gets another term and number of seats. Raises as `convert`."""
        with self._database.write() as session:
            standing, license = self._deeds.locked(session, caller, license_id)
            if standing.edition is not Edition.PRO:
                raise LicenseState("The license is a trial; convert it.")
            return self._renew(session, caller, standing, license, Kind.RENEWED, term, order)

    def resize(
        self, caller: Caller, license_id: str, seats: int | None, np_seats: int | None, order: Order | None
    ) -> Done:
        """A paid license gets more or fewer seats within its term; None keeps what it has. Only more are charged.

        Raises NotFound, LicenseState, TermRefused, PriceUnknown, ApprovalRequired.
        """
        now = self._system.now()
        with self._database.write() as session:
            standing, license = self._deeds.locked(session, caller, license_id)
            seats = license.seats if seats is None else seats
            np_seats = license.np_seats if np_seats is None else np_seats
            kind = resizing_kind(license, seats, np_seats)
            end = ends_at(license)
            if end is None or end <= now:
                raise LicenseState("The license has ended; renew it.")
            tier, support = self._kept_support(session, license, seats, now)
            fresh = same_again(license, self._system.new_serial(), now)._replace(
                seats=seats, np_seats=np_seats, tier=tier.name, support=support
            )
            charge = None
            if seats > license.seats:
                period = days_between(now, end)
                charge = self._charge(session, caller, order, seats - license.seats, period, now, seats)
            peak = tuple(peak_above(self._deeds.peak(session, license_id), seats)) if seats < license.seats else ()
            deed = Deed(kind, caller.id, now, charge=charge)
            return self._deeds.reissue(session, deed, fresh, standing, license, now, *peak)

    def void(self, caller: Caller, serial: str, reason: str) -> Done:
        """A sale that should not have been: reports leave it out, and the license goes back to what it was before.

        A license that was nothing before is revoked. Raises NotFound, and LicenseState for a sale that others build on.
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
            newest = self._license(session, standing.jti)
            before = self._before(session, serial)
            fresh = undone(newest, before, self._system.new_serial(), now)
            if fresh is not None:
                return self._deeds.reissue(session, deed, fresh, standing, newest, now)
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

    def _renew(
        self,
        session: Session,
        caller: Caller,
        standing: Standing,
        license: License,
        kind: Kind,
        term: Term,
        order: Order | None,
    ) -> Done:
        now = self._system.now()
        tier, support = _tier(session, term.seats, term.support, now)
        organization = organizations.find(session, organizations.family(session, standing.organization_id)[0])
        company = license.org or (organization.name if organization is not None else "")
        renewed = renewal(
            license, self._system.new_serial(), company=company, tier=tier, support=support, term=term, now=now
        )
        self._require_no_overlap(session, renewed)
        bought = span(term, ends_at(license), now, is_new=False)
        charge = self._charge(session, caller, order, term.seats, bought.period, now)
        peak = peak_above(self._deeds.peak(session, standing.license_id), term.seats)
        deed = Deed(kind, caller.id, now, charge=charge, starts_at=bought.starts_at)
        return self._deeds.reissue(session, deed, renewed, standing, license, now, *peak)

    def _charge(
        self,
        session: Session,
        caller: Caller,
        order: Order | None,
        seats: int,
        period: Period,
        now: datetime,
        total_seats: int | None = None,
    ) -> Charge | None:
        if order is None:
            if caller is not OPERATOR:
                raise InvalidFields({"order_number": ["An order is needed, with its currency."]})
            return None
        if isinstance(order, Quoted):
            quote = order.quote
            total = quote.amount.total_minor
            return Charge(order.order_number, total, quote.amount.currency, quote.created_by, quote.id)
        require_within_limit(caller, order.discount_percent)
        price = amount(
            seats,
            period,
            order.currency,
            order.discount_percent,
            now,
            prices.every(session),
            prices.schedule(session),
            total_seats=total_seats,
        )
        return Charge(order.order_number, price.total_minor, order.currency, caller.id)

    def _kept_support(self, session: Session, license: License, seats: int, now: datetime) -> tuple[Tier, str]:
        """The tier of `seats`, and the support level the license has, if it comes with that tier; else the tier's."""
        tier = tier_for(Edition.PRO, seats, now, tiers.every(session))
        keeps = tier.name == license.tier
        return tier, license.support if keeps else tier.support

    def _require_no_overlap(self, session: Session, license: License) -> None:
        for other in licenses.of_organizations(session, organizations.family(session, license.sub)):
            if other.license_id == license.lid or other.revoked_at is not None or other.edition is not Edition.PRO:
                continue
            if overlaps(license, self._license(session, other.jti)):
                raise LicenseOverlap(f"The license {other.license_id} is for the same clusters and time; change that.")

    def _license(self, session: Session, jti: str) -> License:
        token = licenses.token(session, jti)
        if token is None:
            raise NotFound("The license's token was erased.")
        return self._deeds.files.license(token)

    def _before(self, session: Session, serial: str) -> License | None:
        """The issue that the sale `serial` changed; None for a first sale."""
        previous = self._license(session, serial).prev
        return None if previous is None else self._license(session, previous)

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


def _tier(session: Session, seats: int, support: str | None, now: datetime) -> tuple[Tier, str]:
    tier = tier_for(Edition.PRO, seats, now, tiers.every(session))
    return tier, chosen(support, tier, now, supports.offers(session))


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
