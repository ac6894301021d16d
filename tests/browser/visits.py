"""Every page there is, in a world where something has happened."""

from __future__ import annotations

from typing import Any, Final, Literal, NamedTuple

from licensing.core.callers import PERMISSIONS, Role
from tests.support import portal
from tests.support.worlds import FSID, World
from tests.web.console_routes import ROUTES

Who = Role | Literal["customer", "registrant"] | None
CUSTOMER: Final = "customer"
REGISTRANT: Final = "registrant"


class PageVisit(NamedTuple):
    """A page's name, its address, and who looks at it: a role of staff, a customer, who has just registered, nobody."""

    name: str
    path: str
    who: Who


NO_PAGES = ("/proof", "/file", "/preview")
"""What is a file, or looks like a mail."""
PUBLIC = (
    "/",
    "/trial",
    "/trial/confirm?token=none",
    "/device",
    "/licenses",
    "/licenses/enter?token=none",
    "/sign-in",
)


def visits(world: World) -> list[PageVisit]:
    """All pages that can be opened, each by somebody who may."""
    everybodys = [PageVisit(_name(path), path, None) for path in PUBLIC]
    return [*everybodys, *_of_customers(world), *_of_the_console(world), PageVisit("account", "/account", Role.MANAGER)]


def _of_customers(world: World) -> list[PageVisit]:
    license_id = portal.customer(world, portal.JANE).license_id
    portal.cluster(world, license_id, 3)
    there = f"/licenses/{license_id}"
    return [
        PageVisit("trial-sent", "/trial/sent", REGISTRANT),
        PageVisit("portal-licenses", "/licenses", CUSTOMER),
        PageVisit("portal-license", there, CUSTOMER),
        PageVisit("portal-cluster", f"{there}/clusters/{FSID}", CUSTOMER),
        PageVisit("portal-start", f"{there}/start", CUSTOMER),
        PageVisit("portal-activation", f"{there}/activation", CUSTOMER),
        PageVisit("portal-privacy", "/licenses/privacy", CUSTOMER),
    ]


def _of_the_console(world: World) -> list[PageVisit]:
    found = []
    for endpoint, prepare in ROUTES.items():
        visit = prepare(world)
        view: Any = world.house.app.view_functions[endpoint]
        role = next(role for role in (Role.MANAGER, Role.ADMIN) if view.permission in PERMISSIONS[role])
        if visit.form is None and "format=csv" not in visit.path and not visit.path.endswith(NO_PAGES):
            found.append(PageVisit(endpoint.replace(".", "-"), visit.path, role))
    return found


def _name(path: str) -> str:
    return path.partition("?")[0].strip("/").replace("/", "-") or "home"
