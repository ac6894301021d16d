"""Paid licenses: what a sale, a conversion, a renewal and a change of seats make of the license before.

A renewal is valid at once, so that whoever renews early can install it early; only its end moves. Its term may start
at the old end, today, or on a given day, but never after the old end: nobody is without a license in between.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from licensing.core.errors import LicenseState, TermRefused
from licensing.core.ledger import Kind
from licensing.core.licenses import (
    ANY_CLUSTER,
    MAX_AHEAD_DAYS,
    MAX_TERM_DAYS,
    NOT_BEFORE_SKEW_SECONDS,
    Edition,
    Grace,
    License,
    Over,
)
from licensing.core.prices import Period, days_between
from licensing.core.tiers import Tier

MAX_MONTHS = 13


@dataclass(frozen=True, slots=True)
class Term:
    """What is bought: seats for whole `months`, or until `ends_at`; one of the two is None.

    `start` None is the natural one: now for a sale, the old end for a renewal, or now when that is past;
    `from_old_end` takes the old end even when it is past. `bind`, `np_seats` and `support` None keep what the license
    has; a new one is for any cluster, without non-production seats, with its tier's support.
    """

    seats: int
    months: int | None = None
    start: datetime | None = None
    bind: tuple[str, ...] | None = None
    ends_at: datetime | None = None
    from_old_end: bool = False
    np_seats: int | None = None
    support: str | None = None

    def until(self, ends_at: datetime | None) -> Term:
        """The same, ending when another license ends (co-terming); raises LicenseState when that has no end."""
        if ends_at is None:
            raise LicenseState("The license to share an end with has none.")
        return replace(self, months=None, ends_at=ends_at)


@dataclass(frozen=True, slots=True)
class Span:
    """When a term starts and ends, and what of it is paid for."""

    starts_at: datetime
    ends_at: datetime
    period: Period


@dataclass(frozen=True, slots=True)
class Purchase:
    """What the buyer ordered: her order's number, the currency, and percent off after the volume discount."""

    order_number: str
    currency: str
    discount_percent: int = 0


@dataclass(frozen=True, slots=True)
class Charge:
    """What an issuance is paid with; a refund's amount is what is paid back."""

    order_number: str | None
    amount_minor: int | None
    currency: str | None
    salesperson_id: str | None
    quote_id: str | None = None


def add_months(start: datetime, months: int) -> datetime:
    """The same day and time `months` later; the month's last day where it has no such day (29 February)."""
    index = start.year * 12 + start.month - 1 + months
    year, month = index // 12, index % 12 + 1
    return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))


def span(term: Term, old_end: datetime | None, now: datetime, *, is_new: bool) -> Span:
    """When `term` starts and ends; raises TermRefused for a term that can't be sold."""
    if (term.months is None) == (term.ends_at is None):
        raise TermRefused("Say either how many months, or until when.")
    start = _start(term, old_end, now)
    if start > now + timedelta(days=MAX_AHEAD_DAYS):
        raise TermRefused(f"A term starts at most {MAX_AHEAD_DAYS} days ahead, not on {start.date()}.")
    if not is_new and start > max(old_end or now, now):
        raise TermRefused("The new term would leave a gap after the old one.")
    if term.ends_at is not None:
        period, end = days_between(start, term.ends_at), term.ends_at
    else:
        period, end = Period(months=term.months), _months_later(start, term.months or 0)
    if (end - start).total_seconds() > MAX_TERM_DAYS * 86_400:
        raise TermRefused(f"A term has at most {MAX_TERM_DAYS} days, not {(end - start).days}.")
    if end <= now:
        raise TermRefused(f"The term would be over already: it ends on {end.date()}.")
    return Span(start, end, period)


def first_sale(
    organization_id: str,
    license_id: str,
    serial: str,
    *,
    company: str,
    tier: Tier,
    support: str,
    term: Term,
    now: datetime,
) -> License:
    """The first paid license of its id."""
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
        bind=(ANY_CLUSTER,),
        over=Over.WARN,
        grace=Grace(),
        feat=(),
        org=company,
    )
    when = span(term, None, now, is_new=True)
    return _sold(unsold, serial, when, tier=tier, support=support, term=term, now=now)._replace(prev=None)


def renewal(
    license: License, serial: str, *, company: str, tier: Tier, support: str, term: Term, now: datetime
) -> License:
    """`license` with a new term: the same id, the next `seq`. Raises TermRefused for a term that can't be sold."""
    when = span(term, ends_at(license), now, is_new=False)
    return _sold(license, serial, when, tier=tier, support=support, term=term, now=now)._replace(org=company)


def ends_at(license: License) -> datetime | None:
    """When the license ends; None for a trial."""
    return None if license.exp is None else datetime.fromtimestamp(license.exp, UTC)


def starts(license: License) -> int:
    """The second at which the license's term starts: tokens are valid a little earlier, for clocks that are behind."""
    return license.nbf + NOT_BEFORE_SKEW_SECONDS


def same_again(license: License, serial: str, now: datetime) -> License:
    """The same rights under the next `seq`."""
    return license._replace(jti=serial, iat=int(now.timestamp()), seq=license.seq + 1, prev=license.jti)


def undone(license: License, before: License | None, serial: str, now: datetime) -> License | None:
    """The rights of the issue before, under the next `seq`; None when there are none left to go back to."""
    if before is None or (before.exp is not None and before.exp <= int(now.timestamp())):
        return None
    relay = license.relay if before.edition is Edition.PRO else None  # no sale gave it, and none takes it away
    return same_again(before, serial, now)._replace(seq=license.seq + 1, prev=license.jti, relay=relay)


def resizing_kind(license: License, seats: int, np_seats: int) -> Kind:
    """Whether `seats` are more or fewer than a paid license has; raises LicenseState."""
    if license.edition is not Edition.PRO:
        raise LicenseState("A trial's seats can't be changed; convert it.")
    if (seats, np_seats) == (license.seats, license.np_seats):
        raise LicenseState(f"The license has {seats} seats and {np_seats} for non-production already.")
    return Kind.EXPANDED if (seats, np_seats) > (license.seats, license.np_seats) else Kind.REDUCED


def lowers_rights(old: License, fresh: License) -> bool:
    """Whether somebody would rather keep the old issue: it goes onto the revoked list then."""
    if old.edition is not Edition.PRO:
        return False
    shorter = fresh.exp is not None and (old.exp is None or fresh.exp < old.exp)
    fewer = fresh.seats < old.seats or fresh.np_seats < old.np_seats
    loses_relay = old.relay is not None and fresh.relay != old.relay  # whoever stole its key would keep the old issue
    return fresh.edition is not Edition.PRO or fewer or shorter or loses_relay


def overlaps(one: License, other: License) -> bool:
    """Whether both are for the same cluster at the same time."""
    same_time = starts(one) < (other.exp or 0) and starts(other) < (one.exp or 0)
    anywhere = ANY_CLUSTER in (*one.bind, *other.bind)
    return same_time and (anywhere or not set(one.bind).isdisjoint(other.bind))


def peak_above(peak: int, seats: int) -> Iterable[str]:
    """What the salesperson must know before the customer calls: more nodes were in use than seats are sold."""
    if peak > seats:
        yield f"The license's clusters had {peak} nodes at their peak; it has {seats} seats now."


def _start(term: Term, old_end: datetime | None, now: datetime) -> datetime:
    if term.start is not None:
        return term.start
    if old_end is not None and (term.from_old_end or old_end > now):
        return old_end
    return now


def _months_later(start: datetime, months: int) -> datetime:
    if not 1 <= months <= MAX_MONTHS:
        raise TermRefused(f"A term has 1 to {MAX_MONTHS} months, not {months}.")
    return add_months(start, months)


def _sold(license: License, serial: str, when: Span, *, tier: Tier, support: str, term: Term, now: datetime) -> License:
    issued_at, starts_at = int(now.timestamp()), int(when.starts_at.timestamp())
    goes_on = license.seq > 0
    return license._replace(
        jti=serial,
        iat=issued_at,
        nbf=(issued_at if goes_on else starts_at) - NOT_BEFORE_SKEW_SECONDS,
        exp=int(when.ends_at.timestamp()),
        seq=license.seq + 1,
        edition=Edition.PRO,
        seats=term.seats,
        np_seats=license.np_seats if term.np_seats is None else term.np_seats,
        tier=tier.name,
        support=support,
        bind=license.bind if term.bind is None else term.bind,
        over=Over.WARN,
        prev=license.jti,
    )
