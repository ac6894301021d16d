"""The API's document tells of every route, and the server keeps to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from openapi_spec_validator import validate

from licensing.core.callers import PERMISSIONS, Role
from licensing.core.devices import GRANT_TYPE
from licensing.web.api.openapi import API, spoken
from licensing.web.pages.rendering import API_PATHS
from licensing.web.sessions import public
from tests.support.documents import Documented
from tests.support.worlds import World, checkin, nodes, registration
from tests.web.staff_routes import STAFF_ROUTES
from tests.web.test_access import WITH_A_LICENSE, needed, send

PROBE_PATHS = ("/healthz", "/readyz")


@pytest.fixture(scope="module")
def documented() -> Documented:
    return Documented()


def may_call(world: World, route: tuple[str, str]) -> Any:
    """The browser of somebody who may."""
    role = next(role for role in Role if needed(world)[route] in PERMISSIONS[role])
    return world.sign_in(role).client


def test_the_document_is_openapi(documented: Documented) -> None:
    validate(documented.document)

    assert documented.document["openapi"] == "3.1.0"


def test_every_route_of_the_api_is_in_the_document(world: World, documented: Documented) -> None:
    rules = [rule for rule in world.house.app.url_map.iter_rules() if rule.rule.startswith((*API_PATHS, *PROBE_PATHS))]

    assert [rule.rule for rule in rules if not rule.endpoint.startswith(API)] == []
    for rule, method, view in spoken(world.house.app):
        told = documented.operation(method, rule.rule)
        assert told["summary"].endswith("."), rule
        assert ("requestBody" in told) == (view.speech.body is not None or view.speech.form is not None), rule


def test_the_document_tells_who_may_call(world: World, documented: Documented) -> None:
    permissions = needed(world)
    for rule, method, view in spoken(world.house.app):
        told = documented.operation(method, rule.rule)["security"]
        asked = {scope for scheme in told for scope in scheme.values() for scope in scope}
        assert asked == {permissions[method, rule.rule]} if (method, rule.rule) in permissions else asked == set()
        assert ({"license": []} in told) == ((method, rule.rule) in WITH_A_LICENSE), rule
        assert ({"session": []} in told) == getattr(view, "for_any_session", False), rule


def test_refusals_are_problems_wherever_rfc_8628_does_not_say_otherwise(world: World, documented: Documented) -> None:
    for rule, method, _ in spoken(world.house.app):
        for status in documented.operation(method, rule.rule)["responses"]:
            content = documented.response(method, rule.rule, int(status)).get("content", {})
            own = rule.rule.startswith("/v1/device/") and int(status) in (400, 401, 429)
            if int(status) >= 400 and not own and (rule.rule, status) != ("/readyz", "503"):
                assert list(content) == ["application/problem+json"], (rule, status)


def test_the_staffs_answers_and_bodies_are_those_of_the_document(world: World, documented: Documented) -> None:
    wrong: list[str] = []
    for route, prepare in STAFF_ROUTES.items():
        if not route[1].startswith("/v1"):
            continue
        request = prepare(world)
        if request.body is not None:
            wrong += documented.differences(documented.body_of(*route) or {}, request.body)
        answer = send(world, may_call(world, route), route[0], request)
        assert answer.status_code < 300, (route, answer.text)
        wrong += documented.faults(*route, answer)

    assert wrong == []


def test_what_the_document_says_is_needed_is_needed(world: World, documented: Documented) -> None:
    for route, prepare in STAFF_ROUTES.items():
        for member in (documented.body_of(*route) or {}).get("required", []) if route[1].startswith("/v1") else []:
            request = prepare(world)
            assert request.body is not None
            request = replace(request, body={name: it for name, it in request.body.items() if name != member})
            answer = send(world, may_call(world, route), route[0], request)
            assert documented.faults(*route, answer) == []
            assert member in answer.get_json()["errors"], route


def test_what_anybody_may_call_answers_as_the_document_says(world: World, documented: Documented) -> None:
    def checked(method: str, rule: str, status: int, path: str = "", **options: Any) -> Any:
        answer = world.client.open(path or rule, method=method, **options)
        assert answer.status_code == status, answer.text
        assert documented.faults(method, rule, answer) == []
        return answer.get_json(silent=True)

    checked("POST", "/v1/trials", 202, json=registration())
    trial = checked("POST", "/v1/trials/confirm", 201, json={"token": world.link_token()})
    license = trial["license_file"]["license"]
    shown = {"Authorization": f"Bearer {license}"}
    fsid = checkin(nodes(1))["cluster"]["fsid"]  # type: ignore[index]
    cluster = {"fsid": fsid, "kube_system_uid": "u", "v": 1, "nodes": nodes(4)}
    form = {"client_id": "koor-dcc", "fsid": fsid}

    checked("POST", "/v1/trials/confirm", 400, json={"token": "x"})
    checked("POST", "/v1/trials", 422, json=registration(accept_terms=False))
    checked("POST", "/v1/checkins", 200, json=checkin(nodes(5)), headers=shown)
    checked("POST", "/v1/checkins", 401, json=checkin(nodes(5)))
    checked("POST", "/v1/activations", 200, json=cluster, headers=shown)
    checked("POST", "/v1/validate", 200, json={"license": license, "nodes": 4, "nodes_planned": 9})
    checked("DELETE", "/v1/clusters/<fsid>", 204, f"/v1/clusters/{fsid}", headers=shown)
    checked("DELETE", "/v1/clusters/<fsid>", 404, f"/v1/clusters/{fsid}", headers=shown)
    device = checked("POST", "/v1/device/code", 200, data=form)["device_code"]
    grant = {"grant_type": GRANT_TYPE, "device_code": device}
    checked("POST", "/v1/device/token", 400, data={"client_id": "koor-dcc", **grant})
    checked("POST", "/v1/device/token", 401, data={"client_id": "other", **grant})
    for path in ("/healthz", "/readyz", "/v1/openapi.json", "/.well-known/koor-keys", "/.well-known/jwks.json"):
        checked("GET", path, 200)
    for path in ("/v1/revoked", "/ledger/checkpoint"):
        checked("GET", path, 200)
    checked("POST", "/v1/sessions", 401, json={"email": "x", "password": "y"})
    checked("GET", "/v1/session", 401)


def test_a_persons_own_session_answers_as_the_document_says(world: World, documented: Documented) -> None:
    client = world.sign_in("manager").client

    wrong = documented.faults("GET", "/v1/session", client.get("/v1/session"))
    wrong += documented.faults("POST", "/v1/session/second-factor", client.post("/v1/session/second-factor"))
    wrong += documented.faults("DELETE", "/v1/session", client.delete("/v1/session"))

    assert wrong == []


def test_a_view_that_says_nothing_of_itself_is_found(world: World) -> None:
    world.house.app.view_functions["api_health.healthz"] = public(lambda: None)

    with pytest.raises(AttributeError):
        [view.speech for _, _, view in spoken(world.house.app)]
