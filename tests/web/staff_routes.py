"""Every route of the staff's API with a good request to it, made on objects of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import Any

from licensing.core.callers import OPERATOR, Caller, Permission
from licensing.core.keys import jwk
from licensing.core.milestones import Aim
from licensing.core.prices import Price
from licensing.core.sales import Purchase, Term
from licensing.services.organizations import Person
from licensing.services.quotes import Wish
from tests.core.factories import make_key
from tests.support.worlds import FSID, World, nodes, standing, token_of

ABSENT = "0" * 32
ORDER = {"order_number": "PO-1", "currency": "EUR"}
SOMEBODY = Caller("staff:somebody", frozenset({Permission.QUOTES_WRITE}))
_numbers = count()


@dataclass(frozen=True, slots=True)
class Request:
    """A request that succeeds for whoever may make it.

    `organization_id` is whose object it is about, `absent` the path of one that does not exist. A request `abroad`
    names a second organisation, too, which a key confined to the first does not see. Members of the body that are
    `optional` may be missing or null.
    """

    path: str
    body: dict[str, Any] | None = None
    organization_id: str | None = None
    absent: str | None = None
    abroad: bool = False
    optional: frozenset[str] = frozenset({"months", "start", "np_seats"})


Prepare = Callable[[World], Request]
Make = Callable[[World], tuple[str, str, str]]
"""Makes a license: organisation, license and the serial of its sale."""
MILESTONE = {
    "name": "First hundred",
    "counts_from": "2026-01-01",
    "day": "2026-12-31",
    "targets": {"new_customers": 100},
}


def customer(world: World) -> str:
    """A new customer with a contact, in a world that has prices."""
    number = next(_numbers)
    person = Person(f"it{number}@customer.example", "IT")
    world.house.prices.put(OPERATOR, Price("EUR", 120_000, world.clock().replace(hour=0)))
    return world.house.organizations.create(OPERATOR, f"Customer {number}", "DE", None, person).id


def paid(world: World, organization_id: str | None = None) -> tuple[str, str, str]:
    """A customer's paid license: organisation, license and serial."""
    buyer = organization_id or customer(world)
    done = world.house.sales.sell(OPERATOR, buyer, Term(25, 12), Purchase("PO-0", "EUR"))
    return buyer, standing(done).license_id, done.serial


def suspended(world: World) -> tuple[str, str, str]:
    """The same, and it is suspended: the first of two people has done her part, if it is to end."""
    found = paid(world)
    world.house.licenses.suspend(OPERATOR, found[1], "not paid")
    return found


def trial(world: World) -> tuple[str, str]:
    """An organisation's trial."""
    license_id = str(world.trial(f"it@trial{next(_numbers)}.example")["license_id"])
    return world.house.licenses.show(OPERATOR, license_id).standing.organization_id, license_id


def quote(world: World, caller: Caller = OPERATOR, discount: int = 0) -> tuple[str, str]:
    """A quote for a customer."""
    buyer = customer(world)
    made = world.house.quotes.make(caller, Wish(buyer, None, False, Term(25, 12), "EUR", discount))
    return buyer, made.quote.id


def of_license(deed: str, body: dict[str, Any] | None = None, make: Make = paid) -> Prepare:
    """A request about a paid license."""

    def prepare(world: World) -> Request:
        buyer, license_id, _ = make(world)
        return Request(f"/v1/licenses/{license_id}{deed}", body, buyer, f"/v1/licenses/{ABSENT}{deed}")

    return prepare


def of_quote(deed: str, body: dict[str, Any] | None = None, discount: int = 0, base: str = "/v1/quotes") -> Prepare:
    """A request about a quote that somebody else made."""

    def prepare(world: World) -> Request:
        buyer, quote_id = quote(world, SOMEBODY if discount else OPERATOR, discount)
        return Request(f"{base}/{quote_id}{deed}", body, buyer, f"{base}/{ABSENT}{deed}")

    return prepare


def of_sale(deed: str, body: dict[str, Any], make: Make = paid) -> Prepare:
    """A request about a sale."""

    def prepare(world: World) -> Request:
        buyer, _, serial = make(world)
        return Request(f"/v1/issuances/{serial}{deed}", body, buyer, f"/v1/issuances/{ABSENT}{deed}")

    return prepare


def of_milestone(deed: str, body: dict[str, Any] | None = None) -> Prepare:
    """A request about a milestone."""

    def prepare(world: World) -> Request:
        day = world.clock().replace(hour=0)
        made = world.house.milestones.set(OPERATOR, "One", day, day, {Aim.NEW_CUSTOMERS: 1}).milestone
        return Request(f"/v1/milestones/{made.id}{deed}", body, absent=f"/v1/milestones/{ABSENT}{deed}")

    return prepare


def _sell(world: World) -> Request:
    buyer = customer(world)
    return Request("/v1/licenses", {"organization_id": buyer, "seats": 25, "months": 12, **ORDER}, buyer)


def _convert(world: World) -> Request:
    customer(world)  # prices
    buyer, license_id = trial(world)
    body = {"organization_id": buyer, "seats": 25, "months": 12, **ORDER}
    return Request(f"/v1/licenses/{license_id}/conversion", body, buyer, f"/v1/licenses/{ABSENT}/conversion")


def _transfer(world: World) -> Request:
    buyer, license_id, _ = paid(world)
    body = {"organization_id": customer(world), "reason": "x"}
    path = f"/v1/licenses/{license_id}/transfer"
    return Request(path, body, buyer, f"/v1/licenses/{ABSENT}/transfer", abroad=True)


def _renew(world: World) -> Request:
    buyer, license_id, _ = paid(world)
    body = {"seats": 30, "months": 12, "start": "today", **ORDER}
    return Request(f"/v1/licenses/{license_id}/renewals", body, buyer, f"/v1/licenses/{ABSENT}/renewals")


def _quote(world: World) -> Request:
    buyer = customer(world)
    return Request("/v1/quotes", {"organization_id": buyer, "seats": 25, "months": 12, "currency": "EUR"}, buyer)


def checked_in(world: World) -> tuple[str, str]:
    """A customer's paid license with a cluster: organisation and license."""
    buyer, license_id, _ = paid(world)
    assert world.check_in(token_of(world, license_id), nodes(3), fsid=FSID).status_code == 200
    return buyer, license_id


def webhook(world: World) -> str:
    """A webhook."""
    return world.house.webhooks.create(OPERATOR, "https://crm.example.com/hook", [], None).webhook.id


def of_webhook(deed: str, body: dict[str, Any] | None = None) -> Prepare:
    """A request about a webhook."""
    return lambda world: Request(f"/v1/webhooks/{webhook(world)}{deed}", body, absent=f"/v1/webhooks/{ABSENT}{deed}")


def of_organization(deed: str, body: dict[str, Any] | None = None, optional: frozenset[str] = frozenset()) -> Prepare:
    """A request about a customer."""

    def prepare(world: World) -> Request:
        id = customer(world)
        absent = f"/v1/organizations/{ABSENT}{deed}"
        return Request(f"/v1/organizations/{id}{deed}", body, id, absent, optional=optional)

    return prepare


def _merge(world: World) -> Request:
    return Request(f"/v1/organizations/{customer(world)}/merge", {"into": customer(world)})


def _erase(world: World) -> Request:
    id = customer(world)
    [contact] = world.house.organizations.show(OPERATOR, id).contacts
    path = f"/v1/organizations/{id}/contacts/{contact.id}/erasure"
    return Request(path, {"issuances": []}, id, path.replace(id, ABSENT), optional=frozenset({"issuances"}))


def _entitlement(world: World) -> Request:
    id = customer(world)
    return Request(f"/v1/entitlements?organization={id}", None, id, f"/v1/entitlements?organization={ABSENT}")


def of_cluster(deed: str, body: dict[str, Any] | None = None) -> Prepare:
    """A request about a cluster that has checked in."""

    def prepare(world: World) -> Request:
        buyer, license_id = checked_in(world)
        path = f"/v1/licenses/{license_id}/clusters{deed}"
        return Request(path, body, buyer, path.replace(license_id, ABSENT))

    return prepare


def of_person(deed: str, body: dict[str, Any], optional: frozenset[str] = frozenset()) -> Prepare:
    """A request about somebody of the staff."""

    def prepare(world: World) -> Request:
        id = world.sign_in("sales").id.removeprefix("staff:")
        if deed == "/enablement":
            world.house.staff.disable(OPERATOR, id)
        return Request(f"/v1/staff/{id}{deed}", body, optional=optional)

    return prepare


def _api_key(world: World) -> Request:
    made = world.house.api_keys.create(OPERATOR, "shop", [Permission.LICENSES_READ], 30, None)
    return Request(f"/v1/api-keys/{made.api_key.id}/revocation", {})


def _today(world: World) -> str:
    return world.clock().date().isoformat()


REASON = {"reason": "x"}
LIMITS = {"discount_limit": 10, "seat_limit": 9}
RELAY_JWK = jwk(make_key("relay").kid, make_key("relay").x)
STAFF_ROUTES: dict[tuple[str, str], Prepare] = {
    ("GET", "/v1/licenses"): lambda world: Request("/v1/licenses"),
    ("POST", "/v1/licenses"): _sell,
    ("GET", "/v1/licenses/<id:license_id>"): of_license(""),
    ("GET", "/v1/licenses/<id:license_id>/file"): of_license("/file"),
    ("POST", "/v1/licenses/<id:license_id>/conversion"): _convert,
    ("POST", "/v1/licenses/<id:license_id>/renewals"): _renew,
    ("POST", "/v1/licenses/<id:license_id>/seats"): of_license("/seats", {"seats": 30, **ORDER}),
    ("POST", "/v1/licenses/<id:license_id>/suspension"): of_license("/suspension", REASON),
    ("POST", "/v1/licenses/<id:license_id>/reinstatement"): of_license("/reinstatement", REASON, suspended),
    ("POST", "/v1/licenses/<id:license_id>/revocation"): of_license("/revocation", REASON, suspended),
    ("POST", "/v1/licenses/<id:license_id>/reissue"): of_license("/reissue", REASON),
    ("POST", "/v1/licenses/<id:license_id>/transfer"): _transfer,
    ("POST", "/v1/licenses/<id:license_id>/relay"): of_license("/relay", {"key": RELAY_JWK, "reason": "x"}),
    ("POST", "/v1/issuances/<id:serial>/void"): of_sale("/void", REASON, suspended),
    ("POST", "/v1/issuances/<id:serial>/refunds"): of_sale("/refunds", {"amount_minor": 1, "reason": "x"}),
    ("GET", "/v1/quotes"): lambda world: Request("/v1/quotes"),
    ("POST", "/v1/quotes"): _quote,
    ("GET", "/v1/quotes/<id:quote_id>"): of_quote(""),
    ("POST", "/v1/quotes/<id:quote_id>/approval"): of_quote("/approval", {}, discount=50),
    ("POST", "/v1/quotes/<id:quote_id>/refusal"): of_quote("/refusal", {}, discount=50),
    ("POST", "/v1/quotes/<id:quote_id>/withdrawal"): of_quote("/withdrawal", {}),
    ("POST", "/v1/quotes/<id:quote_id>/acceptance"): of_quote("/acceptance", {"order_number": "PO-1"}),
    ("GET", "/quotes/<id:quote_id>"): of_quote("", base="/quotes"),
    ("GET", "/v1/organizations"): lambda world: Request("/v1/organizations?q=x"),
    ("POST", "/v1/organizations"): lambda world: Request("/v1/organizations", {"name": "Acme", "country": "DE"}),
    ("GET", "/v1/organizations/<id:organization_id>"): of_organization(""),
    ("PATCH", "/v1/organizations/<id:organization_id>"): of_organization("", {"name": "Other"}, frozenset({"name"})),
    ("POST", "/v1/organizations/<id:organization_id>/contacts"): of_organization(
        "/contacts", {"email": "joe@acme.example", "name": "Joe"}
    ),
    ("POST", "/v1/organizations/<id:organization_id>/merge"): _merge,
    ("POST", "/v1/organizations/<id:organization_id>/contacts/<id:contact_id>/erasure"): _erase,
    ("GET", "/v1/entitlements"): _entitlement,
    ("GET", "/v1/licenses/<id:license_id>/clusters"): of_cluster(""),
    ("POST", "/v1/licenses/<id:license_id>/clusters/<fsid>/non-production"): of_cluster(
        f"/{FSID}/non-production", {"granted": True, "reason": "x"}
    ),
    ("POST", "/v1/licenses/<id:license_id>/clusters/<fsid>/reset"): of_cluster(f"/{FSID}/reset", REASON),
    ("POST", "/v1/licenses/<id:license_id>/clusters/<fsid>/release"): of_cluster(f"/{FSID}/release", REASON),
    ("GET", "/v1/staff"): lambda world: Request("/v1/staff"),
    ("POST", "/v1/staff"): lambda world: Request(
        "/v1/staff",
        {
            "email": f"new{next(_numbers)}@koor.example",
            "name": "New",
            "role": "sales",
            "discount_limit": 10,
            "seat_limit": 9,
        },
        optional=frozenset({"discount_limit", "seat_limit"}),
    ),
    ("PATCH", "/v1/staff/<id:staff_id>"): of_person(
        "", {"discount_limit": 20, "seat_limit": 9}, frozenset({"discount_limit", "seat_limit"})
    ),
    ("POST", "/v1/staff/<id:staff_id>/reset"): of_person("/reset", {}),
    ("POST", "/v1/staff/<id:staff_id>/disablement"): of_person("/disablement", {}),
    ("POST", "/v1/staff/<id:staff_id>/enablement"): of_person("/enablement", {}),
    ("GET", "/v1/api-keys"): lambda world: Request("/v1/api-keys"),
    ("POST", "/v1/api-keys"): lambda world: Request(
        "/v1/api-keys", {"name": "shop", "scopes": ["licenses.read"], "days": 30}
    ),
    ("POST", "/v1/api-keys/<id:api_key_id>/revocation"): _api_key,
    ("GET", "/v1/webhooks"): lambda _: Request("/v1/webhooks"),
    ("POST", "/v1/webhooks"): lambda _: Request(
        "/v1/webhooks",
        {"url": "https://crm.example.com/hook", "types": ["license.sold"], "first_leaf": 0},
        optional=frozenset({"types", "first_leaf"}),
    ),
    ("GET", "/v1/webhooks/<id:webhook_id>"): of_webhook(""),
    ("GET", "/v1/webhooks/<id:webhook_id>/deliveries"): of_webhook("/deliveries"),
    ("POST", "/v1/webhooks/<id:webhook_id>/secret"): of_webhook("/secret", {}),
    ("POST", "/v1/webhooks/<id:webhook_id>/test"): of_webhook("/test", {}),
    ("POST", "/v1/webhooks/<id:webhook_id>/replay"): of_webhook("/replay", {"first_leaf": 0}),
    ("POST", "/v1/webhooks/<id:webhook_id>/retry"): of_webhook("/retry", {}),
    ("POST", "/v1/webhooks/<id:webhook_id>/revocation"): of_webhook("/revocation", {}),
    ("GET", "/v1/prices"): lambda world: Request("/v1/prices"),
    ("POST", "/v1/prices"): lambda world: Request(
        "/v1/prices", {"currency": "USD", "node_year_minor": 100, "valid_from": _today(world)}
    ),
    ("POST", "/v1/prices/volume"): lambda world: Request(
        "/v1/prices/volume", {"min_seats": 11, "percent": 10, "valid_from": _today(world)}
    ),
    ("GET", "/v1/reports/funnel"): lambda world: Request("/v1/reports/funnel?by=tier"),
    ("GET", "/v1/reports/conversions"): lambda world: Request("/v1/reports/conversions?every=quarter"),
    ("GET", "/v1/reports/retention"): lambda world: Request("/v1/reports/retention?every=year"),
    ("GET", "/v1/reports/cohorts"): lambda world: Request("/v1/reports/cohorts?explain=1&within=90"),
    ("GET", "/v1/reports/leads"): lambda world: Request("/v1/reports/leads?format=csv"),
    ("GET", "/v1/milestones"): lambda world: Request("/v1/milestones"),
    ("POST", "/v1/milestones"): lambda world: Request("/v1/milestones", MILESTONE),
    ("GET", "/v1/milestones/<id:milestone_id>"): of_milestone(""),
    ("PUT", "/v1/milestones/<id:milestone_id>"): of_milestone("", MILESTONE),
    ("POST", "/v1/milestones/<id:milestone_id>/removal"): of_milestone("/removal", {}),
}
