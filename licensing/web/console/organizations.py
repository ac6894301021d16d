"""`/console/organizations`: the customers' book, and one customer with all that ever happened."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from licensing.core.callers import Caller, Permission
from licensing.services.organizations import Customer, Person
from licensing.services.quotes import Printed
from licensing.storage.organizations import Organization
from licensing.web.api.licenses import license_members
from licensing.web.api.organizations import MAX_QUERY, ChangeSchema, ContactSchema, MergeSchema, OrganizationSchema
from licensing.web.api.quotes import quote_members
from licensing.web.api.tables import Format
from licensing.web.console.actors import names_of
from licensing.web.console.csv_tables import asked_table, fields_csv, members_csv
from licensing.web.console.timeline import timeline
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house, page_of

blueprint = Blueprint("console_organizations", __name__, url_prefix="/console")

FOUND, CSV_ROWS = 50, 10_000
QUOTES, CSV_QUOTES = 100, 1_000
FIRST = 25
"""So much of each kind stands on a customer's page, unless somebody wants `?all=1`."""
COLUMNS = tuple(Organization.__slots__)


@blueprint.get("/organizations")
@page_for(Permission.CUSTOMERS_READ)
def every(caller: Caller, form: Form = NEW) -> Response:
    before, limit = page_of("before")
    if asked_table("customers"):
        return fields_csv("customers", COLUMNS, house().organizations.page(caller, before, CSV_ROWS))
    found = house().organizations.page(caller, before, limit)
    more = url_for(".every", before=found[-1].id, limit=limit) if len(found) == limit else ""
    csv = url_for(".every", before=before or None, format=Format.CSV.value)
    return page(
        "console/organizations.html", caller=caller, organizations=found, form=form, query="", more=more, csv=csv
    )


@blueprint.get("/search")
@page_for(Permission.CUSTOMERS_READ)
def search(caller: Caller) -> Response:
    query = request.args.get("q", "").strip()[:MAX_QUERY]
    found = house().organizations.search(caller, query, FOUND) if query else []
    if asked_table("customers"):
        return fields_csv("customers", COLUMNS, found)
    csv = url_for(".search", q=query, format=Format.CSV.value)
    return page(
        "console/organizations.html", caller=caller, organizations=found, form=NEW, query=query, more="", csv=csv
    )


@blueprint.post("/organizations")
@deed_for(Permission.CUSTOMERS_WRITE, on=every)
def create(caller: Caller) -> str:
    data = read_form(OrganizationSchema(exclude=("contact",)))
    made = house().organizations.create(caller, data["name"], data["country"], data["domain"], None)
    return done(".show", "organization-added", organization_id=made.id)


@blueprint.get("/organizations/<id:organization_id>")
@page_for(Permission.CUSTOMERS_READ)
def show(caller: Caller, organization_id: str, form: Form = NEW) -> Response:
    customer = house().organizations.show(caller, organization_id)
    table = asked_table("licenses", "quotes")
    quotes = _quotes(caller, customer, CSV_QUOTES if table else QUOTES)
    if table == "quotes":
        return members_csv(table, list(map(quote_members, quotes)), "quote_id")
    if table == "licenses":
        return members_csv(table, list(map(license_members, customer.licenses)), "license_id")
    moments = timeline(customer, quotes)
    return page(
        "console/organization.html",
        caller=caller,
        customer=customer,
        organization=customer.organization,
        quotes=quotes,
        timeline=moments,
        names=names_of(*(each.actor for each in moments)),
        most=None if request.args.get("all") else FIRST,
        now=house().system.now(),
        form=form,
    )


@blueprint.post("/organizations/<id:organization_id>/change")
@deed_for(Permission.CUSTOMERS_WRITE, on=show)
def change(caller: Caller, organization_id: str) -> str:
    house().organizations.change(caller, organization_id, **read_form(ChangeSchema()))
    return done(".show", "organization-changed", organization_id=organization_id)


@blueprint.post("/organizations/<id:organization_id>/contacts")
@deed_for(Permission.CUSTOMERS_WRITE, on=show)
def add_contact(caller: Caller, organization_id: str) -> str:
    house().organizations.add_contact(caller, organization_id, Person(**read_form(ContactSchema())))
    return done(".show", "contact-added", organization_id=organization_id)


@blueprint.post("/organizations/<id:organization_id>/merge")
@deed_for(Permission.CUSTOMERS_WRITE, on=show)
def merge(caller: Caller, organization_id: str) -> str:
    into = house().organizations.merge(caller, organization_id, read_form(MergeSchema())["into"])
    return done(".show", "organization-merged", organization_id=into.id)


@blueprint.post("/organizations/<id:organization_id>/contacts/<id:contact_id>/erasure")
@deed_for(Permission.CUSTOMERS_ERASE, on=show)
def erase(caller: Caller, organization_id: str, contact_id: str) -> str:
    house().organizations.erase(caller, organization_id, contact_id, ())
    return done(".show", "person-erased", organization_id=organization_id)


def _quotes(caller: Caller, customer: Customer, most: int) -> list[Printed]:
    """The customer's newest quotes; none for whoever may not see any."""
    if Permission.QUOTES_READ not in caller.permissions:
        return []
    return house().quotes.page(caller, customer.organization.id, "", most)
