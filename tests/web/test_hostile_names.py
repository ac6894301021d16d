"""Names that look like code are kept and shown literally; node names that are none are refused."""

from __future__ import annotations

from typing import Any

import pytest

from licensing.core.callers import OPERATOR
from tests.support.worlds import World, body_of, nodes, sell, token_of
from tests.web.test_hostile_routes import FORM, assert_problem

LITERAL = (
    "null",
    "None",
    "0",
    "true",
    "'; DROP TABLE license; --",
    '" OR ""="',
    "{{7*7}}",
    "{% raw %}",
    "${jndi:ldap://x/a}",
    "%s%n{0}",
    "<script>alert(1)</script>",
    "=1+1",
    "../../etc/passwd",
    "\\u0000",
    "Ünïcödé 株式会社 🚀",
    "e\u0301",
    "\u202eevil",
    "x" * 200,
)
NO_FORM = (
    (b"", "application/x-www-form-urlencoded", 400),
    (b"token=%ff%fe", "application/x-www-form-urlencoded", 400),
    (b"&".join(b"a=%d" % number for number in range(9_000)), "application/x-www-form-urlencoded", 400),
    (b"token=" + b"x" * 100_000, "application/x-www-form-urlencoded", 413),
    (b"--x\r\nnonsense", "multipart/form-data; boundary=x", 400),
    (b"--x", "multipart/form-data", 400),
    (b'{"token":"x"}', "application/json", 400),
)
NO_NODES: tuple[Any, ...] = (
    ["a", "a"],
    [""],
    ["x" * 254],
    ["a\x00"],
    ["a\nb"],
    ["\x85"],
    ["\u2028"],
    ["\ud888"],
    [1],
    [True],
    [None],
    [["a"]],
    [{"name": "a"}],
    nodes(10_001),
)


def test_a_name_that_looks_like_code_is_kept_and_shown_literally(world: World) -> None:
    for number, name in enumerate(LITERAL):
        file = world.trial(f"it@number{number}.example", name=name, organization=name)["license_file"]
        mail = body_of(world.mails()[-1])

        assert file["human"]["organization"] == name
        assert mail.startswith(f"Hello {name},\n")

    rows = world.rows()
    assert {row[1] for row in rows["organization"]} == set(LITERAL)
    assert {row[5] for row in rows["registration"]} == set(LITERAL)


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</pre><svg onload=x>"]
)
def test_the_page_shows_a_name_with_markup_inert(world: World, name: str) -> None:
    world.register(organization=name)

    page = world.client.post(FORM, data={"token": world.link_token()})

    assert page.status_code == 201
    assert name not in page.text
    assert "&lt;" in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_the_page_refuses_a_link_that_is_not_ours(world: World) -> None:
    before = world.rows()

    for token in ("", "x", "\x00", "'; DROP TABLE license; --", "é", "{{7*7}}", "x" * 60_000):
        answer = world.client.post(FORM, data={"token": token})
        assert (answer.status_code, answer.mimetype) == (400, "text/html")
        assert "49" not in answer.text

    assert world.rows() == before


def test_the_page_refuses_a_form_that_is_none(world: World) -> None:
    before = world.rows()

    for data, content_type, status in NO_FORM:
        answer = world.client.post(FORM, data=data, content_type=content_type)
        assert answer.status_code == status, content_type
        assert len(answer.headers["X-Request-Id"]) == 32

    assert world.rows() == before


def test_node_names_that_are_none_are_refused(world: World) -> None:
    license = token_of(world, sell(world).license_id)
    before = world.rows()

    for bad in NO_NODES:
        assert_problem(world.check_in(license, bad), 400, 422, sent=bad)

    assert world.rows() == before


def test_node_names_of_any_other_kind_are_kept_literally(world: World) -> None:
    license = token_of(world, sell(world).license_id)
    names = sorted(set(LITERAL) | {"x" * 253, " ", "a,b", "A", "a"})

    answer = world.check_in(license, names)

    assert answer.get_json()["used"] == len(names)
    [cluster] = world.house.licenses.show(OPERATOR, world.house.licenses.page(OPERATOR, "", 1)[0].license_id).clusters
    assert sorted(cluster.nodes) == names
