"""Paid licenses: what a sale, a conversion, a renewal and a change of seats make of the license before."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime

from licensing.core.errors import LicenseState, TermRefused
from licensing.core.ledger import Kind
from licensing.core.licenses import ANY_CLUSTER, NOT_BEFORE_SKEW_SECONDS, Edition, Grace, License, Over
from licensing.core.tiers import Tier

MAX_MONTHS = 13


@dataclass(frozen=True, slots=True)
class Term:
    """What is bought: seats for whole months from `start` on (None: now for a sale, the old end for a renewal)."""

    seats: int
    months: int
    start: datetime | None = None
    bind: tuple[str, ...] = (ANY_CLUSTER,)


def add_months(start: datetime, months: int) -> datetime:
    """The same day and time `months` later; the month's last day where it has no such day (29 February)."""
    index = start.year * 12 + start.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))


def first_sale(
    organization_id: str, license_id: str, serial: str, *, company: str, tier: Tier, term: Term, now: datetime
) -> License:
    """The first paid license of an organisation."""
    unsold = License(
        sub=organization_id,
        jti=serial,
        iat=0,
        nbf=0,
        exp=None,
        lid=license_id,
        seq=0,
        edition=Edition.PRO,
        seats=0,
        np_seats=0,
        tier="",
        support="",
        bind=term.bind,
        over=Over.WARN,
        grace=Grace(),
        feat=(),
        org="",
    )
    return renewal(unsold, serial, company=company, tier=tier, term=term, now=now)._replace(prev=None)


def renewal(license: License, serial: str, *, company: str, tier: Tier, term: Term, now: datetime) -> License:
    """`license` with a new term: the same id, the next `seq`. Raises TermRefused for a term that can't be sold.

    Without a start it begins where the old one ends, or now when that is past. The new license is valid at once, so
    that whoever renews early can install it early; only its end moves.
    """
    if not 1 <= term.months <= MAX_MONTHS:
        raise TermRefused(f"A term has 1 to {MAX_MONTHS} months, not {term.months}.")
    ends = None if license.exp is None else datetime.fromtimestamp(license.exp, UTC)
    start = term.start or (ends if ends is not None and ends > now else now)
    issued_at, starts_at = int(now.timestamp()), int(start.timestamp())
    goes_on = ends is not None and starts_at <= int(ends.timestamp())
    return license._replace(
        jti=serial,
        iat=issued_at,
        nbf=(issued_at if goes_on else starts_at) - NOT_BEFORE_SKEW_SECONDS,
        exp=int(add_months(start, term.months).timestamp()),
        seq=license.seq + 1,
        edition=Edition.PRO,
        seats=term.seats,
        tier=tier.name,
        support=tier.support,
        bind=term.bind,
        over=Over.WARN,
        org=company,
        prev=license.jti,
    )


def same_again(license: License, serial: str, now: datetime) -> License:
    """The same rights under the next `seq`."""
    return license._replace(jti=serial, iat=int(now.timestamp()), seq=license.seq + 1, prev=license.jti)


def expanding_kind(license: License, seats: int) -> Kind:
    """Whether `seats` are more or fewer than a paid license has; raises LicenseState."""
    if license.edition is not Edition.PRO:
        raise LicenseState("A trial's seats can't be changed; convert it.")
    if seats == license.seats:
        raise LicenseState(f"The license has {seats} seats already.")
    return Kind.EXPANDED if seats > license.seats else Kind.REDUCED
