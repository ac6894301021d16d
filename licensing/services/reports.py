"""Reports: what turns trials into customers, by tier. Each is a table that docs/reports.md defines to the row."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from licensing.core import leads as ranking
from licensing.core.callers import Caller
from licensing.core.cohorts import CohortLine, CurvePoint, cohorts, curve, median_days
from licensing.core.conversions import MovementLine, movement_lines
from licensing.core.errors import NotFound
from licensing.core.explanations import Cursor
from licensing.core.funnels import By, FunnelLine, funnel
from licensing.core.journeys import NOT_KNOWN, Signal
from licensing.core.leads import Lead
from licensing.core.licenses import Edition
from licensing.core.periods import MONTHS, Every, Period, whole_months
from licensing.core.retention import RetentionLine, retention
from licensing.services.organizations import require_unconfined
from licensing.services.rollups import Rollups
from licensing.storage import events, leads, report_rows, reports, tiers
from licensing.storage.database import Database


@dataclass(frozen=True, slots=True)
class Report:
    """A table: `lines` have the fields `columns`. `facts` say what it is about; a longer list goes on at `next`."""

    columns: tuple[str, ...]
    lines: Sequence[tuple[Any, ...]]
    facts: Mapping[str, object]
    next: Cursor | None = None


class Reports:
    """The tables; services.explanations lists what is behind their figures."""

    def __init__(self, database: Database, rollups: Rollups, now: Callable[[], datetime]) -> None:
        self._database = database
        self._rollups = rollups
        self._now = now

    def funnel(self, caller: Caller, period: Period, by: By, value: str | None = None) -> Report:
        """How far those came who registered in the period; only the row `value`, if that is not None."""
        facts = self._facts(caller, period, by=by)
        with self._database.read() as session:
            names = reports.names_of_staff(session) if by is By.SALESPERSON else {}
            if by is By.TIER:
                require_tier(session, value)
            lines = funnel(by, reports.funnel(session, period, by), names)
        return _table(FunnelLine, [line for line in lines if value in (None, line.value)], facts)

    def conversions(self, caller: Caller, period: Period, every: Every, tier: str | None = None) -> Report:
        """What was bought and what ended in the period; of the tier alone, if it is not None. Raises NotFound."""
        facts = self._facts(caller, period, every=every)
        with self._database.read() as session:
            require_tier(session, tier)
            lines = movement_lines(every, reports.movements(session, period), tier_names(session))
        return _table(MovementLine, [line for line in lines if tier in (None, line.tier)], facts)

    def retention(self, caller: Caller, period: Period, every: Every) -> Report:
        """How many seats were kept over each month, quarter or twelve months that start in the period."""
        period = whole_months(period)
        facts = self._facts(caller, period, every=every)
        with self._database.read() as session:
            sums = reports.retention(session, period, MONTHS[every])
        return _table(RetentionLine, retention(every, sums, self._now()), facts)

    def cohorts(self, caller: Caller, period: Period) -> Report:
        """How many converted how soon, by the month they registered in, and how long half of all take."""
        period, now = whole_months(period), self._now()
        with self._database.read() as session:
            registered = reports.registrations(session, period)
            converted = reports.conversions(session, period)
        facts = self._facts(caller, period, median_days=median_days(registered, converted, now))
        return _table(CohortLine, cohorts(registered, converted, now), facts)

    def curve(self, caller: Caller, period: Period) -> Report:
        """Which share of those who registered in the period's months had converted after how many days."""
        period = whole_months(period)
        facts = self._facts(caller, period)
        with self._database.read() as session:
            registered = reports.registrations(session, period)
            converted = reports.conversions(session, period)
        return _table(CurvePoint, curve(registered, converted, self._now()), facts)

    def leads(self, caller: Caller, limit: int) -> Report:
        """The trials that are most likely to buy, with the reasons."""
        require_unconfined(caller)
        found: list[Lead] = []
        with self._database.read() as session:
            weights = leads.weights(session)
            for _, sets in ranking.ranked(report_rows.shown_signals(session), weights):
                trials = report_rows.open_trials(session, sets, limit - len(found))
                found += [ranking.lead(trial, weights) for trial in trials]
                if len(found) >= limit:
                    break
        return _table(Lead, found, self._facts(caller, None))

    def weights(self) -> dict[Signal, int]:
        """What each signal adds to a lead's score."""
        with self._database.read() as session:
            return leads.weights(session)

    def set_weight(self, caller: Caller, signal: Signal, weight: int) -> None:
        """The signal adds `weight` (0 to core.leads.MAX_WEIGHT) from now on."""
        name = str(signal.name).lower()
        with self._database.write() as session:
            leads.put_weight(session, signal, weight)
            events.add(session, caller.id, "lead_weight.set", name, self._now(), {"weight": weight})

    def _facts(self, caller: Caller, period: Period | None, **more: object) -> dict[str, object]:
        return facts(self._rollups, caller, period, **more)


def facts(rollups: Rollups, caller: Caller, period: Period | None, **more: object) -> dict[str, object]:
    """What a report is about and how fresh it is; raises Forbidden to a key confined to one organisation."""
    require_unconfined(caller)
    freshness = rollups.freshness()
    about = {} if period is None else {"from": period.first.date(), "to": period.end.date()}
    return {**about, **more, "as_of": freshness.as_of, "pending": freshness.pending}


def tier_names(session: Session) -> list[str]:
    """The tiers that are or were sold, the smallest first."""
    sold = sorted((tier.min_seats, tier.name) for tier in tiers.every(session) if tier.edition is Edition.PRO)
    return list(dict.fromkeys(name for _, name in sold))


def require_tier(session: Session, tier: str | None) -> None:
    """Raises NotFound for a tier that was never sold."""
    known = [*tier_names(session), NOT_KNOWN]
    if tier is not None and tier not in known:
        raise NotFound(f"There is no such tier; there are {', '.join(known)}.")


def _table(line: type[NamedTuple], lines: Sequence[tuple[Any, ...]], facts: Mapping[str, object]) -> Report:
    return Report(line._fields, lines, facts)
