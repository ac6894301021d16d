"""Every page there is, in a world where something has happened."""

from __future__ import annotations

from typing import Any, NamedTuple

from licensing.core.callers import PERMISSIONS, Role
from tests.support.worlds import World
from tests.web.console_routes import ROUTES


class PageVisit(NamedTuple):
    """A page's name, its address, and who looks at it: a role of staff, or nobody."""

    name: str
    path: str
    role: Role | None


NO_PAGES = ("/proof", "/file", "/preview")
"""What is a file, or looks like a mail."""
PUBLIC = ("/", "/trial/confirm?token=none", "/licenses", "/licenses/enter?token=none", "/sign-in")


def visits(world: World) -> list[PageVisit]:
    """All pages of the console that can be opened, each by somebody who may, and those for everybody."""
    found = [PageVisit(path.partition("?")[0].strip("/").replace("/", "-") or "home", path, None) for path in PUBLIC]
    for endpoint, prepare in ROUTES.items():
        visit = prepare(world)
        view: Any = world.house.app.view_functions[endpoint]
        role = next(role for role in (Role.MANAGER, Role.ADMIN) if view.permission in PERMISSIONS[role])
        if visit.form is None and "format=csv" not in visit.path and not visit.path.endswith(NO_PAGES):
            found.append(PageVisit(endpoint.replace(".", "-"), visit.path, role))
    return [*found, PageVisit("account", "/account", Role.MANAGER)]
