"""`/console/leads`: the trials that are most likely to buy, and why."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, url_for
from marshmallow import Schema

from licensing.core.callers import Caller, Permission
from licensing.core.leads import REASONS, Lead
from licensing.web import fields
from licensing.web.console.csv_tables import asked_table, lines_csv
from licensing.web.console.filters import filtered
from licensing.web.pages.rendering import page_for
from licensing.web.requests import MAX_PAGE, house

blueprint = Blueprint("console_leads", __name__, url_prefix="/console/leads")

ROWS = 25


class LeadsSchema(Schema):
    limit = fields.Digits(1, MAX_PAGE, load_default=ROWS)


@blueprint.get("")
@page_for(Permission.REPORTS_READ)
def every(caller: Caller) -> Response:
    return filtered(caller, "console/leads.html", LeadsSchema(), lambda asked: _ranked(caller, asked))


def _ranked(caller: Caller, asked: dict[str, Any]) -> dict[str, Any] | Response:
    report, weights = house().reports.leads(caller, asked["limit"]), house().reports.weights()
    weighed = sorted(((REASONS[each], weights.get(each, 0)) for each in REASONS), key=lambda each: -each[1])
    if asked_table("weights"):
        return lines_csv("weights", ("reason", "weight"), weighed)
    return {
        "report": report,
        "leads": [Lead._make(line) for line in report.lines],
        "weights": weighed,
        "limit": asked["limit"],
        "most": MAX_PAGE,
        "csv": url_for("api_reports.leads", limit=asked["limit"], format="csv"),
    }
