"""`/v1/entitlements`: what support may give to who calls."""

from __future__ import annotations

from flask import Blueprint, Response, request
from marshmallow import ValidationError

from licensing.core.callers import Caller, Permission
from licensing.core.errors import InvalidFields
from licensing.services.entitlements import Entitled
from licensing.web import fields
from licensing.web.access import reading
from licensing.web.api.licenses import LICENSE, license_members
from licensing.web.api.presenting import answer
from licensing.web.api.shapes import ID, TEXT, TRUTH, many, thing
from licensing.web.api.speaking import speaks
from licensing.web.requests import house, query_id

blueprint = Blueprint("api_entitlements", __name__, url_prefix="/v1/entitlements")

WAYS = ("organization", "email", "license")

ENTITLEMENT = thing(
    "Entitlement",
    organization_id=ID,
    organization=TEXT,
    support=TEXT,
    title=TEXT,
    covers=many(TEXT),
    because=TEXT,
    licenses=many(thing("CountedLicense", **LICENSE.members, counts=TRUTH)),
)


@blueprint.get("")
@reading(Permission.ENTITLEMENTS_READ)
@speaks(ENTITLEMENT, query={"organization": ID, "email": TEXT, "license": ID})
def show(caller: Caller) -> Response:
    """What a customer may ask support for, and why."""
    return answer(_document(_find(caller)))


def _find(caller: Caller) -> Entitled:
    ways = [way for way in WAYS if way in request.args]
    if len(ways) != 1:
        raise InvalidFields({"organization": ["Say one of `organization`, `email` and `license`."]})
    entitlements = house().entitlements
    if ways == ["email"]:
        try:
            email = fields.Email().deserialize(request.args["email"])
        except ValidationError as error:
            raise InvalidFields({"email": ["Must be an e-mail address."]}) from error
        return entitlements.of_email(caller, email)
    if ways == ["license"]:
        return entitlements.of_license(caller, query_id("license") or "")
    return entitlements.of_organization(caller, query_id("organization") or "")


def _document(entitled: Entitled) -> dict[str, object]:
    level, counting = entitled.entitlement.level, entitled.entitlement.counting
    return {
        "organization_id": entitled.organization.id,
        "organization": entitled.organization.name,
        "support": level.name,
        "title": level.title,
        "covers": list(level.covers),
        "because": entitled.entitlement.because,
        "licenses": [
            {**license_members(standing), "counts": standing.license_id in counting} for standing in entitled.licenses
        ],
    }
