"""`/v1/milestones`: what is to be reached by a day, how it stands, and who counts."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema
from marshmallow.fields import Nested

from licensing.core.callers import Caller, Permission
from licensing.core.milestones import MAX_TARGET, Aim, Milestone
from licensing.services.idempotency import Rendered
from licensing.services.milestones import Standings
from licensing.web import fields
from licensing.web.access import deed, reading
from licensing.web.api.presenting import answer, moment, rendered
from licensing.web.requests import NothingSchema, house, parse

blueprint = Blueprint("api_milestones", __name__, url_prefix="/v1/milestones")

TargetsSchema = Schema.from_dict({aim: fields.WholeNumber(1, MAX_TARGET) for aim in Aim}, name="TargetsSchema")


class MilestoneSchema(Schema):
    name = fields.Text(200, required=True)
    counts_from = fields.Day(required=True)
    day = fields.Day(required=True)
    targets = Nested(TargetsSchema, required=True)


@blueprint.get("")
@reading(Permission.REPORTS_READ)
def every(caller: Caller) -> Response:
    return answer({"milestones": [_members(each) for each in house().milestones.every(caller)]})


@blueprint.post("")
@deed(Permission.MILESTONES_WRITE)
def put(caller: Caller) -> Rendered:
    return rendered(_members(house().milestones.set(caller, **_values())), 201)


@blueprint.get("/<id:milestone_id>")
@reading(Permission.REPORTS_READ)
def show(caller: Caller, milestone_id: str) -> Response:
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
def change(caller: Caller, milestone_id: str) -> Rendered:
    return rendered(_members(house().milestones.change(caller, Milestone(milestone_id, **_values()))))


@blueprint.post("/<id:milestone_id>/removal")
@deed(Permission.MILESTONES_WRITE)
def remove(caller: Caller, milestone_id: str) -> Rendered:
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
