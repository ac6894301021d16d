"""What a customer may ask support for, and why.

The best level of the licenses that count. A license counts if it is paid, neither revoked nor suspended, and within its
term or the grace after it: whoever renews late is helped meanwhile, and told so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from licensing.core.licenses import Edition, Grace
from licensing.core.standings import Standing
from licensing.core.supports import SupportLevel

GRACE = timedelta(days=Grace().exp)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The level, why it is that, and which licenses count for it."""

    level: SupportLevel
    because: str
    counting: frozenset[str]


def counts(standing: Standing, now: datetime) -> bool:
    """Whether the license gives support at `now`."""
    if standing.edition is not Edition.PRO or standing.status != "active" or standing.ends_at is None:
        return False
    return standing.starts_at <= now < standing.ends_at + GRACE


def entitlement(standings: Sequence[Standing], levels: Iterable[SupportLevel], now: datetime) -> Entitlement:
    """What the customer with these licenses may ask for; the least of `levels` is everybody's."""
    by_name = {level.name: level for level in levels}
    least = min(by_name.values(), key=lambda level: level.rank)
    counting = [standing for standing in standings if counts(standing, now)]
    if not counting:
        return Entitlement(least, _why_not(standings, now), frozenset())
    best = max(counting, key=lambda standing: (by_name.get(standing.support, least).rank, standing.ends_at))
    level = by_name.get(best.support, least)
    return Entitlement(level, _why(best, now), frozenset(standing.license_id for standing in counting))


def _why(standing: Standing, now: datetime) -> str:
    end = standing.ends_at
    if end is None or now < end:
        return f"A paid license of {standing.seats} seats, until {_day(end)}."
    return f"A paid license of {standing.seats} seats that ended on {_day(end)}: renewal is overdue."


def _why_not(standings: Sequence[Standing], now: datetime) -> str:
    if not standings:
        return "No license."
    newest = max(standings, key=lambda standing: (standing.edition is Edition.PRO, standing.created_at))
    if newest.edition is not Edition.PRO:
        return f"A free trial of {newest.seats} nodes."
    if newest.status != "active":
        return f"The license is {newest.status}."
    if now < newest.starts_at:
        return f"The license starts on {_day(newest.starts_at)}."
    return f"The license ended on {_day(newest.ends_at)}."


def _day(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()
