"""Paths, queries and methods that are not ours: 404 or 405, and nothing changes."""

from __future__ import annotations

from werkzeug.test import TestResponse

from tests.support.worlds import FSID, UID, World, sell, token_of
from tests.web.test_hostile_routes import Prepare, assert_problem, every_route

NOT_OUR_PATHS = (
    "/nothing",
    "/v1//trials",
    "/v1/trials/",
    "/v1/trials//confirm",
    "/v1/./trials",
    "/v1/../v1/trials",
    "/v1/%2e%2e/healthz",
    "/v1/trials;x",
    "/v1/trials\x00",
    "/v1/trials\n",
    "/V1/trials",
    "/v1/clusters/",
    "/static/../settings.py",
    "/static/%2e%2e/settings.py",
    "/static/",
    "/v1/\xff",
    "/" + "x" * 20_000,
)
NOT_OUR_CLUSTERS = (
    "x",
    "*",
    FSID[:-1],
    FSID + "x",
    FSID + "\n",
    FSID + "\x00",
    "\x00",
    "..%2f..",
    f"{FSID};x",
    "'; DROP TABLE license; --",
    "\xff\xfe",
    "{{7*7}}",
    "a" * 9_000,
)


def ask(world: World, path: str, method: str = "POST", query: str = "", **headers: str) -> TestResponse:
    """The answer to a request whose path reaches the application exactly as it is written here."""
    overrides = {"PATH_INFO": path, "QUERY_STRING": query}
    return world.client.open("/", method=method, headers=headers, environ_overrides=overrides, json={})


def test_paths_that_are_not_ours_are_not_found(world: World) -> None:
    before = world.rows()

    answers = {(method, path): ask(world, path, method) for path in NOT_OUR_PATHS for method in ("GET", "POST")}

    for sent, answer in answers.items():
        assert_problem(answer, 404, *([405] if "static" in sent[1] else []), sent=sent)
        assert "Location" not in answer.headers
    assert world.rows() == before


def test_clusters_that_have_no_name_of_ours_are_not_found(world: World) -> None:
    license = token_of(world, sell(world).license_id)
    world.check_in(license, ["a"])
    before = world.rows()

    answers = [
        ask(world, f"/v1/clusters/{name}", "DELETE", authorization=f"Bearer {license}") for name in NOT_OUR_CLUSTERS
    ]

    for name, answer in zip(NOT_OUR_CLUSTERS, answers, strict=True):
        assert_problem(answer, 404, sent=name)
    assert world.rows() == before


def test_a_cluster_of_somebody_else_is_not_found_in_the_same_words(world: World) -> None:
    mine, theirs = (token_of(world, sell(world).license_id) for _ in range(2))
    world.check_in(theirs, ["a"])
    before = world.rows()

    foreign = world.release(mine)
    absent = world.release(mine, UID)

    assert_problem(foreign, 404)
    assert {**foreign.get_json(), "request_id": ""} == {**absent.get_json(), "request_id": ""}
    assert world.rows() == before


@every_route
def test_other_methods_are_not_allowed(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    before = world.rows()

    answers = {
        method: world.client.open(good.path, method=method, headers=good.headers, json=good.body)
        for method in ("TRACE", "CONNECT", "PUT", "PATCH", "BREW", "PROPFIND")
    }

    for method, answer in answers.items():
        assert_problem(answer, 405, sent=method)
        assert good.method in answer.headers["Allow"]
        assert "Bearer" not in answer.text  # TRACE must not echo
    assert world.rows() == before


@every_route
def test_a_method_override_is_ignored(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    before = world.rows()
    override = {"X-HTTP-Method-Override": good.method, "X-HTTP-Method": good.method, "X-Method-Override": good.method}

    answer = world.client.get(good.path, query_string={"_method": good.method}, headers={**good.headers, **override})

    assert answer.status_code in (200, 405)  # the page may be read
    assert world.rows() == before


def test_a_query_of_any_kind_changes_nothing(world: World) -> None:
    before = world.rows()

    for query in ("token=%00", "%00=%00", "token=%ff%fe", "&&&===", "x=" * 5_000, "token[]=1"):
        assert {ask(world, path, "GET", query).status_code for path in ("/trial/confirm", "/")} == {200}
        for path in ("/v1/trials", "/v1/trials/confirm", "/v1/validate"):
            assert_problem(ask(world, path, query=query), 422, sent=query)

    assert world.rows() == before


def test_a_query_can_not_stand_in_for_a_body(world: World) -> None:
    world.register()
    link, before = world.link_token(), world.rows()

    answer = ask(world, "/v1/trials/confirm", query=f"token={link}")

    assert_problem(answer, 422)
    assert world.rows() == before
