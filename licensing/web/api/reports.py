"""`/v1/reports/…`: the tables of docs/reports.md, as JSON and CSV, and with `explain=1` the rows behind them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema

from licensing.core.callers import Caller, Permission
from licensing.core.cohorts import CohortLine
from licensing.core.conversions import MovementLine
from licensing.core.explanations import MovedSeats, ReportedCustomer, ReportedMovement, cursor
from licensing.core.funnels import By, FunnelLine, Step
from licensing.core.leads import Lead
from licensing.core.movements import What
from licensing.core.periods import Every, Period, period
from licensing.core.retention import RetentionLine
from licensing.services.explanations import Page
from licensing.web import fields
from licensing.web.access import reading
from licensing.web.api.shapes import ANYTHING, DAY, MOMENT, NUMBER, TEXT, Shape, many, maybe, row_of
from licensing.web.api.speaking import CSV, JSON, speaks
from licensing.web.api.tables import Format, presented
from licensing.web.requests import DEFAULT_PAGE, MAX_PAGE, house, parse_query

blueprint = Blueprint("api_reports", __name__, url_prefix="/v1/reports")


class Within(StrEnum):
    """How soon a conversion came, in days: those of core.cohorts.WITHIN."""

    DAYS_30 = "30"
    DAYS_60 = "60"
    DAYS_90 = "90"
    DAYS_180 = "180"
    DAYS_365 = "365"


class Explain(StrEnum):
    """Whether the rows behind a figure are asked for, or the figures."""

    NO = "0"
    YES = "1"


class ReportSchema(Schema):
    explain = fields.Choice(Explain, load_default=Explain.NO)
    format = fields.Choice(Format, load_default=Format.JSON)
    after = fields.Text(350, load_default=None)
    limit = fields.Digits(1, MAX_PAGE, load_default=DEFAULT_PAGE)


class PeriodSchema(ReportSchema):
    """With the first day of a period, and the first one after it."""

    first = fields.Day(data_key="from", load_default=None)
    end = fields.Day(data_key="to", load_default=None)


class FunnelSchema(PeriodSchema):
    by = fields.Choice(By, load_default=By.ALL)
    value = fields.Text(40, load_default=None)
    step = fields.Choice(Step, load_default=Step.REGISTERED)


class ConversionsSchema(PeriodSchema):
    every = fields.Choice(Every, load_default=Every.MONTH)
    tier = fields.Text(40, load_default=None)
    what = fields.Choice(What, load_default=What.CONVERSION)
    currency = fields.Currency(load_default=None)


class RetentionSchema(PeriodSchema):
    every = fields.Choice(Every, load_default=Every.MONTH)


class CohortsSchema(PeriodSchema):
    within = fields.Choice(Within, load_default=None)


ALWAYS: dict[str, Shape] = {"next": maybe(TEXT), "as_of": maybe(MOMENT), "pending": ANYTHING}
ABOUT: dict[str, Shape] = {
    **dict.fromkeys(("from", "to"), DAY),
    **dict.fromkeys(("by", "every"), TEXT),
    **dict.fromkeys(("value", "step", "tier", "currency"), maybe(TEXT)),
    **dict.fromkeys(("within", "median_days"), maybe(NUMBER)),
    "what": many(TEXT),
}
"""What a report may say of what it is about."""


def table(*lines: type[Any]) -> Shape:
    """A report whose rows are of one of these kinds."""
    rows = many({"anyOf": [row_of(line) for line in lines]})
    return {"type": "object", "properties": {"rows": rows, **ALWAYS, **ABOUT}, "required": ["rows", *ALWAYS]}


@blueprint.get("/funnel")
@reading(Permission.REPORTS_READ)
@speaks(table(FunnelLine, ReportedCustomer), query=FunnelSchema, media=(JSON, CSV), refuses=(404,))
def funnel(caller: Caller) -> Response:
    """How far those came who registered in the period."""
    asked = parse_query(FunnelSchema())
    of = (caller, _period(asked), asked["by"], asked["value"])
    if asked["explain"] is Explain.YES:
        return presented(house().explanations.funnel(*of, asked["step"], _page(asked)), asked["format"])
    return presented(house().reports.funnel(*of), asked["format"])


@blueprint.get("/conversions")
@reading(Permission.REPORTS_READ)
@speaks(table(MovementLine, ReportedMovement), query=ConversionsSchema, media=(JSON, CSV), refuses=(404,))
def conversions(caller: Caller) -> Response:
    """What was bought and what ended in the period."""
    asked = parse_query(ConversionsSchema())
    days, tier = _period(asked), asked["tier"]
    if asked["explain"] is Explain.YES:
        listed = house().explanations.movements(caller, days, [asked["what"]], _page(asked), tier, asked["currency"])
        return presented(listed, asked["format"])
    return presented(house().reports.conversions(caller, days, asked["every"], tier), asked["format"])


@blueprint.get("/retention")
@reading(Permission.REPORTS_READ)
@speaks(table(RetentionLine, MovedSeats), query=RetentionSchema, media=(JSON, CSV))
def retention(caller: Caller) -> Response:
    """How many seats were kept."""
    asked = parse_query(RetentionSchema())
    of = (caller, _period(asked), asked["every"])
    if asked["explain"] is Explain.YES:
        return presented(house().explanations.retention(*of, _page(asked)), asked["format"])
    return presented(house().reports.retention(*of), asked["format"])


@blueprint.get("/cohorts")
@reading(Permission.REPORTS_READ)
@speaks(table(CohortLine, ReportedCustomer), query=CohortsSchema, media=(JSON, CSV))
def cohorts(caller: Caller) -> Response:
    """How many converted how soon, by the month they registered in."""
    asked = parse_query(CohortsSchema())
    days = _period(asked)
    if asked["explain"] is Explain.YES:
        within = None if asked["within"] is None else int(asked["within"])
        return presented(house().explanations.cohort(caller, days, within, _page(asked)), asked["format"])
    return presented(house().reports.cohorts(caller, days), asked["format"])


@blueprint.get("/leads")
@reading(Permission.REPORTS_READ)
@speaks(table(Lead), query=ReportSchema, media=(JSON, CSV))
def leads(caller: Caller) -> Response:
    """The trials that are most likely to buy, with the reasons."""
    asked = parse_query(ReportSchema())
    return presented(house().reports.leads(caller, asked["limit"]), asked["format"])


def _period(asked: dict[str, Any]) -> Period:
    return period(asked["first"], asked["end"], house().system.now())


def _page(asked: dict[str, Any]) -> Page:
    after = asked["after"]
    return Page(None if after is None else cursor(after), asked["limit"])
