"""`/v1/organizations`: the customers' book."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema
from marshmallow import fields as marshmallow_fields

from licensing.core.callers import Caller, Permission
from licensing.services.idempotency import Rendered
from licensing.services.organizations import Customer, Person
from licensing.storage.organizations import Organization
from licensing.web import fields
from licensing.web.access import deed, reading
from licensing.web.api.licenses import LICENSE, license_members
from licensing.web.api.presenting import answer, moment, rendered
from licensing.web.api.shapes import ANYTHING, ID, LIMIT, MOMENT, TEXT, TRUTH, by_name, many, maybe, members, thing
from licensing.web.api.speaking import speaks
from licensing.web.requests import house, page_of, parse

blueprint = Blueprint("api_organizations", __name__, url_prefix="/v1/organizations")

MAX_QUERY = 200
MAX_ERASED = 1_000


class ContactSchema(Schema):
    email = fields.Email(required=True)
    name = fields.Text(200, required=True)


class OrganizationSchema(Schema):
    name = fields.Text(200, required=True)
    country = fields.Country(required=True)
    domain = fields.Domain(load_default=None)
    contact = marshmallow_fields.Nested(ContactSchema, load_default=None)


class ChangeSchema(Schema):
    name = fields.Text(200)
    country = fields.Country()
    domain = fields.Domain(allow_none=True)


class MergeSchema(Schema):
    into = fields.Text(32, required=True)


class ErasureSchema(Schema):
    issuances = marshmallow_fields.List(fields.Text(32), load_default=list, validate=lambda it: len(it) <= MAX_ERASED)


ORGANIZATION = thing("Organization", organization_id=ID, name=TEXT, country=TEXT, domain=maybe(TEXT), created_at=MOMENT)
CUSTOMER = thing(
    "Customer",
    **ORGANIZATION.members,
    contacts=many(thing("Contact", contact_id=ID, email=TEXT, name=TEXT)),
    licenses=many(LICENSE),
    merged=many(TEXT),
    events=many(thing("Event", at=MOMENT, actor=TEXT, action=TEXT, details=by_name(ANYTHING))),
)


@blueprint.get("")
@reading(Permission.CUSTOMERS_READ)
@speaks(members(organizations=many(ORGANIZATION)), query={"q": TEXT, "before": ID, "limit": LIMIT})
def find(caller: Caller) -> Response:
    """Organisations: those that fit `q`, the best first; or all, the newest first."""
    before, limit = page_of("before")
    query = request.args.get("q")
    if query is None:
        found = house().organizations.page(caller, before, limit)
    else:
        found = house().organizations.search(caller, query[:MAX_QUERY], limit)
    return answer({"organizations": [organization_members(organization) for organization in found]})


@blueprint.post("")
@deed(Permission.CUSTOMERS_WRITE)
@speaks(ORGANIZATION, 201, body=OrganizationSchema)
def create(caller: Caller) -> Rendered:
    """A new organisation."""
    data = parse(OrganizationSchema())
    contact = None if data["contact"] is None else Person(**data["contact"])
    made = house().organizations.create(caller, data["name"], data["country"], data["domain"], contact)
    return rendered(organization_members(made), 201)


@blueprint.get("/<id:organization_id>")
@reading(Permission.CUSTOMERS_READ)
@speaks(CUSTOMER)
def show(caller: Caller, organization_id: str) -> Response:
    """An organisation with its people, licenses and history."""
    return answer(_document(house().organizations.show(caller, organization_id)))


@blueprint.patch("/<id:organization_id>")
@deed(Permission.CUSTOMERS_WRITE)
@speaks(ORGANIZATION, body=ChangeSchema)
def change(caller: Caller, organization_id: str) -> Rendered:
    """Another name, country or domain."""
    data: dict[str, Any] = parse(ChangeSchema())
    return rendered(organization_members(house().organizations.change(caller, organization_id, **data)))


@blueprint.post("/<id:organization_id>/contacts")
@deed(Permission.CUSTOMERS_WRITE)
@speaks(members(contact_id=ID), 201, body=ContactSchema)
def add_contact(caller: Caller, organization_id: str) -> Rendered:
    """A further contact."""
    # Only the id: what is kept of an answer must not outlive the erasure of a person.
    contact_id = house().organizations.add_contact(caller, organization_id, Person(**parse(ContactSchema())))
    return rendered({"contact_id": contact_id}, 201)


@blueprint.post("/<id:organization_id>/merge")
@deed(Permission.CUSTOMERS_WRITE)
@speaks(ORGANIZATION, body=MergeSchema)
def merge(caller: Caller, organization_id: str) -> Rendered:
    """This organisation is a duplicate of that; no history is rewritten."""
    into = parse(MergeSchema())["into"]
    return rendered(organization_members(house().organizations.merge(caller, organization_id, into)))


@blueprint.post("/<id:organization_id>/contacts/<id:contact_id>/erasure")
@deed(Permission.CUSTOMERS_ERASE)
@speaks(members(contact_id=ID, erased=TRUTH), body=ErasureSchema)
def erase(caller: Caller, organization_id: str, contact_id: str) -> Rendered:
    """The person is nobody from now on."""
    serials = parse(ErasureSchema())["issuances"]
    house().organizations.erase(caller, organization_id, contact_id, serials)
    return rendered({"contact_id": contact_id, "erased": True})


def organization_members(organization: Organization) -> dict[str, object]:
    """An organisation without its people."""
    return {
        "organization_id": organization.id,
        "name": organization.name,
        "country": organization.country,
        "domain": organization.domain,
        "created_at": moment(organization.created_at),
    }


def _document(customer: Customer) -> dict[str, object]:
    return {
        **organization_members(customer.organization),
        "contacts": [
            {"contact_id": contact.id, "email": contact.email, "name": contact.name} for contact in customer.contacts
        ],
        "licenses": [license_members(standing) for standing in customer.licenses],
        "merged": list(customer.merged),
        "events": [
            {"at": moment(event.at), "actor": event.actor, "action": event.action, "details": dict(event.details)}
            for event in customer.events
        ],
    }
