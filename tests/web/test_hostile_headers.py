"""Headers that lie, are too long, or carry what no header should: refused or ignored, and nothing changes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.worlds import FSID, World, body_of, checkin, registration, sell, token_of
from tests.web.test_hostile_routes import Prepare, assert_problem, every_route

NO_TOKEN = (
    "",
    "Bearer",
    "Bearer ",
    "Basic eDp5",
    "Bearer a.b",
    "Bearer a.b.c",
    "Bearer ..",
    "Bearer \x00",
    "Bearer \xe4",
    "Bearer " + "x" * 9_000,
    "Bearer " + "." * 9_000,
    "bearer null",
)
NO_PROOF = ("", " ", "x", "-1 AA", "1.5 AA", "\xb2 AA", f"{2**53} AA", "9" * 5_000 + " AA", "1 !!", "1 \x00", "1 \xe4")
NO_KEY = ("", "x" * 256, "x" * 60_000, "a\tb", "a\x00b", "\xe4", "\x7f")
NO_LENGTH = ("-1", "abc", "9" * 50, "0x10", "1e3", "", "3 ", "\xb9")
DEEDS_OF_A_CLUSTER: tuple[tuple[str, str, Any], ...] = (
    ("POST", "/v1/checkins", checkin(["a"])),
    ("DELETE", f"/v1/clusters/{FSID}", None),
)
NOISE = "\x00\x01\xff;=,\"'<>%00"
NOISY_HEADERS = (
    "HTTP_HOST",
    "HTTP_ACCEPT",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_ACCEPT_ENCODING",
    "HTTP_COOKIE",
    "HTTP_EXPECT",
    "HTTP_FORWARDED",
    "HTTP_IF_NONE_MATCH",
    "HTTP_IF_MODIFIED_SINCE",
    "HTTP_ORIGIN",
    "HTTP_RANGE",
    "HTTP_REFERER",
    "HTTP_USER_AGENT",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PREFIX",
    "REMOTE_ADDR",
)


def test_a_deed_of_a_cluster_needs_a_license_token(world: World) -> None:
    before = world.rows()

    answers = [
        (header, world.client.open(path, method=method, json=body, environ_overrides={"HTTP_AUTHORIZATION": header}))
        for header in NO_TOKEN
        for method, path, body in DEEDS_OF_A_CLUSTER
    ]

    for header, answer in answers:
        assert_problem(answer, 401, sent=header)
        assert answer.get_json()["code"] == "UNAUTHENTIC"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert world.rows() == before


@every_route
def test_noise_in_a_header_that_is_nobodys_business_is_ignored(world: World, prepare: Prepare) -> None:
    good = prepare(world)
    body: dict[str, Any] = {"json": good.body}

    answer = world.client.open(
        good.path,
        method=good.method,
        headers=good.headers,
        environ_overrides=dict.fromkeys(NOISY_HEADERS, NOISE),
        **body,
    )

    assert 200 <= answer.status_code < 300
    assert NOISE not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:1", "a b", "evil\x00", "[evil", "evil/b", "\xe4", ""])
def test_the_mail_links_to_us_whatever_host_the_caller_names(world: World, host: str) -> None:
    answer = world.client.post("/v1/trials", json=registration(), environ_overrides={"HTTP_HOST": host})

    assert answer.status_code == 202
    [mail] = world.mails()
    assert "\nhttps://licenses.example.com/trial/confirm?token=" in body_of(mail)
    assert "evil" not in str(mail)


def test_an_idempotency_key_of_another_form_is_refused(world: World) -> None:
    world.register()
    token, before = world.link_token(), world.rows()

    for key in NO_KEY:
        answer = world.client.post(
            "/v1/trials/confirm", json={"token": token}, environ_overrides={"HTTP_IDEMPOTENCY_KEY": key}
        )
        assert_problem(answer, 422, sent=key)
        assert answer.get_json()["errors"].keys() == {"Idempotency-Key"}

    assert world.rows() == before


def test_an_instance_proof_of_another_form_is_refused(world: World) -> None:
    authorization = f"Bearer {token_of(world, sell(world).license_id)}"
    before = world.rows()

    for proof in NO_PROOF:
        environment = {"HTTP_AUTHORIZATION": authorization, "HTTP_KOOR_INSTANCE": proof}
        for method, path, body in DEEDS_OF_A_CLUSTER:
            answer = world.client.open(path, method=method, json=body, environ_overrides=environment)
            assert_problem(answer, 409, sent=proof)
            assert answer.get_json()["code"] == "INSTANCE_MISMATCH"

    assert world.rows() == before


def test_a_content_length_that_is_no_length_is_refused(world: World) -> None:
    before = world.rows()

    for length in NO_LENGTH:
        answer = world.client.post(
            "/v1/trials", data=b"{}", content_type="application/json", environ_overrides={"CONTENT_LENGTH": length}
        )
        assert_problem(answer, 400, 413, 422, sent=length)

    assert world.rows() == before
