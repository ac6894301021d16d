"""Seats: never one too many, always the first come, and nobody disturbed by those who come later."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.core.seats import Grant, Others, digest, grant, in_order


@dataclass
class Pool:
    """The pool of one license as the server keeps it: clusters in order of first appearance, with their grants."""

    seats: int
    grants: dict[str, Grant] = field(default_factory=dict)

    def check_in(self, cluster: str, nodes: Iterable[str]) -> Grant:
        before = self.grants.get(cluster, Grant((), 0))
        self.grants.setdefault(cluster, before)
        names = list(self.grants)
        earlier = names[: names.index(cluster)]
        others = Others(
            granted=self.granted - before.granted,
            granted_earlier=sum(self.grants[name].granted for name in earlier),
        )
        ordered = in_order(before.nodes, nodes)
        self.grants[cluster] = grant(ordered, seats=self.seats, held=before.granted, others=others)
        return self.grants[cluster]

    def release(self, cluster: str) -> None:
        self.grants.pop(cluster, None)

    @property
    def granted(self) -> int:
        return sum(held.granted for held in self.grants.values())


clusters = st.sampled_from("ABCD")
node_lists = st.lists(st.sampled_from([f"node-{number}" for number in range(12)]), max_size=12)
check_ins = st.lists(st.tuples(clusters, node_lists), max_size=30)
names = st.lists(st.text(min_size=1, max_size=5), unique=True)


@given(st.integers(0, 20), st.lists(st.one_of(st.tuples(clusters, node_lists), clusters, st.integers(0, 5))))
def test_a_pool_is_never_oversold(seats: int, deeds: list[tuple[str, list[str]] | str | int]) -> None:
    pool = Pool(seats)

    for deed in deeds:
        match deed:
            case int(more):
                pool.seats += more
            case str(cluster):
                pool.release(cluster)
            case (cluster, nodes):
                pool.check_in(cluster, nodes)

        assert pool.granted <= pool.seats


@given(st.integers(0, 20), check_ins)
def test_no_free_seat_is_kept_from_who_asks_for_it(seats: int, sequence: list[tuple[str, list[str]]]) -> None:
    pool = Pool(seats)

    for cluster, nodes in sequence:
        answer = pool.check_in(cluster, nodes)

        assert answer.granted == len(answer.nodes) or pool.granted == pool.seats


@given(st.integers(0, 20), check_ins, clusters, node_lists)
def test_a_node_more_disturbs_neither_the_first_nor_another_cluster(
    seats: int, sequence: list[tuple[str, list[str]]], cluster: str, more: list[str]
) -> None:
    pool = Pool(seats)
    for name, nodes in sequence:
        pool.check_in(name, nodes)
    before = dict(pool.grants)
    own = before.get(cluster, Grant((), 0))

    after = pool.check_in(cluster, [*more, *own.nodes])

    assert after.nodes[: len(own.nodes)] == own.nodes
    assert after.granted >= own.granted
    assert {name: held for name, held in pool.grants.items() if name != cluster} == {
        name: held for name, held in before.items() if name != cluster
    }


@given(st.integers(0, 20), st.integers(0, 20), check_ins, st.permutations("ABCD"))
def test_after_a_reduction_one_round_of_check_ins_brings_the_pool_back_in_bounds(
    seats: int, fewer: int, sequence: list[tuple[str, list[str]]], order: list[str]
) -> None:
    pool = Pool(seats)
    for cluster, nodes in sequence:
        pool.check_in(cluster, nodes)
    pool.seats = min(seats, fewer)

    for cluster in order:
        if cluster in pool.grants:
            pool.check_in(cluster, pool.grants[cluster].nodes)

    assert pool.granted <= pool.seats


def test_after_a_reduction_the_cluster_that_came_first_keeps_its_seats() -> None:
    pool = Pool(8)
    pool.check_in("first", "abcd")
    pool.check_in("second", "efgh")
    pool.seats = 5

    second = pool.check_in("second", "efgh")
    first = pool.check_in("first", "abcd")

    assert (first.granted, second.granted) == (4, 1)


def test_after_a_reduction_the_first_cluster_keeps_its_seats_even_if_it_asks_first() -> None:
    nodes = tuple("abcd")

    kept = grant(nodes, seats=5, held=4, others=Others(granted=4, granted_earlier=0))

    assert kept.granted == 4


@pytest.mark.parametrize(("others", "granted"), [(0, 4), (4, 4), (5, 3), (8, 0), (9, 0)])
def test_a_new_cluster_gets_what_the_others_left(others: int, granted: int) -> None:
    answer = grant(tuple("abcd"), seats=8, held=0, others=Others(others, others))

    assert answer.granted == granted
    assert answer.unlicensed == tuple("abcd")[granted:]


def test_nodes_stay_in_the_order_in_which_they_appeared() -> None:
    assert in_order(("c", "a"), ["a", "b", "c"]) == ("c", "a", "b")


def test_nodes_that_appear_together_are_ordered_bytewise() -> None:
    reported = ["node-10", "node-9", "Node-1", "é", "z", "\U0001f600", "\uffff"]

    assert in_order((), reported) == tuple(sorted(reported, key=str.encode))


def test_a_node_that_is_gone_frees_its_seat_at_once() -> None:
    pool = Pool(2)
    pool.check_in("A", ["a", "b", "c"])

    answer = pool.check_in("A", ["b", "c"])

    assert answer == Grant(("b", "c"), 2)


def test_a_node_that_comes_back_stands_at_the_end() -> None:
    gone = in_order(("a", "b", "c"), ["b", "c"])

    assert in_order(gone, ["a", "b", "c"]) == ("b", "c", "a")


@given(names, names)
def test_the_order_holds_each_reported_node_once(known: list[str], reported: list[str]) -> None:
    ordered = in_order(known, [*reported, *reported])

    assert sorted(ordered) == sorted(reported)


@given(names.flatmap(lambda nodes: st.tuples(st.just(nodes), st.permutations(nodes))))
def test_the_digest_is_that_of_the_set(nodes: tuple[list[str], list[str]]) -> None:
    one, other = nodes

    assert digest(one) == digest(other)
    assert digest([*one, "one more node"]) != digest(one)


def test_the_digest_is_the_one_that_is_documented() -> None:
    # printf 'node-1\nnode-2' | sha256sum
    expected = "47397a20f7ab7dc45bb8501918a246a305c4155b33f88e4f1f478da9aa721c94"

    assert digest(["node-2", "node-1"]) == expected
