"""`/v1/api-keys`: made and revoked by admins, shown once, and of use as far as their scopes go."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from tests.support.worlds import Staffer, World, sell

ABSENT = "0" * 32
BODY = {"name": "billing", "scopes": ["licenses.read"], "days": 30}


@pytest.fixture
def admin(world: World) -> Staffer:
    return world.sign_in("admin")


def created(admin: Staffer, **changes: object) -> dict[str, Any]:
    answer = admin.post("/v1/api-keys", {**BODY, **changes})
    assert answer.status_code == 201, answer.text
    return dict(answer.get_json())


def get(world: World, key: str, path: str = "/v1/licenses", scheme: str = "Bearer") -> Any:
    """What a machine is answered."""
    return world.house.app.test_client().get(path, headers={"Authorization": f"{scheme} {key}"})


def test_a_key_is_in_the_answer_to_its_creation_and_nowhere_else(
    world: World, admin: Staffer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    body = created(admin)

    key = body.pop("key")
    listing = admin.get("/v1/api-keys")
    assert listing.get_json() == {"api_keys": [body]}
    assert body == {
        "api_key_id": body["api_key_id"],
        "name": "billing",
        "scopes": ["licenses.read"],
        "organization_id": None,
        "created_by": admin.id,
        "created_at": "2026-01-15T12:00:00Z",
        "expires_at": "2026-02-14T12:00:00Z",
        "last_used_at": None,
        "revoked_at": None,
    }
    assert get(world, key).status_code == 200
    assert key not in listing.text + caplog.text + repr(world.rows())


def test_creation_asked_for_again_makes_no_second_key_and_blanks_the_first(world: World, admin: Staffer) -> None:
    first = admin.post("/v1/api-keys", BODY, key="once").get_json()
    before = world.rows()

    again = admin.post("/v1/api-keys", BODY, key="once")

    assert again.status_code == 201
    assert again.get_json() == {**first, "key": ""}
    assert world.rows() == before


def test_a_use_that_is_refused_is_written_down_too(world: World, admin: Staffer) -> None:
    key = created(admin)["key"]

    answer = get(world, key, "/v1/quotes")

    assert (answer.status_code, answer.get_json()["code"]) == (403, "FORBIDDEN")
    assert key not in answer.text
    [listed] = admin.get("/v1/api-keys").get_json()["api_keys"]
    assert listed["last_used_at"] == "2026-01-15T12:00:00Z"


def test_a_revoked_key_is_refused_at_once(world: World, admin: Staffer) -> None:
    body = created(admin)
    assert get(world, body["key"]).status_code == 200

    answer = admin.post(f"/v1/api-keys/{body['api_key_id']}/revocation", {})

    assert (answer.status_code, answer.get_json()["revoked_at"]) == (200, "2026-01-15T12:00:00Z")
    refused = get(world, body["key"])
    assert (refused.status_code, refused.get_json()["code"]) == (401, "SIGN_IN_REQUIRED")
    assert body["key"] not in refused.text


@pytest.mark.parametrize("scheme", ["Basic", "Token", "kla_", ""])
def test_a_key_in_another_scheme_is_no_sign_in(world: World, admin: Staffer, scheme: str) -> None:
    answer = get(world, created(admin)["key"], scheme=scheme)

    assert (answer.status_code, answer.get_json()["code"]) == (401, "SIGN_IN_REQUIRED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_confined_key_lists_its_own_licenses_alone(world: World, admin: Staffer) -> None:
    own, foreign = sell(world), sell(world)
    key = created(admin, organization_id=own.organization_id)["key"]

    [listed] = get(world, key).get_json()["licenses"]

    assert listed["license_id"] == own.license_id
    answers = [get(world, key, f"/v1/licenses/{id}") for id in (foreign.license_id, ABSENT)]
    assert [answer.status_code for answer in answers] == [404, 404]
    first, second = ({**answer.get_json(), "request_id": ""} for answer in answers)
    assert first == second


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["staff.manage"]}, "scopes"),
        ({"scopes": ["quotes.approve"]}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"scopes": "licenses.read"}, "scopes"),
        ({"scopes": [1]}, "scopes.0"),
        ({"scopes": None}, "scopes"),
        ({"days": 0}, "days"),
        ({"days": 401}, "days"),
        ({"days": "30"}, "days"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"key": "kla_mine"}, "key"),
    ],
)
def test_what_is_wrong_is_named(world: World, admin: Staffer, changes: dict[str, object], field: str) -> None:
    before = world.rows()

    answer = admin.post("/v1/api-keys", {**BODY, **changes})

    assert (answer.status_code, answer.get_json()["code"]) == (422, "INVALID_FIELDS")
    assert list(answer.get_json()["errors"]) == [field]
    assert world.rows() == before


@pytest.mark.parametrize(
    ("path", "body"), [("/v1/api-keys", {**BODY, "organization_id": ABSENT}), (f"/v1/api-keys/{ABSENT}/revocation", {})]
)
def test_what_is_absent_is_not_found(world: World, admin: Staffer, path: str, body: object) -> None:
    before = world.rows()

    answer = admin.post(path, body)

    assert (answer.status_code, answer.get_json()["code"]) == (404, "NOT_FOUND")
    assert world.rows() == before


@pytest.mark.parametrize("role", ["sales", "manager", "support", "auditor"])
def test_only_admins_look_after_keys(world: World, role: str) -> None:
    person = world.sign_in(role)
    before = world.rows()

    answers = [
        person.get("/v1/api-keys"),
        person.post("/v1/api-keys", BODY),
        person.post(f"/v1/api-keys/{ABSENT}/revocation", {}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert world.rows() == before
