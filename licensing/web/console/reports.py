"""`/console/reports`: what turns trials into customers, by tier, as pictures with tables under them.

Each figure leads to the rows behind it (web.console.explanations).
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, url_for

from licensing.core.callers import Caller, Permission
from licensing.core.cohorts import WITHIN
from licensing.core.conversions import MovementLine
from licensing.core.funnels import By, Step
from licensing.core.licenses import Edition
from licensing.core.movements import What
from licensing.core.periods import Every, Period, period, spans, whole_months
from licensing.services.reports import Report
from licensing.web.api.reports import CohortsSchema, ConversionsSchema, FunnelSchema, RetentionSchema
from licensing.web.console import report_tables as tables
from licensing.web.console.csv_tables import asked_table, lines_csv
from licensing.web.console.filters import filtered
from licensing.web.console.report_words import BYS, STEPS, WHATS, words
from licensing.web.pages.rendering import page_for
from licensing.web.requests import house

blueprint = Blueprint("console_reports", __name__, url_prefix="/console/reports")

BY_DAYS = (7, 14, *WITHIN, 730)
"""The days at which the table of the curve says how many have converted."""


@blueprint.get("")
@page_for(Permission.REPORTS_READ)
def funnel(caller: Caller) -> Response:
    return filtered(caller, "console/funnel.html", FunnelSchema(), lambda asked: _funnel(caller, asked))


@blueprint.get("/conversions")
@page_for(Permission.REPORTS_READ)
def conversions(caller: Caller) -> Response:
    return filtered(caller, "console/conversions.html", ConversionsSchema(), lambda asked: _conversions(caller, asked))


@blueprint.get("/cohorts")
@page_for(Permission.REPORTS_READ)
def cohorts(caller: Caller) -> Response:
    return filtered(caller, "console/cohorts.html", CohortsSchema(), lambda asked: _cohorts(caller, asked))


@blueprint.get("/retention")
@page_for(Permission.REPORTS_READ)
def retention(caller: Caller) -> Response:
    return filtered(caller, "console/retention.html", RetentionSchema(), lambda asked: _retention(caller, asked))


def _funnel(caller: Caller, asked: dict[str, Any]) -> dict[str, Any]:
    days, by = asked_period(asked), asked["by"]
    report = house().reports.funnel(caller, days, by)
    lines = tables.funnel_lines(report, by)
    return {
        **_common(report, days, "funnel", by=by.value),
        "lines": lines,
        "by": by.value,
        "bys": [(each.value, BYS[each]) for each in By],
        "steps": [(step.value, STEPS[step]) for step in Step],
        "picture": tables.funnel_picture(lines, by, _tiers()),
    }


def _conversions(caller: Caller, asked: dict[str, Any]) -> dict[str, Any]:
    days, every, tier, what = asked_period(asked), asked["every"], asked["tier"], asked["what"]
    report = house().reports.conversions(caller, days, every, tier)
    lines = tables.movement_lines(report)
    tiers, rows = _tiers(), _begun(spans(days, every), lines)
    return {
        **_common(report, days, "conversions", every=every.value, tier=tier),
        "rows": [(label, _query(span)) for label, span in reversed(rows)],
        "every": every.value,
        "tier": tier or "",
        "tiers": [(name, words(name)) for name in tiers],
        "what": what,
        "whats": [(each, WHATS[each]) for each in What],
        "by_tier": tables.by_tier(lines, what),
        "by_kind": tables.by_kind(lines),
        "bought": tables.bought_picture(lines, what, tiers, [label for label, _ in rows]),
        "seats": tables.seats_picture(lines, [label for label, _ in rows]),
    }


def _cohorts(caller: Caller, asked: dict[str, Any]) -> dict[str, Any] | Response:
    days = whole_months(asked_period(asked))
    report, grown = house().reports.cohorts(caller, days), house().reports.curve(caller, days)
    lines, converted_by = tables.cohort_lines(report), tables.converted_by(grown, BY_DAYS)
    if table := asked_table("time-to-convert"):
        return lines_csv(table, ("days", "converted"), converted_by)
    median = report.facts["median_days"]
    return {
        **_common(report, days, "cohorts"),
        "lines": lines,
        "starts": {label: _query(span) for label, span in spans(days, Every.MONTH)},
        "within": WITHIN,
        "median": median,
        "map": tables.cohort_picture(lines),
        "curve": tables.curve_picture(grown, median),
        "converted_by": converted_by,
        "times_csv": url_for(".cohorts", **_query(days), format="csv", table="time-to-convert"),
    }


def _retention(caller: Caller, asked: dict[str, Any]) -> dict[str, Any]:
    days, every = whole_months(asked_period(asked)), asked["every"]
    report = house().reports.retention(caller, days, every)
    lines = tables.retention_lines(report)
    return {
        **_common(report, days, "retention", every=every.value),
        "lines": lines,
        "starts": {label: _query(span) for label, span in spans(days, Every.MONTH if every is Every.YEAR else every)},
        "every": every.value,
        "picture": tables.retention_picture(lines),
    }


def asked_period(asked: dict[str, Any]) -> Period:
    """The period of loaded filters; twelve months when they name none. Raises PeriodRefused."""
    return period(asked["first"], asked["end"], house().system.now())


def _common(report: Report, days: Period, name: str, **filters: Any) -> dict[str, Any]:
    """What every page of a report has; `behind` is how the addresses of rows behind its figures begin."""
    query = _query(days)
    return {
        "report": report,
        "period": days,
        "query": query,
        "everies": [(each.value, f"every {each.value}") for each in Every],
        "behind": url_for(f"console_explanations.{name}"),
        "csv": url_for(f"api_reports.{name}", **query, **filters, format="csv"),
    }


def _begun(rows: list[tuple[str, Period]], lines: list[MovementLine]) -> list[tuple[str, Period]]:
    """The rows from the first in which anything happened on, without those of days to come."""
    first, now = min((line.start for line in lines), default=""), house().system.now()
    return [(label, span) for label, span in rows if label >= first and span.first <= now]


def _query(days: Period) -> dict[str, Any]:
    return {"from": str(days.first.date()), "to": str(days.end.date())}


def _tiers() -> list[str]:
    """The tiers that are or were sold, the smallest first."""
    sold = [tier for tier in house().prices.offered().tiers if tier.edition is Edition.PRO]
    return list(dict.fromkeys(tier.name for tier in sorted(sold, key=lambda tier: tier.min_seats)))
