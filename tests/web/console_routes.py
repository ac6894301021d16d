"""Every page and form of the console with a good request to it, made on objects of its own.

A form gets its hidden field and its page's origin from whoever sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from licensing.core.alarms import AlarmKind
from licensing.core.callers import OPERATOR
from licensing.core.milestones import Aim
from licensing.storage import alarms, outbox, quote_requests
from licensing.storage.quote_requests import QuoteRequest
from tests.support.worlds import FSID, World, nodes, token_of
from tests.web.staff_routes import SOMEBODY, Make, customer, paid, quote, suspended, trial, webhook


class Visit(NamedTuple):
    """A page to be opened, or with `form` a deed to be done on it."""

    path: str
    form: dict[str, str] | None = None


def contact_of(world: World, organization_id: str) -> str:
    return world.house.organizations.show(OPERATOR, organization_id).contacts[0].id


ROUTES: dict[str, Callable[[World], Visit]] = {
    "console_organizations.every": lambda _: Visit("/console/organizations"),
    "console_organizations.search": lambda _: Visit("/console/search?q=acme"),
    "console_organizations.create": lambda _: Visit("/console/organizations", {"name": "Acme", "country": "DE"}),
    "console_organizations.show": lambda world: Visit(f"/console/organizations/{customer(world)}"),
    "console_organizations.change": lambda world: Visit(
        f"/console/organizations/{customer(world)}/change", {"name": "Acme & Co", "country": "DE"}
    ),
    "console_organizations.add_contact": lambda world: Visit(
        f"/console/organizations/{customer(world)}/contacts", {"name": "Jo", "email": "jo@acme.example"}
    ),
    "console_organizations.merge": lambda world: Visit(
        f"/console/organizations/{customer(world)}/merge", {"into": customer(world)}
    ),
    "console_organizations.erase": lambda world: _erasure(world, customer(world)),
}


def _erasure(world: World, organization_id: str) -> Visit:
    return Visit(f"/console/organizations/{organization_id}/contacts/{contact_of(world, organization_id)}/erasure", {})


def _member(world: World) -> str:
    return world.sign_in("support").id.removeprefix("staff:")


def _disabled(world: World) -> str:
    member = _member(world)
    world.house.staff.disable(OPERATOR, member)
    return member


def _mail(world: World, *, given_up: bool = False) -> str:
    world.trial(f"it@mail{world.house.system.new_id()[-6:]}.example")
    row = max(world.rows()["outbox"], key=lambda each: str(each[0]))
    id = str(row[0])
    if given_up:
        with world.house.database.write() as session:
            outbox.failed(session, id, "no such host", None, world.clock())
    return id


def _serial(world: World) -> str:
    world.trial(f"it@proof{world.house.system.new_id()[-6:]}.example")
    return world.house.ledger.page(None, None, 1)[0].issuance.serial


def _alarm(world: World) -> dict[str, str]:
    seen = {"kind": AlarmKind.NO_LEAF.value, "subject": world.house.system.new_id()}
    with world.house.database.write() as session:
        alarms.ring(session, AlarmKind.NO_LEAF, seen["subject"], world.clock())
    return seen


def _api_key(world: World) -> str:
    return world.house.api_keys.create(OPERATOR, "CRM", ["customers.read"], 30, None).api_key.id


def _today(world: World) -> str:
    return world.clock().date().isoformat()


ROUTES |= {
    "console_ledger.every": lambda _: Visit("/console/ledger?kind=trial"),
    "console_ledger.proof": lambda world: Visit(f"/console/ledger/{_serial(world)}/proof"),
    "console_alarms.every": lambda _: Visit("/console/alarms"),
    "console_alarms.look_at": lambda world: Visit("/console/alarms/seen", _alarm(world)),
    "console_outbox.every": lambda _: Visit("/console/outbox?state=dead"),
    "console_outbox.show": lambda world: Visit(f"/console/outbox/{_mail(world)}"),
    "console_outbox.preview": lambda world: Visit(f"/console/outbox/{_mail(world)}/preview"),
    "console_outbox.retry": lambda world: Visit(f"/console/outbox/{_mail(world, given_up=True)}/retry", {}),
    "console_staff.every": lambda _: Visit("/console/staff"),
    "console_staff.add": lambda world: Visit(
        "/console/staff",
        {"name": "Jo", "email": f"jo{world.house.system.new_id()[-8:]}@koor.example", "role": "sales"},
    ),
    "console_staff.show": lambda world: Visit(f"/console/staff/{_member(world)}"),
    "console_staff.change": lambda world: Visit(
        f"/console/staff/{_member(world)}/change", {"name": "Jo", "role": "support"}
    ),
    "console_staff.reset": lambda world: Visit(f"/console/staff/{_member(world)}/reset", {}),
    "console_staff.disable": lambda world: Visit(f"/console/staff/{_member(world)}/disablement", {}),
    "console_staff.enable": lambda world: Visit(f"/console/staff/{_disabled(world)}/enablement", {}),
    "console_staff.api_keys": lambda _: Visit("/console/api-keys"),
    "console_staff.create_api_key": lambda _: Visit(
        "/console/api-keys", {"name": "CRM", "scopes": "customers.read", "days": "30"}
    ),
    "console_webhooks.every": lambda _: Visit("/console/webhooks"),
    "console_webhooks.create": lambda _: Visit("/console/webhooks", {"url": "https://crm.example.com/hook"}),
    "console_webhooks.show": lambda world: Visit(f"/console/webhooks/{webhook(world)}"),
    "console_webhooks.rotate": lambda world: Visit(f"/console/webhooks/{webhook(world)}/secret", {}),
    "console_webhooks.test": lambda world: Visit(f"/console/webhooks/{webhook(world)}/test", {}),
    "console_webhooks.replay": lambda world: Visit(f"/console/webhooks/{webhook(world)}/replay", {"first_leaf": "0"}),
    "console_webhooks.retry": lambda world: Visit(f"/console/webhooks/{webhook(world)}/retry", {}),
    "console_webhooks.revoke": lambda world: Visit(f"/console/webhooks/{webhook(world)}/revocation", {}),
    "console_staff.revoke_api_key": lambda world: Visit(f"/console/api-keys/{_api_key(world)}/revocation", {}),
    "console_settings.show": lambda _: Visit("/console/settings"),
    "console_settings.put_price": lambda world: Visit(
        "/console/settings/prices", {"currency": "EUR", "node_year_minor": "120000", "valid_from": _today(world)}
    ),
    "console_settings.put_tier": lambda world: Visit(
        "/console/settings/tiers",
        {"name": "medium_enterprise", "first_seat": "16", "support": "business", "valid_from": _today(world)},
    ),
    "console_settings.put_offer": lambda world: Visit(
        "/console/settings/support", {"tier": "entry", "support": "business", "valid_from": _today(world)}
    ),
    "console_settings.put_step": lambda world: Visit(
        "/console/settings/volume", {"min_seats": "25", "percent": "5", "valid_from": _today(world)}
    ),
}


def _milestone(world: World) -> str:
    first = world.clock().replace(hour=0)
    return world.house.milestones.set(OPERATOR, "Spring", first, first, {Aim.NEW_CUSTOMERS: 1}).milestone.id


_MILESTONE = {"name": "Spring", "counts_from": "2026-01-01", "day": "2026-03-31", "new_customers": "3"}

ROUTES |= {
    "console_quotes.every": lambda world: Visit(f"/console/quotes?state=open&before={quote(world)[1]}"),
    "console_quotes.new": lambda world: Visit(f"/console/quotes/new?organization={customer(world)}"),
    "console_quotes.preview": lambda world: Visit(
        "/console/quotes/new/preview", {"organization_id": customer(world), "seats": "25", "currency": "EUR"}
    ),
    "console_quotes.make": lambda world: Visit(
        "/console/quotes/new", {"organization_id": customer(world), "seats": "25", "currency": "EUR"}
    ),
    "console_quotes.show": lambda world: Visit(f"/console/quotes/{quote(world)[1]}"),
    "console_quotes.approve": lambda world: Visit(f"/console/quotes/{quote(world, SOMEBODY, 20)[1]}/approval", {}),
    "console_quotes.refuse": lambda world: Visit(f"/console/quotes/{quote(world, SOMEBODY, 20)[1]}/refusal", {}),
    "console_quotes.withdraw": lambda world: Visit(f"/console/quotes/{quote(world)[1]}/withdrawal", {}),
    "console_quotes.accept": lambda world: Visit(
        f"/console/quotes/{quote(world)[1]}/acceptance", {"order_number": "PO-1"}
    ),
    "console_leads.every": lambda _: Visit("/console/leads?limit=10"),
    "console_reports.funnel": lambda _: Visit("/console/reports?by=tier"),
    "console_reports.conversions": lambda _: Visit("/console/reports/conversions?every=quarter"),
    "console_reports.cohorts": lambda _: Visit("/console/reports/cohorts"),
    "console_reports.retention": lambda _: Visit("/console/reports/retention?every=year"),
    "console_explanations.funnel": lambda _: Visit("/console/reports/funnel/behind?step=converted"),
    "console_explanations.conversions": lambda _: Visit("/console/reports/conversions/behind?what=churn"),
    "console_explanations.cohorts": lambda _: Visit("/console/reports/cohorts/behind?within=30"),
    "console_explanations.retention": lambda _: Visit("/console/reports/retention/behind?every=quarter"),
    "console_milestones.every": lambda _: Visit("/console/milestones"),
    "console_milestones.put": lambda _: Visit("/console/milestones", _MILESTONE),
    "console_milestones.show": lambda world: Visit(f"/console/milestones/{_milestone(world)}"),
    "console_milestones.change": lambda world: Visit(f"/console/milestones/{_milestone(world)}/change", _MILESTONE),
    "console_milestones.remove": lambda world: Visit(f"/console/milestones/{_milestone(world)}/removal", {}),
}


def _license(world: World, deed: str = "", make: Make = paid) -> str:
    return f"/console/licenses/{make(world)[1]}{deed}"


def _trial_license(world: World, deed: str = "") -> str:
    customer(world)  # prices
    return f"/console/licenses/{trial(world)[1]}{deed}"


def _new_license(world: World, deed: str = "") -> str:
    return f"/console/licenses/new{deed}?organization={customer(world)}"


def _sale(world: World, deed: str = "", make: Make = paid) -> str:
    _, license_id, serial = make(world)
    return f"/console/licenses/{license_id}/sales/{serial}{deed}"


def _cluster(world: World, deed: str = "") -> str:
    _, license_id, _ = paid(world)
    world.check_in(token_of(world, license_id), nodes(2))
    return f"/console/licenses/{license_id}/clusters/{FSID}{deed}"


def _quote_request(world: World) -> str:
    buyer, license_id, _ = paid(world)
    id, contact = world.house.system.new_id(), contact_of(world, buyer)
    with world.house.database.write() as session:
        quote_requests.add(session, QuoteRequest(id, buyer, license_id, contact, 40, "we grow", world.clock()))
    return id


_BECAUSE = {"reason": "as the customer asked"}
_ORDERED = {"seats": "30", "order_number": "PO-2", "currency": "EUR"}

ROUTES |= {
    "console_today.show": lambda _: Visit("/console"),
    "console_today.requests": lambda world: Visit(f"/console/quotes/requests?of={_quote_request(world)}"),
    "console_today.settle": lambda world: Visit(f"/console/quotes/requests/{_quote_request(world)}/settlement", {}),
    "console_license_lists.every": lambda world: Visit(f"/console/licenses?edition=pro&of={paid(world)[1]}"),
    "console_licenses.show": lambda world: Visit(_license(world)),
    "console_licenses.download": lambda world: Visit(_license(world, "/file")),
    "console_licenses.suspend": lambda world: Visit(_license(world, "/suspension"), _BECAUSE),
    "console_licenses.reinstate": lambda world: Visit(_license(world, "/reinstatement", suspended), _BECAUSE),
    "console_licenses.reissue": lambda world: Visit(_license(world, "/reissue"), _BECAUSE),
    "console_licenses.revoke": lambda world: Visit(_license(world, "/revocation", suspended), _BECAUSE),
    "console_licenses.transfer": lambda world: Visit(
        _license(world, "/transfer"), {**_BECAUSE, "organization_id": customer(world)}
    ),
    "console_sales.new": lambda world: Visit(_new_license(world)),
    "console_sales.sell": lambda world: Visit(_new_license(world), _ORDERED),
    "console_sales.preview_sale": lambda world: Visit(_new_license(world, "/preview"), _ORDERED),
    "console_sales.conversion": lambda world: Visit(_trial_license(world, "/conversion")),
    "console_sales.convert": lambda world: Visit(_trial_license(world, "/conversion"), _ORDERED),
    "console_sales.preview_conversion": lambda world: Visit(_trial_license(world, "/conversion/preview"), _ORDERED),
    "console_sales.renewal": lambda world: Visit(_license(world, "/renewal")),
    "console_sales.renew": lambda world: Visit(_license(world, "/renewal"), {**_ORDERED, "start": "today"}),
    "console_sales.preview_renewal": lambda world: Visit(_license(world, "/renewal/preview"), _ORDERED),
    "console_seats.show": lambda world: Visit(_license(world, "/seats")),
    "console_seats.resize": lambda world: Visit(_license(world, "/seats"), _ORDERED),
    "console_seats.preview": lambda world: Visit(_license(world, "/seats/preview"), _ORDERED),
    "console_undoing.show": lambda world: Visit(_sale(world)),
    "console_undoing.void": lambda world: Visit(_sale(world, "/void", suspended), _BECAUSE),
    "console_undoing.refund": lambda world: Visit(_sale(world, "/refund"), {**_BECAUSE, "amount_minor": "100"}),
    "console_clusters.every": lambda world: Visit(_license(world, "/clusters")),
    "console_clusters.show": lambda world: Visit(_cluster(world)),
    "console_clusters.release": lambda world: Visit(_cluster(world, "/release"), _BECAUSE),
    "console_clusters.reset": lambda world: Visit(_cluster(world, "/reset"), _BECAUSE),
    "console_clusters.place": lambda world: Visit(_cluster(world, "/non-production"), {**_BECAUSE, "granted": "on"}),
}
