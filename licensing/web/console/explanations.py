"""`/console/reports/…/behind`: the customers and issuances behind a figure, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, url_for
from marshmallow import Schema

from licensing.core.callers import Caller, Permission
from licensing.core.explanations import MovedSeats, ReportedCustomer, ReportedMovement, cursor
from licensing.core.funnels import By
from licensing.services.explanations import Page
from licensing.services.reports import Report
from licensing.web.api.reports import CohortsSchema, ConversionsSchema, FunnelSchema, RetentionSchema
from licensing.web.console.actors import names_of
from licensing.web.console.filters import filtered, filters_of
from licensing.web.console.report_words import STEPS, WHATS, row_words, words
from licensing.web.console.reports import asked_period
from licensing.web.pages.rendering import page_for
from licensing.web.requests import MAX_PAGE, house

blueprint = Blueprint("console_explanations", __name__, url_prefix="/console/reports")

TEMPLATE = "console/behind.html"


@blueprint.get("/funnel/behind")
@page_for(Permission.REPORTS_READ)
def funnel(caller: Caller) -> Response:
    def listed(asked: dict[str, Any]) -> dict[str, Any]:
        by, value, step = asked["by"], asked["value"], asked["step"]
        report = house().explanations.funnel(caller, asked_period(asked), by, value, step, _page(asked))
        of = (
            ""
            if by is By.ALL or value is None
            else f", {row_words(by, value, names_of(value)[value] if by is By.SALESPERSON else value)}"
        )
        title = f"{STEPS[step]}{of}: customers who registered in these days"
        return _shown(
            report,
            title,
            "funnel",
            FunnelSchema(),
            customers=list(map(ReportedCustomer._make, report.lines)),
            step=step,
        )

    return filtered(caller, TEMPLATE, FunnelSchema(), listed)


@blueprint.get("/conversions/behind")
@page_for(Permission.REPORTS_READ)
def conversions(caller: Caller) -> Response:
    def listed(asked: dict[str, Any]) -> dict[str, Any]:
        tier = asked["tier"]
        report = house().explanations.movements(
            caller, asked_period(asked), [asked["what"]], _page(asked), tier, asked["currency"]
        )
        title = f"{WHATS[asked['what']]}{'' if tier is None else f', {words(tier)}'}"
        return _shown(
            report, title, "conversions", ConversionsSchema(), movements=list(map(ReportedMovement._make, report.lines))
        )

    return filtered(caller, TEMPLATE, ConversionsSchema(), listed)


@blueprint.get("/cohorts/behind")
@page_for(Permission.REPORTS_READ)
def cohorts(caller: Caller) -> Response:
    def listed(asked: dict[str, Any]) -> dict[str, Any]:
        within = None if asked["within"] is None else int(asked["within"])
        report = house().explanations.cohort(caller, asked_period(asked), within, _page(asked))
        soon = "" if within is None else f" within {within} days"
        title = f"Converted{soon}: customers who registered in this month"
        rows = list(map(ReportedCustomer._make, report.lines))
        return _shown(report, title, "cohorts", CohortsSchema(), customers=rows, step="converted")

    return filtered(caller, TEMPLATE, CohortsSchema(), listed)


@blueprint.get("/retention/behind")
@page_for(Permission.REPORTS_READ)
def retention(caller: Caller) -> Response:
    def listed(asked: dict[str, Any]) -> dict[str, Any]:
        report = house().explanations.retention(caller, asked_period(asked), asked["every"], _page(asked))
        title = "Customers with live seats when the time started"
        return _shown(report, title, "retention", RetentionSchema(), kept=list(map(MovedSeats._make, report.lines)))

    return filtered(caller, TEMPLATE, RetentionSchema(), listed)


def _page(asked: Mapping[str, Any]) -> Page:
    after = asked["after"]
    return Page(None if after is None else cursor(after), asked["limit"])


def _shown(report: Report, title: str, name: str, schema: Schema, **rows: object) -> dict[str, Any]:
    """What the page has of a list; its address names the filters, so that where it goes on has them, too."""
    query: dict[str, Any] = {
        key: text for key, text in filters_of(schema).items() if key not in ("after", "explain", "format")
    }
    here = f"console_explanations.{name}"
    return {
        "report": report,
        "title": title,
        "steps": STEPS,
        "back": url_for(f"console_reports.{name}"),
        "more": url_for(here, **query, after=report.next.text()) if report.next else "",
        "first": url_for(here, **query) if "after" in filters_of(schema) else "",
        "csv": url_for(f"api_reports.{name}", **{**query, "limit": MAX_PAGE}, explain=1, format="csv"),
        **rows,
    }
