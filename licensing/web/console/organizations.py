"""`/console/organizations`: the customers' book, and one customer with all that ever happened."""

from __future__ import annotations

from flask import Blueprint, Response, request, url_for

from licensing.core.callers import Caller, Permission
from licensing.services.organizations import Person
from licensing.web.api.organizations import MAX_QUERY, ChangeSchema, ContactSchema, MergeSchema, OrganizationSchema
from licensing.web.console.timeline import timeline
from licensing.web.forms import NEW, Form, read_form
from licensing.web.pages.rendering import deed_for, done, page, page_for
from licensing.web.requests import house, page_of

blueprint = Blueprint("console_organizations", __name__, url_prefix="/console")

FOUND = 50
QUOTES = 100


@blueprint.get("/organizations")
@page_for(Permission.CUSTOMERS_READ)
def every(caller: Caller, form: Form = NEW) -> Response:
    before, limit = page_of("before")
    found = house().organizations.page(caller, before, limit)
    more = url_for(".every", before=found[-1].id, limit=limit) if len(found) == limit else ""
    return page("console/organizations.html", caller=caller, organizations=found, form=form, query="", more=more)


@blueprint.get("/search")
@page_for(Permission.CUSTOMERS_READ)
def search(caller: Caller) -> Response:
    query = request.args.get("q", "").strip()[:MAX_QUERY]
    found = house().organizations.search(caller, query, FOUND) if query else []
    return page("console/organizations.html", caller=caller, organizations=found, form=NEW, query=query, more="")


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
    quotes = []
    if Permission.QUOTES_READ in caller.permissions:
        quotes = house().quotes.page(caller, customer.organization.id, "", QUOTES)
    return page(
        "console/organization.html",
        caller=caller,
        customer=customer,
        organization=customer.organization,
        quotes=quotes,
        timeline=timeline(customer, quotes),
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
