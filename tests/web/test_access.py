"""Who may call what: every route × every role × the owner of its object, generated from the url map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from licensing.core.callers import FOR_PERSONS_ONLY, OPERATOR, PERMISSIONS, Permission, Role
from licensing.web.access import SAFE_METHODS
from tests.support.worlds import World, browser
from tests.web.staff_routes import STAFF_ROUTES, Request, customer

PUBLIC = {
    ("GET", "/"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/static/<path:filename>"),
    ("GET", "/ledger/checkpoint"),
    ("GET", "/.well-known/jwks.json"),
    ("GET", "/.well-known/koor-keys"),
    ("GET", "/v1/revoked"),
    ("POST", "/v1/trials"),
    ("POST", "/v1/trials/confirm"),
    ("POST", "/v1/validate"),
}
"""Anyone, or whoever knows the secret of a mail."""
WITH_A_LICENSE = {("POST", "/v1/activations"), ("POST", "/v1/checkins"), ("DELETE", "/v1/clusters/<fsid>")}
"""Whoever shows a license token."""


def routes(world: World) -> Iterator[tuple[tuple[str, str], Any]]:
    """Every (method, rule) with its view."""
    app = world.house.app
    for rule in app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            yield (method, rule.rule), app.view_functions[rule.endpoint]


def needed(world: World) -> dict[tuple[str, str], Permission]:
    """The permission that each of the staff's routes declares; the console has a test of its own."""
    return {
        route: view.permission
        for route, view in routes(world)
        if hasattr(view, "permission") and not route[1].startswith("/console")
    }


def send(world: World, client: Any, method: str, request: Request, path: str | None = None) -> Any:
    headers = {"Idempotency-Key": world.house.system.new_id()}
    return client.open(path or request.path, method=method, json=request.body, headers=headers)


def test_every_route_says_who_may_call_it(world: World) -> None:
    for route, view in routes(world):
        declared = [
            route in PUBLIC,
            route in WITH_A_LICENSE,
            getattr(view, "is_public", False),
            getattr(view, "for_any_session", False),
            getattr(view, "for_visitors", False),
            hasattr(view, "permission"),
        ]
        assert declared.count(True) == 1, route


def test_every_route_of_the_staff_has_a_good_request_and_every_write_an_idempotency_key(world: World) -> None:
    assert set(STAFF_ROUTES) == set(needed(world))
    for route, view in routes(world):
        if hasattr(view, "permission") and route[0] not in SAFE_METHODS:
            kinds = ("is_deed", "is_page_deed", "writes_nothing")
            assert any(getattr(view, kind, False) for kind in kinds), route


@pytest.mark.parametrize("role", Role)
def test_a_role_may_do_what_its_permissions_say_and_nothing_else(world: World, role: Role) -> None:
    permissions = needed(world)

    for route, prepare in STAFF_ROUTES.items():
        request = prepare(world)
        staffer = world.sign_in(role)
        before = world.rows()
        answer = send(world, staffer.client, route[0], request)
        if permissions[route] in PERMISSIONS[role]:
            assert 200 <= answer.status_code < 300, (route, answer.text)
        else:
            assert answer.status_code == 403, (route, answer.text)
            assert world.rows() == before


def test_a_stranger_may_do_nothing(world: World) -> None:
    for route, prepare in STAFF_ROUTES.items():
        request = prepare(world)
        before = world.rows()
        for client, headers in (
            (browser(world), {}),
            (browser(world, "x" * 43), {}),
            (browser(world), {"Authorization": "Bearer kla_" + "x" * 43}),
        ):
            answer = client.open(request.path, method=route[0], json=request.body, headers=headers)
            assert answer.status_code in ((401,) if request.path.startswith("/v1") else (303,)), (route, answer.text)
        assert world.rows() == before


def key(world: World, organization_id: str | None) -> dict[str, str]:
    """The header of a key that may do all that keys may, confined to one organisation or to none."""
    scopes = sorted(set(Permission) - FOR_PERSONS_ONLY)
    made = world.house.api_keys.create(OPERATOR, "test", scopes, 30, organization_id)
    return {"Authorization": f"Bearer {made.key}"}


def used(rows: dict[str, list[tuple[object, ...]]]) -> dict[str, list[tuple[object, ...]]]:
    """The rows without those of keys: a refused request is a use, too."""
    return {name: lines for name, lines in rows.items() if name != "api_key"}


def test_a_key_confined_to_an_organisation_does_not_see_another(world: World) -> None:
    permissions, stranger = needed(world), customer(world)
    foreign = key(world, stranger)

    for route, prepare in STAFF_ROUTES.items():
        request = prepare(world)
        if request.organization_id is None:
            continue
        before = world.rows()
        answers = [
            world.client.open(
                path,
                method=route[0],
                json=request.body,
                headers={**foreign, "Idempotency-Key": world.house.system.new_id()},
            )
            for path in (request.path, request.absent)
            if path is not None
        ]
        expected = 403 if permissions[route] in FOR_PERSONS_ONLY else 404
        assert {answer.status_code for answer in answers} == {expected}, (route, [each.text for each in answers])
        if answers[0].is_json:
            told = [{**answer.get_json(), "request_id": ""} for answer in answers]
            assert all(each == told[0] for each in told), route
        assert used(world.rows()) == used(before)


def test_a_key_confined_to_an_organisation_works_on_its_own(world: World) -> None:
    permissions = needed(world)

    for route, prepare in STAFF_ROUTES.items():
        request = prepare(world)
        if request.organization_id is None or permissions[route] in FOR_PERSONS_ONLY or request.abroad:
            continue
        headers = {**key(world, request.organization_id), "Idempotency-Key": world.house.system.new_id()}
        answer = world.client.open(request.path, method=route[0], json=request.body, headers=headers)
        assert 200 <= answer.status_code < 300, (route, answer.text)


def test_a_confined_key_lists_its_own_alone(world: World) -> None:
    own, other = (STAFF_ROUTES["GET", "/v1/licenses/<id:license_id>"](world) for _ in range(2))
    assert own.organization_id != other.organization_id

    listed = world.client.get("/v1/licenses", headers=key(world, own.organization_id)).get_json()["licenses"]

    assert [license["organization_id"] for license in listed] == [own.organization_id]
