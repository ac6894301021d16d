"""What every answer carries, and how much a request may weigh."""

from __future__ import annotations

import json

import pytest

from licensing.web.requests import MAX_BODY_BYTES, MAX_CHECK_IN_BYTES
from tests.support.worlds import World, checkin, nodes, registration, sell, token_of


def padded(body: dict[str, object], length: int) -> bytes:
    """The JSON of `body`, with blanks up to `length` bytes."""
    return json.dumps(body).encode().ljust(length)


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/revoked", "/nothing"])
def test_every_answer_has_its_security_headers_and_an_id(world: World, path: str) -> None:
    first, second = world.client.get(path), world.client.get(path)

    for answer in (first, second):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert first.headers["X-Request-Id"] != second.headers["X-Request-Id"]


def test_answers_with_secrets_are_kept_by_nobody(world: World) -> None:
    world.register()
    link = world.link_token()

    page = world.client.get(f"/trial/confirm?token={link}")
    answer = world.confirm(token=link)

    assert page.headers["Cache-Control"] == answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("length", "status"), [(MAX_BODY_BYTES, 202), (MAX_BODY_BYTES + 1, 413)])
def test_a_body_has_at_most_64_kibibytes(world: World, length: int, status: int) -> None:
    answer = world.client.post("/v1/trials", data=padded(registration(), length), content_type="application/json")

    assert answer.status_code == status


@pytest.mark.parametrize(("length", "status"), [(MAX_CHECK_IN_BYTES, 200), (MAX_CHECK_IN_BYTES + 1, 413)])
def test_a_check_in_has_at_most_two_mebibytes(world: World, length: int, status: int) -> None:
    license = token_of(world, sell(world).license_id)

    answer = world.client.post(
        "/v1/checkins",
        data=padded(checkin(nodes(5)), length),
        content_type="application/json",
        headers={"Authorization": f"Bearer {license}"},
    )

    assert answer.status_code == status


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_of_a_token_is_read_in_any_case(world: World, scheme: str) -> None:
    license = token_of(world, sell(world).license_id)

    answer = world.client.post("/v1/checkins", json=checkin(nodes(5)), headers={"Authorization": f"{scheme} {license}"})

    assert answer.status_code == 200


@pytest.mark.parametrize("content_type", ["application/json", "APPLICATION/JSON", "application/json; charset=utf-8"])
def test_json_is_known_by_its_media_type(world: World, content_type: str) -> None:
    answer = world.client.post("/v1/trials", data=json.dumps(registration()).encode(), content_type=content_type)

    assert answer.status_code == 202


def test_a_problem_is_a_page_for_who_looks_with_a_browser(world: World) -> None:
    looking = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

    page = world.client.get("/nothing", headers=looking)
    api = world.client.get("/v1/nothing", headers=looking)
    program = world.client.get("/nothing")
    wrong_method = world.client.post("/", headers=looking)

    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert len(page.headers["X-Request-Id"]) == 32
    assert (api.mimetype, program.mimetype) == ("application/problem+json",) * 2
    assert (wrong_method.status_code, wrong_method.mimetype) == (405, "text/html")
    assert "GET" in wrong_method.headers["Allow"]
