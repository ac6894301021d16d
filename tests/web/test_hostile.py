"""Bad input to every endpoint that writes: a clear 4xx, a stable code, and no changed row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.worlds import FSID, World, nodes
from tests.web.hostile import ENDPOINTS, RAW_BODIES, Endpoint, compressed, send, spoiled, with_extra_fields

every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS.values(), ids=ENDPOINTS)


def assert_problem(answer: Any, *statuses: int) -> None:
    """A problem details answer with one of the statuses, or any refusal."""
    assert answer.status_code in statuses or (not statuses and 400 <= answer.status_code < 500), answer.text
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json()
    assert problem["code"].isupper()
    assert problem["request_id"] == answer.headers["X-Request-Id"]


def test_every_writing_endpoint_is_tried(world: World) -> None:
    writing = {
        (method, rule.rule)
        for rule in world.house.app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}
    }

    tried = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS.values()}
    assert writing - tried == {("DELETE", "/v1/clusters/<fsid>"), ("POST", "/trial/confirm")}


@every_endpoint
@pytest.mark.parametrize("body", RAW_BODIES.values(), ids=RAW_BODIES)
def test_a_body_that_is_no_strict_json_object_is_refused(world: World, endpoint: Endpoint, body: bytes) -> None:
    before = world.rows()

    answer = send(world, endpoint, body)

    assert_problem(answer, 400, 413)
    assert world.rows() == before


@every_endpoint
def test_each_member_missing_or_wrong_is_refused(world: World, endpoint: Endpoint) -> None:
    before = world.rows()

    answers = [send(world, endpoint, body) for body in spoiled(endpoint)]

    for answer in answers:
        if answer.status_code != 202:  # a few wrong values are somebody's right ones: a name may be "1"
            assert_problem(answer, 400, 401, 410, 413, 422)
    if all(answer.status_code != 202 for answer in answers):
        assert world.rows() == before


@every_endpoint
def test_a_field_more_is_refused(world: World, endpoint: Endpoint) -> None:
    before = world.rows()

    for body in with_extra_fields(endpoint):
        assert_problem(send(world, endpoint, body), 422)

    assert world.rows() == before


@every_endpoint
@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
def test_another_media_type_is_refused(world: World, endpoint: Endpoint, content_type: str) -> None:
    assert_problem(send(world, endpoint, json.dumps(endpoint.body).encode(), content_type), 415)


@every_endpoint
def test_a_compressed_body_is_refused(world: World, endpoint: Endpoint) -> None:
    assert_problem(send(world, endpoint, compressed(endpoint), **{"Content-Encoding": "gzip"}), 415)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer a.b", "Bearer a.b.c", "Bearer " + "x" * 9_000, "Bearer ä"]
)
def test_a_check_in_without_a_license_token_is_refused(world: World, header: str) -> None:
    before = world.rows()

    answer = send(world, ENDPOINTS["check in"], json.dumps({}).encode(), Authorization=header)

    assert_problem(answer, 401, 422)
    assert world.rows() == before


@pytest.mark.parametrize(
    "bad",
    [
        ["a", "a"],
        [""],
        ["x" * 254],
        ["a\x00"],
        ["a\nb"],
        ["\ud888"],
        [1],
        [None],
        [["a"]],
        nodes(10_001),
    ],
    ids=["twice", "empty", "long", "nul", "lf", "surrogate", "number", "null", "list", "many"],
)
def test_bad_node_names_are_refused(world: World, bad: Any) -> None:
    license = world.trial()["license_file"]["license"]
    before = world.rows()

    answer = world.check_in(license, bad)

    assert_problem(answer, 400, 422)
    assert world.rows() == before


@pytest.mark.parametrize("fsid", ["x", "%00", "..%2f..", FSID + "x", "'; DROP TABLE license; --", "%ff", "a" * 9_000])
def test_a_release_of_what_is_no_cluster_is_not_found(world: World, fsid: str) -> None:
    license = world.trial()["license_file"]["license"]
    before = world.rows()

    answer = world.client.delete(f"/v1/clusters/{fsid}", headers={"Authorization": f"Bearer {license}"})

    assert_problem(answer, 404)
    assert world.rows() == before


@pytest.mark.parametrize("token", ["", "x", "\x00", "x" * 100_000, "'; DROP TABLE license; --", "é"])
def test_the_page_refuses_a_link_that_is_not_ours(world: World, token: str) -> None:
    before = world.rows()

    answer = world.client.post("/trial/confirm", data={"token": token})

    assert answer.status_code in (400, 413)
    assert world.rows() == before


def test_what_looks_like_code_is_stored_and_shown_literally(world: World) -> None:
    names = ["null", "'; DROP TABLE license; --", "{{7*7}}", "${jndi:ldap://x}", "<script>alert(1)</script>", "=1+1"]

    shown = [
        world.trial(f"it@number{index}.example", organization=name)["license_file"]["human"]["organization"]
        for index, name in enumerate(names)
    ]

    assert shown == names


def test_a_page_shows_a_name_with_markup_inert(world: World) -> None:
    world.register(organization="<script>alert(1)</script>")

    page = world.client.post("/trial/confirm", data={"token": world.link_token()})

    assert page.status_code == 201
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "BREW"])
def test_other_methods_are_refused(world: World, method: str) -> None:
    answer = world.client.open("/v1/checkins", method=method, headers={"X-HTTP-Method-Override": "POST"})

    assert_problem(answer, 405)


@pytest.mark.parametrize(
    "path", ["/nothing", "//v1/trials", "/v1/%2e%2e/healthz", "/v1/trials;x", "/v1/%00", "/v1/%ff"]
)
def test_other_paths_are_not_found(world: World, path: str) -> None:
    assert_problem(world.client.get(path), 404)


def test_the_request_id_is_the_servers_own(world: World) -> None:
    answer = world.client.get("/healthz", headers={"X-Request-Id": "mine"})

    assert len(answer.headers["X-Request-Id"]) == 32


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb", "ä"])
def test_an_idempotency_key_of_another_form_is_refused(world: World, key: str) -> None:
    world.register()
    token, before = world.link_token(), world.rows()

    answer = world.post("/v1/trials/confirm", {"token": token}, idempotency_key=key)

    assert_problem(answer, 422)
    assert world.rows() == before
