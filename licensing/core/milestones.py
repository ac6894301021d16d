"""Milestones: what is to be reached by a day, and how it stands (docs/reports.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from licensing.core.errors import MilestoneRefused
from licensing.core.movements import What
from licensing.core.periods import FIRST, LAST, Period

_DAY = timedelta(days=1)
MAX_TARGET = 1_000_000


class Aim(StrEnum):
    """What a target counts; each names the movements that do."""

    NEW_CUSTOMERS = "new_customers"
    ENTERPRISE_DEALS = "enterprise_deals"


COUNTED = {
    Aim.NEW_CUSTOMERS: (What.CONVERSION, What.DIRECT),
    Aim.ENTERPRISE_DEALS: (What.ENTERPRISE,),
}


class Status(StrEnum):
    """How a target stands."""

    MET = "met"
    MISSED = "missed"
    ON_TRACK = "on_track"
    BEHIND = "behind"


@dataclass(frozen=True, slots=True)
class Milestone:
    """Targets to be reached from `counts_from` to `day`, both included; both are starts of days."""

    id: str
    name: str
    counts_from: datetime
    day: datetime
    targets: Mapping[Aim, int]

    @property
    def period(self) -> Period:
        return Period(self.counts_from, self.day + _DAY)

    def require_valid(self) -> None:
        """Raises MilestoneRefused."""
        if not FIRST <= self.counts_from <= self.day < LAST:
            raise MilestoneRefused(
                f"A milestone counts from {FIRST.date()} on, and its day is before {LAST.date()} and not before that."
            )
        if not self.targets:
            raise MilestoneRefused("A milestone has at least one target.")


@dataclass(frozen=True, slots=True)
class Standing:
    """How one target stands. `per_day` and `per_week` are the pace needed from now on: None when nothing is needed."""

    aim: Aim
    target: int
    attained: int
    missing: int
    status: Status
    per_day: float | None
    per_week: float | None


def standing(milestone: Milestone, aim: Aim, attained: int, now: datetime) -> Standing:
    """How the target for `aim` stands at `now`, when `attained` were reached."""
    target, period = milestone.targets[aim], milestone.period
    missing = max(target - attained, 0)
    status = _status(period, target, attained, now)
    if status in (Status.MET, Status.MISSED):
        return Standing(aim, target, attained, missing, status, None, None)
    days_left = (period.end - max(now, period.first)) / _DAY
    # With less than a day to go, all that is missing is missing that day.
    per_day = missing / max(days_left, 1)
    return Standing(
        aim, target, attained, missing, status, round(per_day, 4), round(missing / max(days_left / 7, 1), 4)
    )


def _status(period: Period, target: int, attained: int, now: datetime) -> Status:
    if attained >= target:
        return Status.MET
    if now >= period.end:
        return Status.MISSED
    passed, whole = now - period.first, period.end - period.first
    return Status.ON_TRACK if attained * whole >= target * passed else Status.BEHIND
