"""Every route that writes, with a good request to it: what the hostile tests spoil, one part at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from werkzeug.test import TestResponse

from licensing.core.encoding import b64url
from licensing.core.keys import public_bytes
from licensing.system import System
from tests.support.worlds import FSID, UID, World, checkin, registration, sell, token_of


@dataclass(frozen=True, slots=True)
class Good:
    """A request that would succeed. `path` is the path asked for; a route that takes no body has None."""

    method: str
    path: str
    body: dict[str, Any] | None
    headers: dict[str, str] = field(default_factory=dict)

    def send(self, world: World, data: bytes | None = None, content_type: str | None = None, **headers: str) -> Any:
        """The answer to this request, or to one with another body, type or headers."""
        spelled = {name.replace("_", "-"): value for name, value in headers.items()}
        options: dict[str, Any] = {"method": self.method, "headers": {**self.headers, **spelled}}
        if data is not None:
            options |= {"data": data, "content_type": content_type or "application/json"}
        elif self.body is not None:
            options |= {"json": self.body}
        return world.client.open(self.path, **options)


Prepare = Callable[[World], Good]


def _link(world: World) -> str:
    world.register()
    return world.link_token()


def _license(world: World) -> str:
    return token_of(world, sell(world).license_id)


def _checked_in(world: World) -> str:
    license = _license(world)
    assert world.check_in(license, ["a"]).status_code == 200
    return license


def _confirm_by_code(world: World) -> Good:
    world.register()
    return Good("POST", "/v1/trials/confirm", {"email": "jane@acme.example", "code": world.code()})


def _check_in(world: World) -> Good:
    body = checkin(["a", "b"], instance_key=b64url(public_bytes(Ed25519PrivateKey.generate().public_key())))
    return Good("POST", "/v1/checkins", body, {"Authorization": f"Bearer {_license(world)}"})


def _activate(world: World) -> Good:
    body = {"v": 1, "fsid": FSID, "kube_system_uid": UID, "nodes": 3}
    return Good("POST", "/v1/activations", body, {"Authorization": f"Bearer {_license(world)}"})


JSON_ROUTES: dict[str, Prepare] = {
    "register": lambda world: Good("POST", "/v1/trials", registration()),
    "confirm by link": lambda world: Good("POST", "/v1/trials/confirm", {"token": _link(world)}),
    "confirm by code": _confirm_by_code,
    "check in": _check_in,
    "activate": _activate,
    "validate": lambda world: Good(
        "POST", "/v1/validate", {"license": _license(world), "nodes": 4, "nodes_planned": 5, "fsid": FSID}
    ),
}
"""The routes that take a JSON body."""

OTHER_ROUTES: dict[str, Prepare] = {
    "release": lambda world: Good(
        "DELETE", f"/v1/clusters/{FSID}", None, {"Authorization": f"Bearer {_checked_in(world)}"}
    ),
}
ROUTES = JSON_ROUTES | OTHER_ROUTES

every_route = pytest.mark.parametrize("prepare", ROUTES.values(), ids=ROUTES)
every_json_route = pytest.mark.parametrize("prepare", JSON_ROUTES.values(), ids=JSON_ROUTES)


def assert_problem(answer: TestResponse, *statuses: int, sent: object = None) -> None:
    """A problem details answer (RFC 9457) with one of the statuses; by default any refusal of the caller."""
    told = f"{sent!r:.200} was answered {answer.status_code}: {answer.text:.300}"
    assert answer.status_code in (statuses or range(400, 500)), told
    assert answer.content_type == "application/problem+json", told
    problem = answer.get_json()
    assert problem["status"] == answer.status_code
    assert problem["code"].isupper()
    assert problem["request_id"] == answer.headers["X-Request-Id"] != ""


def test_every_route_that_writes_has_a_good_request(world: World) -> None:
    urls = world.house.app.url_map.bind("localhost")
    good = [prepare(world) for prepare in ROUTES.values()]

    covered = {(each.method, str(urls.match(each.path, each.method, return_rule=True)[0])) for each in good}

    app = world.house.app
    writing = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
        # Staff's routes are spoiled in test_hostile_staff, sessions in test_sessions, customers' in test_portal,
        # pages for everybody and what DCCs ask in forms in test_trial_pages and test_devices.
        if not hasattr(app.view_functions[rule.endpoint], "permission")
        and not hasattr(app.view_functions[rule.endpoint], "for_any_session")
        and not hasattr(app.view_functions[rule.endpoint], "for_visitors")
        and not hasattr(app.view_functions[rule.endpoint], "is_public")
    }
    assert covered == writing


@every_route
def test_the_good_request_is_good(world: World, prepare: Prepare) -> None:
    good = prepare(world)

    assert 200 <= good.send(world).status_code < 300


@every_route
def test_the_request_id_is_the_servers_own(world: World, prepare: Prepare) -> None:
    mine = System().new_id()

    answer = prepare(world).send(world, X_Request_Id=mine)

    assert answer.headers["X-Request-Id"] != mine
    assert len(answer.headers["X-Request-Id"]) == 32
