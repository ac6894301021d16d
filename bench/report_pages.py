"""Every report as people ask for it: over all the years and a quarter, and the rows behind it, first page and last."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import text

from bench.report_customers import COUNTRIES, SALESPEOPLE
from licensing.bootstrap import House
from licensing.core.callers import OPERATOR
from licensing.core.explanations import Cursor
from licensing.core.funnels import By, Step
from licensing.core.movements import What
from licensing.core.periods import FIRST, Every, Period, day_of, month_of, start_of
from licensing.core.sales import add_months
from licensing.services.explanations import Page

Calls = dict[str, Callable[[], object]]
ROWS, MANY_ROWS = 100, 1_000
"""Rows of a page unless somebody asks for more, and the most that may be asked for."""
BEFORE_LAST = "SELECT subject FROM journey WHERE organization_id IS NOT NULL ORDER BY subject DESC LIMIT 1 OFFSET 100"
VALUES = {
    By.TIER: "large_enterprise",
    By.COUNTRY: COUNTRIES[-1],
    By.SALESPERSON: f"staff:{SALESPEOPLE[0]}",
    By.SOURCE: "import",
}
"""The rarest row of each kind: a page of it takes the longest to find."""


def calls(house: House) -> Calls:
    """All of them, by what they show."""
    periods = {"all years": _years(house), "a quarter": _quarter(house)}
    found: Calls = {}
    for name, period in periods.items():
        of_period = _figures(house, period) | _rows(house, period)
        found |= {f"{what}, {name}": call for what, call in of_period.items()}
    return found | _seats(house, periods["a quarter"]) | _without_period(house)


def _figures(house: House, period: Period) -> Calls:
    """The tables."""
    reports = house.reports
    found: Calls = {f"funnel by {by}": partial(reports.funnel, OPERATOR, period, by) for by in By}
    found["funnel of one tier"] = partial(reports.funnel, OPERATOR, period, By.TIER, "entry")
    for every in Every:
        found[f"conversions by {every}"] = partial(reports.conversions, OPERATOR, period, every)
        found[f"retention by {every}"] = partial(reports.retention, OPERATOR, period, every)
    found["conversions of one tier"] = partial(reports.conversions, OPERATOR, period, Every.MONTH, "entry")
    found["cohorts"] = partial(reports.cohorts, OPERATOR, period)
    return found


def _rows(house: House, period: Period) -> Calls:
    """What is behind them."""
    explained, found = house.explanations, Calls()
    for of, page in _pages(min(period.end, house.system.now())).items():
        for step in (Step.REGISTERED, Step.OVER, Step.CONVERTED):
            found[f"{step}, {of}"] = partial(explained.funnel, OPERATOR, period, By.ALL, None, step, page)
            for by, value in VALUES.items():
                call = partial(explained.funnel, OPERATOR, period, by, value, step, page)
                found[f"{step}, the rarest {by}, {of}"] = call
        for what in What:
            found[f"{what}, {of}"] = partial(explained.movements, OPERATOR, period, [what], page)
        rare = partial(explained.movements, OPERATOR, period, [What.REFUND], page, "large_enterprise", "USD")
        found[f"refund of the rarest tier, {of}"] = rare
    return found


def _seats(house: House, period: Period) -> Calls:
    """What is behind a month, and behind the year and the cohort that start with it."""
    explained, found = house.explanations, Calls()
    for of, page in _pages(add_months(period.first, 1)).items():
        seats = page if page.after is None else Page(Cursor(FIRST, _before_last(house)), ROWS)
        for every in (Every.MONTH, Every.YEAR):
            found[f"seats of a {every}, {of}"] = partial(explained.retention, OPERATOR, period, every, seats)
        found[f"cohort within 30 days, {of}"] = partial(explained.cohort, OPERATOR, period, 30, page)
    return found


def _pages(end: datetime) -> dict[str, Page]:
    """The first one, that of the last days before `end`, and the longest that may be asked for."""
    last = Cursor(end - timedelta(days=5), " ")
    return {"first page": Page(None, ROWS), "last page": Page(last, ROWS), "first long page": Page(None, MANY_ROWS)}


def _without_period(house: House) -> Calls:
    """Reports without a period."""
    milestones = house.milestones
    found: Calls = {
        "leads": partial(house.reports.leads, OPERATOR, ROWS),
        "leads, a long page": partial(house.reports.leads, OPERATOR, MANY_ROWS),
        "milestones": partial(milestones.every, OPERATOR),
    }
    for standing in milestones.every(OPERATOR):
        milestone = standing.milestone
        found[f"milestone {milestone.name}, and who counts"] = partial(milestones.show, OPERATOR, milestone.id)
    return found


def _years(house: House) -> Period:
    return Period(FIRST, day_of(house.system.now()) + timedelta(days=1))


def _quarter(house: House) -> Period:
    """The last whole one."""
    end = start_of(month_of(house.system.now()), Every.QUARTER)
    return Period(add_months(end, -3), end)


def _before_last(house: House) -> str:
    """A customer with a hundred behind her."""
    with house.database.read() as session:
        return str(session.scalar(text(BEFORE_LAST)) or "")
