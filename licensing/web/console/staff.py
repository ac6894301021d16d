"""`/console/staff` and `/console/api-keys`: who and what may come in. Secrets are shown once."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from licensing.core.callers import MAX_SEAT_LIMIT, SEAT_LIMIT, WHOLE_DISCOUNT, Caller, Permission, Role
from licensing.services.api_keys import MAX_DAYS, SCOPES
from licensing.services.idempotency import Rendered
from licensing.services.staff import Changes, LetIn
from licensing.storage.staff import StaffMember
from licensing.web.api.api_keys import ApiKeySchema, api_key_members
from licensing.web.api.staff import ChangeSchema, MemberSchema
from licensing.web.console.csv_tables import asked_table, fields_csv, members_csv
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, done, page, page_for, shown_once
from licensing.web.requests import house

blueprint = Blueprint("console_staff", __name__, url_prefix="/console")

ROLES = [(role.value, role.value) for role in Role]
CHOICES: dict[str, Any] = {
    "roles": ROLES,
    "most": WHOLE_DISCOUNT,
    "most_seats": MAX_SEAT_LIMIT,
    "usual_seats": SEAT_LIMIT,
}


@blueprint.get("/staff")
@page_for(Permission.STAFF_MANAGE)
def every(caller: Caller, form: Form = NEW) -> Response:
    members = house().staff.list()
    if table := asked_table("staff"):
        return fields_csv(table, tuple(StaffMember.__slots__), members)
    return page("console/staff.html", caller=caller, members=members, form=form, **CHOICES)


@blueprint.post("/staff")
@deed_for(Permission.STAFF_MANAGE, on=every)
def add(caller: Caller) -> Rendered:
    return _let_in(caller, house().staff.add(caller, **read_form(MemberSchema())))


@blueprint.get("/staff/<id:staff_id>")
@page_for(Permission.STAFF_MANAGE)
def show(caller: Caller, staff_id: str, form: Form = NEW) -> Response:
    member = house().staff.find(staff_id)
    return page("console/member.html", caller=caller, member=member, form=form, **CHOICES)


@blueprint.post("/staff/<id:staff_id>/change")
@deed_for(Permission.STAFF_MANAGE, on=show)
def change(caller: Caller, staff_id: str) -> str:
    house().staff.change(caller, staff_id, Changes(**read_form(ChangeSchema())))
    return done(".show", "staff-changed", staff_id=staff_id)


@blueprint.post("/staff/<id:staff_id>/reset")
@deed_for(Permission.STAFF_MANAGE, on=show)
def reset(caller: Caller, staff_id: str) -> Rendered:
    return _let_in(caller, house().staff.reset(caller, staff_id))


@blueprint.post("/staff/<id:staff_id>/disablement")
@deed_for(Permission.STAFF_MANAGE, on=show)
def disable(caller: Caller, staff_id: str) -> str:
    house().staff.disable(caller, staff_id)
    return done(".show", "staff-disabled", staff_id=staff_id)


@blueprint.post("/staff/<id:staff_id>/enablement")
@deed_for(Permission.STAFF_MANAGE, on=show)
def enable(caller: Caller, staff_id: str) -> str:
    house().staff.enable(caller, staff_id)
    return done(".show", "staff-enabled", staff_id=staff_id)


@blueprint.get("/api-keys")
@page_for(Permission.STAFF_MANAGE)
def api_keys(caller: Caller, form: Form = NEW) -> Response:
    keys, now = house().api_keys.list(caller), house().system.now()
    if table := asked_table("api-keys"):
        return members_csv(table, list(map(api_key_members, keys)), "api_key_id")
    return page(
        "console/api_keys.html", caller=caller, keys=keys, now=now, scopes=sorted(SCOPES), most=MAX_DAYS, form=form
    )


@blueprint.post("/api-keys")
@deed_for(Permission.STAFF_MANAGE, on=api_keys)
def create_api_key(caller: Caller) -> Rendered:
    made = house().api_keys.create(caller, **read_form(ApiKeySchema()))
    return shown_once(
        "console/secret.html",
        made.key,
        caller=caller,
        title=f"API key {made.api_key.name}",
        what="The key of the machine. It is not kept here, and never shown again.",
        back="/console/api-keys",
    )


@blueprint.post("/api-keys/<id:api_key_id>/revocation")
@deed_for(Permission.STAFF_MANAGE, on=api_keys)
def revoke_api_key(caller: Caller, api_key_id: str) -> str:
    house().api_keys.revoke(caller, api_key_id)
    return done(".api_keys", "key-revoked")


def _let_in(caller: Caller, let_in: LetIn) -> Rendered:
    return shown_once(
        "console/secret.html",
        let_in.one_time_password,
        caller=caller,
        title=f"One-time password for {let_in.member.email}",
        what="Tell it to the person by a safe way. It works once: at the first sign-in she chooses her own.",
        back=f"/console/staff/{let_in.member.id}",
    )
