"""`/console/milestones`: what is to be reached by a day, how it stands, and who counts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response

from licensing.core.callers import Caller, Permission
from licensing.core.explanations import ReportedMovement
from licensing.core.milestones import MAX_TARGET, Aim, Milestone, Status
from licensing.web import fields
from licensing.web.api.milestones import MilestoneSchema
from licensing.web.console.csv_tables import asked_table, lines_csv
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house

blueprint = Blueprint("console_milestones", __name__, url_prefix="/console/milestones")

ROWS = 100
AIMS = {Aim.NEW_CUSTOMERS: "New customers", Aim.ENTERPRISE_DEALS: "Enterprise-scale deals"}
STATUSES = {
    Status.MET: ("met", "good"),
    Status.ON_TRACK: ("on track", "good"),
    Status.BEHIND: ("behind", "warn"),
    Status.MISSED: ("missed", "bad"),
}


class MilestoneFormSchema(MilestoneSchema):
    """The same with a field for each target; an empty one is no target."""

    class Meta:
        exclude = ("targets",)

    new_customers = fields.WholeNumber(1, MAX_TARGET, load_default=None)
    enterprise_deals = fields.WholeNumber(1, MAX_TARGET, load_default=None)


@blueprint.get("")
@page_for(Permission.REPORTS_READ)
def every(caller: Caller, form: Form = NEW) -> Response:
    now = house().system.now()
    return page(
        "console/milestones.html",
        caller=caller,
        standings=house().milestones.every(caller),
        freshness=house().rollups.freshness(),
        days_left=lambda milestone: _days_left(milestone, now),
        aims=AIMS,
        statuses=STATUSES,
        most=MAX_TARGET,
        today=now.date(),
        form=form,
    )


@blueprint.post("")
@deed_for(Permission.MILESTONES_WRITE, on=every)
def put(caller: Caller) -> str:
    house().milestones.set(caller, **_typed())
    return done(".every", "milestone-set")


@blueprint.get("/<id:milestone_id>")
@page_for(Permission.REPORTS_READ)
def show(caller: Caller, milestone_id: str, form: Form = NEW) -> Response:
    counting = house().milestones.show(caller, milestone_id)
    if table := asked_table("milestone"):
        return _csv(table, counting.behind)
    return page(
        "console/milestone.html",
        caller=caller,
        milestone=counting.standings.milestone,
        targets=counting.standings.targets,
        behind=counting.behind,
        most_rows=ROWS,
        days_left=_days_left(counting.standings.milestone, house().system.now()),
        aims=AIMS,
        statuses=STATUSES,
        most=MAX_TARGET,
        form=form,
    )


@blueprint.post("/<id:milestone_id>/change")
@deed_for(Permission.MILESTONES_WRITE, on=show)
def change(caller: Caller, milestone_id: str) -> str:
    house().milestones.change(caller, Milestone(milestone_id, **_typed()))
    return done(".show", "milestone-set", milestone_id=milestone_id)


@blueprint.post("/<id:milestone_id>/removal")
@deed_for(Permission.MILESTONES_WRITE, on=show)
def remove(caller: Caller, milestone_id: str) -> str:
    house().milestones.remove(caller, milestone_id)
    return done(".every", "milestone-removed")


def _typed() -> dict[str, Any]:
    values: dict[str, Any] = read_form(MilestoneFormSchema())
    wanted = {aim: values.pop(aim) for aim in Aim}
    return {**values, "targets": {aim: target for aim, target in wanted.items() if target is not None}}


def _days_left(milestone: Milestone, now: datetime) -> int:
    """Days until it is over, today among them; 0 once it is."""
    return max(-((now - milestone.period.end) // timedelta(days=1)), 0)


def _csv(name: str, behind: Mapping[Aim, list[ReportedMovement]]) -> Response:
    """What counts for all targets; the first column says for which."""
    lines = [(aim.value, *each) for aim, movements in behind.items() for each in movements]
    return lines_csv(name, ("target", *ReportedMovement._fields), lines)
