"""`/v1/staff`: the people who run this server. One-time passwords are shown once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from marshmallow import Schema, ValidationError, validates_schema

from licensing.core.callers import MAX_SEAT_LIMIT, SEAT_LIMIT, WHOLE_DISCOUNT, Caller, Permission, Role
from licensing.services.idempotency import Rendered
from licensing.services.staff import Changes, LetIn
from licensing.storage.staff import StaffMember
from licensing.web import fields
from licensing.web.access import deed, reading
from licensing.web.api.presenting import answer, moment, rendered
from licensing.web.api.shapes import COUNT, ID, MOMENT, PERCENT, TEXT, TRUTH, many, maybe, members, thing, word_of
from licensing.web.api.speaking import speaks
from licensing.web.requests import NothingSchema, house, parse

blueprint = Blueprint("api_staff", __name__, url_prefix="/v1/staff")

MAX_NAME = 200


class RoleField(fields.Text):
    """One of the roles, by name."""

    def __init__(self, **options: Any) -> None:
        super().__init__(20, **options)

    def _deserialize(self, value: Any, *arguments: Any, **options: Any) -> Any:
        text = super()._deserialize(value, *arguments, **options)
        if text not in list(Role):
            raise ValidationError(f"Must be one of {', '.join(Role)}.")
        return Role(text)

    def shape(self) -> dict[str, Any]:
        return {"type": "string", "enum": list(Role)}


class MemberSchema(Schema):
    email = fields.Email(required=True)
    name = fields.Text(MAX_NAME, required=True)
    role = RoleField(required=True)
    discount_limit = fields.WholeNumber(0, WHOLE_DISCOUNT, load_default=0)
    seat_limit = fields.WholeNumber(0, MAX_SEAT_LIMIT, load_default=SEAT_LIMIT)


class ChangeSchema(Schema):
    name = fields.Text(MAX_NAME)
    role = RoleField()
    discount_limit = fields.WholeNumber(0, WHOLE_DISCOUNT)
    seat_limit = fields.WholeNumber(0, MAX_SEAT_LIMIT)

    @validates_schema
    def _something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("Send `name`, `role`, `discount_limit` or `seat_limit`.", "name")


MEMBER = thing(
    "StaffMember",
    id=ID,
    email=TEXT,
    name=TEXT,
    role=word_of(Role),
    discount_limit=PERCENT,
    seat_limit=COUNT,
    must_change_password=TRUTH,
    second_factor=TRUTH,
    created_at=MOMENT,
    disabled_at=maybe(MOMENT),
)
LET_IN = thing("LetIn", **MEMBER.members, one_time_password=TEXT)


@blueprint.get("")
@reading(Permission.STAFF_MANAGE)
@speaks(members(staff=many(MEMBER)))
def list_staff(_: Caller) -> Response:
    """The people who run this server."""
    return answer({"staff": [_members(member) for member in house().staff.list()]})


@blueprint.post("")
@deed(Permission.STAFF_MANAGE)
@speaks(LET_IN, 201, body=MemberSchema)
def add(caller: Caller) -> Rendered:
    """A new account; its one-time password is shown once."""
    return _present(house().staff.add(caller, **parse(MemberSchema())), 201)


@blueprint.patch("/<id:staff_id>")
@deed(Permission.STAFF_MANAGE)
@speaks(MEMBER, body=ChangeSchema)
def change(caller: Caller, staff_id: str) -> Rendered:
    """Another name, role or discount limit; another role ends the sessions."""
    return rendered(_members(house().staff.change(caller, staff_id, Changes(**parse(ChangeSchema())))))


@blueprint.post("/<id:staff_id>/reset")
@deed(Permission.STAFF_MANAGE)
@speaks(LET_IN, body=NothingSchema)
def reset(caller: Caller, staff_id: str) -> Rendered:
    """A new one-time password; second factor and single sign-on are forgotten."""
    parse(NothingSchema())
    return _present(house().staff.reset(caller, staff_id))


@blueprint.post("/<id:staff_id>/disablement")
@deed(Permission.STAFF_MANAGE)
@speaks(MEMBER, body=NothingSchema)
def disable(caller: Caller, staff_id: str) -> Rendered:
    """The account can't sign in."""
    parse(NothingSchema())
    return rendered(_members(house().staff.disable(caller, staff_id)))


@blueprint.post("/<id:staff_id>/enablement")
@deed(Permission.STAFF_MANAGE)
@speaks(MEMBER, body=NothingSchema)
def enable(caller: Caller, staff_id: str) -> Rendered:
    """The account can sign in again."""
    parse(NothingSchema())
    return rendered(_members(house().staff.enable(caller, staff_id)))


def _present(let_in: LetIn, status: int = 200) -> Rendered:
    document = {**_members(let_in.member), "one_time_password": let_in.one_time_password}
    return rendered(document, status, secret="one_time_password")  # noqa: S106 - the member's name


def _members(member: StaffMember) -> dict[str, object]:
    return {
        "id": member.id,
        "email": member.email,
        "name": member.name,
        "role": member.role,
        "discount_limit": member.discount_limit,
        "seat_limit": member.seat_limit,
        "must_change_password": member.must_change_password,
        "second_factor": member.has_second_factor,
        "created_at": moment(member.created_at),
        "disabled_at": moment(member.disabled_at),
    }
