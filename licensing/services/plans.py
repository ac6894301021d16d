"""What a sale, a conversion, a renewal or a change of seats comes to: the deed and its preview go by these rules.

Nothing here writes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.callers import Caller
from licensing.core.errors import LicenseState, NotFound
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition, License
from licensing.core.prices import Amount, Period, amount, days_between
from licensing.core.quotes import grows_to
from licensing.core.sales import (
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
)
from licensing.core.standings import Standing
from licensing.core.supports import chosen
from licensing.core.tiers import Tier, tier_for
from licensing.services.organizations import existing
from licensing.storage import clusters, licenses, organizations, prices, supports, tiers
from licensing.storage.organizations import Organization


@dataclass(frozen=True, slots=True)
class Plan:
    """The license as the deed `kind` issues it. `charged_seats` are paid for `period`; none when seats are given up.

    `starts_at` is when the term that is bought starts, None for what buys no term. `held` are the licenses that the
    customer has until then, `warnings` what the salesperson should know.
    """

    kind: Kind
    license: License
    starts_at: datetime | None
    charged_seats: int
    period: Period
    held: Sequence[Standing]
    warnings: tuple[str, ...] = ()

    def grows_to(self, now: datetime) -> int:
        """As core.quotes.grows_to."""
        license = self.license
        return grows_to(self.held, license.lid, license.seats + license.np_seats, now)


def first(session: Session, buyer: Organization, license_id: str, serial: str, term: Term, now: datetime) -> Plan:
    """A new paid license. Raises TermRefused, SupportNotOffered."""
    tier, support = _tier(session, term.seats, term.support, now)
    license = first_sale(
        buyer.id, license_id, serial, company=buyer.name, tier=tier, support=support, term=term, now=now
    )
    bought = span(term, None, now, is_new=True)
    held = licenses.of_customer(session, buyer.id)
    return Plan(Kind.SOLD, license, bought.starts_at, term.seats, bought.period, held)


def conversion(
    session: Session,
    caller: Caller,
    standing: Standing,
    license: License,
    organization_id: str,
    serial: str,
    term: Term,
    now: datetime,
) -> Plan:
    """The organisation's trial, converted. Raises NotFound for another's, LicenseState, TermRefused."""
    buyer = existing(session, caller, organization_id)
    if buyer.id not in organizations.family(session, standing.organization_id):
        raise NotFound("The organisation has no such license.")
    if standing.edition is not Edition.TRIAL:
        raise LicenseState("The license is paid already; renew it.")
    return _goes_on(session, Kind.CONVERTED, standing, license, serial, term, now)


def next_term(session: Session, standing: Standing, license: License, serial: str, term: Term, now: datetime) -> Plan:
    """A paid license with another term and number of seats. Raises LicenseState, TermRefused, SupportNotOffered."""
    if standing.edition is not Edition.PRO:
        raise LicenseState("The license is a trial; convert it.")
    return _goes_on(session, Kind.RENEWED, standing, license, serial, term, now)


def resizing(
    session: Session,
    license: License,
    seats: int | None,
    np_seats: int | None,
    serial: str,
    now: datetime,
) -> Plan:
    """A paid license with more or fewer seats within its term; None keeps what it has. Raises LicenseState."""
    seats = license.seats if seats is None else seats
    np_seats = license.np_seats if np_seats is None else np_seats
    kind = resizing_kind(license, seats, np_seats)
    end = ends_at(license)
    if end is None or end <= now:
        raise LicenseState("The license has ended; renew it.")
    tier, support = _kept_support(session, license, seats, now)
    fresh = same_again(license, serial, now)._replace(seats=seats, np_seats=np_seats, tier=tier.name, support=support)
    warnings = _above(session, license.lid, seats) if seats < license.seats else ()
    added, held = max(0, seats - license.seats), licenses.of_customer(session, license.sub)
    return Plan(kind, fresh, None, added, days_between(now, end), held, warnings)


def price(session: Session, plan: Plan, order: Purchase, now: datetime) -> Amount:
    """What the plan costs by the list, less the order's discount. Raises PriceUnknown."""
    return amount(
        plan.charged_seats,
        plan.period,
        order.currency,
        order.discount_percent,
        now,
        prices.every(session),
        prices.schedule(session),
        total_seats=plan.license.seats,
    )


def overlapping(session: Session, plan: Plan, read: Callable[[Session, str], License]) -> str | None:
    """The customer's license for the same clusters and time, by its id; `read` gives what was issued by its serial."""
    license = plan.license
    for other in plan.held:
        if other.license_id == license.lid or other.revoked_at is not None or other.edition is not Edition.PRO:
            continue
        if overlaps(license, read(session, other.jti)):
            return other.license_id
    return None


def _goes_on(
    session: Session, kind: Kind, standing: Standing, license: License, serial: str, term: Term, now: datetime
) -> Plan:
    tier, support = _tier(session, term.seats, term.support, now)
    organization = organizations.find(session, organizations.family(session, standing.organization_id)[0])
    company = license.org or (organization.name if organization is not None else "")
    renewed = renewal(license, serial, company=company, tier=tier, support=support, term=term, now=now)
    bought = span(term, ends_at(license), now, is_new=False)
    warnings = _above(session, license.lid, term.seats)
    held = licenses.of_customer(session, license.sub)
    return Plan(kind, renewed, bought.starts_at, term.seats, bought.period, held, warnings)


def _above(session: Session, license_id: str, seats: int) -> tuple[str, ...]:
    return tuple(peak_above(clusters.peak(session, license_id), seats))


def _tier(session: Session, seats: int, support: str | None, now: datetime) -> tuple[Tier, str]:
    tier = tier_for(Edition.PRO, seats, now, tiers.every(session))
    return tier, chosen(support, tier, now, supports.offers(session))


def _kept_support(session: Session, license: License, seats: int, now: datetime) -> tuple[Tier, str]:
    """The tier of `seats`, and the support level the license has, if it comes with that tier; else the tier's."""
    tier = tier_for(Edition.PRO, seats, now, tiers.every(session))
    keeps = tier.name == license.tier
    return tier, license.support if keeps else tier.support
