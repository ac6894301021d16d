"""Explanations: the customers and issuances behind each figure of services.reports."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from licensing.core.callers import Caller
from licensing.core.explanations import Cursor, MovedSeats, ReportedCustomer, ReportedMovement
from licensing.core.funnels import By, Step
from licensing.core.movements import What
from licensing.core.periods import MONTHS, Every, Period, month_of, start_of
from licensing.core.sales import add_months
from licensing.services.reports import Report, facts, require_tier
from licensing.services.rollups import Rollups
from licensing.storage import report_rows
from licensing.storage.database import Database


class Page(NamedTuple):
    """At most `limit` rows, those beyond the row `after`."""

    after: Cursor | None
    limit: int


class Explanations:
    """Lists that add up to the figures."""

    def __init__(self, database: Database, rollups: Rollups) -> None:
        self._database = database
        self._rollups = rollups

    def funnel(self, caller: Caller, period: Period, by: By, value: str | None, step: Step, page: Page) -> Report:
        """Who registered in the period and reached `step`, of one row or of all."""
        about = facts(self._rollups, caller, period, by=by, value=value, step=step)
        with self._database.read() as session:
            if by is By.TIER:
                require_tier(session, value)
            found = report_rows.customers(session, period, step, by, None if by is By.ALL else value, *page)
        return _listed(ReportedCustomer, found, about, page)

    def cohort(self, caller: Caller, period: Period, days: int | None, page: Page) -> Report:
        """Who registered in the period's first month and converted within `days` days, or whenever."""
        month = Period(month_of(period.first), add_months(month_of(period.first), 1))
        about = facts(self._rollups, caller, month, within=days)
        with self._database.read() as session:
            found = report_rows.converted(session, month, days, *page)
        return _listed(ReportedCustomer, found, about, page)

    def movements(
        self,
        caller: Caller,
        period: Period,
        whats: Collection[What],
        page: Page,
        tier: str | None = None,
        currency: str | None = None,
    ) -> Report:
        """The movements of these kinds, each with the issuance behind it. Raises NotFound for an unknown tier."""
        about = facts(self._rollups, caller, period, what=list(whats), tier=tier, currency=currency)
        with self._database.read() as session:
            require_tier(session, tier)
            found = report_rows.movements(session, period, whats, tier, currency, *page)
        return _listed(ReportedMovement, found, about, page)

    def retention(self, caller: Caller, period: Period, every: Every, page: Page) -> Report:
        """Whose seats were live when the month, quarter or twelve months started that the period starts in."""
        month = month_of(period.first)
        start = month if every is Every.YEAR else start_of(month, every)
        span = Period(start, add_months(start, MONTHS[every]))
        about = facts(self._rollups, caller, span, every=every)
        with self._database.read() as session:
            found = report_rows.seats_of(session, span, page.after.key if page.after else "", page.limit)
        return _listed(MovedSeats, found, about, page)


Line = ReportedCustomer | ReportedMovement | MovedSeats


def _listed(line: type[Line], lines: Sequence[Line], about: dict[str, object], page: Page) -> Report:
    return Report(line._fields, lines, about, lines[-1].cursor if len(lines) == page.limit else None)
