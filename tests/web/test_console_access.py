"""Who may see and do what in the console: every page and form × every role, generated from the url map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from licensing.core.callers import PERMISSIONS, Permission, Role
from licensing.web.pages.rendering import CONTENT_SECURITY_POLICY
from tests.support.worlds import Browser, World, browser
from tests.web.console_routes import ROUTES, Visit


def console(world: World) -> Iterator[tuple[str, str, Any]]:
    """Every (endpoint, method, view) of the console."""
    app = world.house.app
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/console"):
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield rule.endpoint, method, app.view_functions[rule.endpoint]


def send(world: World, client: Browser, visit: Visit, **headers: str) -> TestResponse:
    if visit.form is None:
        return client.get(visit.path)
    return client.post(visit.path, data={"once": world.house.system.new_id(), **visit.form}, headers=headers)


def test_every_page_of_the_console_has_a_permission_and_a_good_request(world: World) -> None:
    assert {endpoint for endpoint, _, _ in console(world)} == set(ROUTES)
    for endpoint, _, view in console(world):
        assert isinstance(view.permission, Permission), endpoint


@pytest.mark.parametrize("role", Role)
def test_a_role_sees_and_does_what_its_permissions_say_and_nothing_else(world: World, role: Role) -> None:
    permissions = {endpoint: view.permission for endpoint, _, view in console(world)}

    for endpoint, prepare in ROUTES.items():
        visit = prepare(world)
        staffer = world.sign_in(role)
        before = world.rows()
        answer = send(world, staffer.client, visit)
        if permissions[endpoint] in PERMISSIONS[role]:
            assert answer.status_code in ((200,) if visit.form is None else (200, 303)), (endpoint, answer.text)
        else:
            assert answer.status_code == 403, (endpoint, answer.text)
            assert world.rows() == before
        if answer.content_type.startswith("text/html") and answer.status_code != 303:
            policies = {CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
            assert answer.headers["Content-Security-Policy"] in policies, endpoint


def test_a_stranger_is_sent_to_sign_in(world: World) -> None:
    for endpoint, prepare in ROUTES.items():
        visit = prepare(world)
        before = world.rows()
        for client in (browser(world), browser(world, "x" * 43)):
            answer = send(world, client, visit)
            assert (answer.status_code, answer.headers["Location"]) == (303, "/sign-in"), endpoint
        assert world.rows() == before


def test_a_form_from_another_page_or_without_its_hidden_field_changes_nothing(world: World) -> None:
    for endpoint, prepare in ROUTES.items():
        visit = prepare(world)
        if visit.form is None:
            continue
        role = next(role for role in (Role.MANAGER, Role.ADMIN) if _may(world, endpoint, role))
        staffer = world.sign_in(role)
        before = world.rows()
        answers = [
            send(world, staffer.client, visit, Origin="https://evil.example"),
            staffer.client.post(visit.path, data=visit.form),
        ]
        assert [answer.status_code for answer in answers] == [403, 422], (endpoint, answers[1].text)
        assert world.rows() == before, endpoint


def test_a_form_that_is_sent_twice_does_its_deed_once(world: World) -> None:
    staffer = world.sign_in(Role.MANAGER)
    form = {"once": world.house.system.new_id(), "name": "Acme", "country": "DE"}

    first, second = (staffer.client.post("/console/organizations", data=form) for _ in range(2))

    assert first.status_code == second.status_code == 303
    assert first.headers["Location"] == second.headers["Location"]
    assert len(world.rows()["organization"]) == 1


def _may(world: World, endpoint: str, role: Role) -> bool:
    permissions = {each: view.permission for each, _, view in console(world)}
    return permissions[endpoint] in PERMISSIONS[role]
