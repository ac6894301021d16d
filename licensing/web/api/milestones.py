"""`/v1/milestones`: what is to be reached by a day, how it stands, and who counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema
from marshmallow.fields import Nested

from licensing.core.callers import Caller, Permission
from licensing.core.milestones import MAX_TARGET, Aim, Milestone, Status
from licensing.services.idempotency import Rendered
from licensing.services.milestones import Standings
from licensing.web import fields
from licensing.web.access import deed, reading
from licensing.web.api.presenting import answer, moment, rendered
from licensing.web.api.shapes import COUNT, DAY, ID, MOMENT, NUMBER, TEXT, by_name, many, maybe, members, thing, word_of
from licensing.web.api.speaking import speaks
from licensing.web.requests import NothingSchema, house, parse

blueprint = Blueprint("api_milestones", __name__, url_prefix="/v1/milestones")

TargetsSchema = Schema.from_dict({aim: fields.WholeNumber(1, MAX_TARGET) for aim in Aim}, name="TargetsSchema")


class MilestoneSchema(Schema):
    name = fields.Text(200, required=True)
    counts_from = fields.Day(required=True)
    day = fields.Day(required=True)
    targets = Nested(TargetsSchema, required=True)


TARGET = thing(
    "Target",
    kind=word_of(Aim),
    target=COUNT,
    attained=COUNT,
    missing=COUNT,
    status=word_of(Status),
    needed_per_day=maybe(NUMBER),
    needed_per_week=maybe(NUMBER),
)
MILESTONE = thing("Milestone", milestone_id=ID, name=TEXT, counts_from=DAY, day=DAY, targets=many(TARGET))
COUNTED = thing("Counted", organization_id=ID, organization=TEXT, serial=TEXT, at=MOMENT, seats=COUNT)
MILESTONE_WITH_CUSTOMERS = thing("MilestoneWithCustomers", **MILESTONE.members, customers=by_name(many(COUNTED)))


@blueprint.get("")
@reading(Permission.REPORTS_READ)
@speaks(members(milestones=many(MILESTONE)))
def every(caller: Caller) -> Response:
    """All milestones, and how they stand."""
    return answer({"milestones": [_members(each) for each in house().milestones.every(caller)]})


@blueprint.post("")
@deed(Permission.MILESTONES_WRITE)
@speaks(MILESTONE, 201, body=MilestoneSchema)
def put(caller: Caller) -> Rendered:
    """A new milestone."""
    return rendered(_members(house().milestones.set(caller, **_values())), 201)


@blueprint.get("/<id:milestone_id>")
@reading(Permission.REPORTS_READ)
@speaks(MILESTONE_WITH_CUSTOMERS)
def show(caller: Caller, milestone_id: str) -> Response:
    """A milestone, and who counts for it."""
    counting = house().milestones.show(caller, milestone_id)
    behind = {
        aim: [
            {
                "organization_id": each.customer,
                "organization": each.organization,
                "serial": each.serial,
                "at": moment(each.at),
                "seats": each.seats,
            }
            for each in movements
        ]
        for aim, movements in counting.behind.items()
    }
    return answer({**_members(counting.standings), "customers": behind})


@blueprint.put("/<id:milestone_id>")
@deed(Permission.MILESTONES_WRITE)
@speaks(MILESTONE, body=MilestoneSchema)
def change(caller: Caller, milestone_id: str) -> Rendered:
    """The milestone is another one from now on."""
    return rendered(_members(house().milestones.change(caller, Milestone(milestone_id, **_values()))))


@blueprint.post("/<id:milestone_id>/removal")
@deed(Permission.MILESTONES_WRITE)
@speaks(members(), body=NothingSchema)
def remove(caller: Caller, milestone_id: str) -> Rendered:
    """The milestone is gone."""
    parse(NothingSchema())
    house().milestones.remove(caller, milestone_id)
    return rendered({})


def _values() -> dict[str, Any]:
    values: dict[str, Any] = parse(MilestoneSchema())
    return {**values, "targets": {Aim(aim): target for aim, target in values["targets"].items()}}


def _members(standings: Standings) -> dict[str, object]:
    milestone = standings.milestone
    return {
        "milestone_id": milestone.id,
        "name": milestone.name,
        "counts_from": _day(milestone.counts_from),
        "day": _day(milestone.day),
        "targets": [
            {
                "kind": each.aim,
                "target": each.target,
                "attained": each.attained,
                "missing": each.missing,
                "status": each.status,
                "needed_per_day": each.per_day,
                "needed_per_week": each.per_week,
            }
            for each in standings.targets
        ],
    }


def _day(value: datetime) -> str:
    return value.date().isoformat()
