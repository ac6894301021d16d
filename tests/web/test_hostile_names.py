"""Names that look like code are kept and shown literally; node names that are none are refused."""

from __future__ import annotations

from typing import Any

from licensing.core.callers import OPERATOR
from tests.support.worlds import World, body_of, nodes, sell, token_of
from tests.web.test_hostile_routes import assert_problem

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
