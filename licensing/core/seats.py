"""Seats: which of a cluster's nodes the pool of its license covers.

A license has one pool of seats over all its production clusters. A check-in carries the cluster's whole node list.
Nodes are kept in the order in which they first appeared, and the first n the pool allows are granted: the n+1st never
disturbs the first n, nor another cluster. A node that is gone frees its seat at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

from licensing.core.records import record


@record(frozen=True, slots=True)
class Others:
    """Seats granted to the license's other live clusters: all of them, and those first seen before this one."""

    granted: int
    granted_earlier: int


@record(frozen=True, slots=True)
class Grant:
    """A cluster's nodes in order of appearance; the first `granted` of them are covered."""

    nodes: tuple[str, ...]
    granted: int

    @property
    def unlicensed(self) -> tuple[str, ...]:
        return self.nodes[self.granted :]


def digest(nodes: Iterable[str]) -> str:
    """SHA-256 hex of the node names in bytewise order, joined by LF: equal for equal sets."""
    return hashlib.sha256("\n".join(_bytewise(nodes)).encode("utf-8")).hexdigest()


def in_order(known: Sequence[str], reported: Iterable[str]) -> tuple[str, ...]:
    """The reported nodes: those known before in their old order, then the new ones bytewise."""
    present, before = dict.fromkeys(reported), set(known)
    kept = [node for node in known if node in present]
    return (*kept, *_bytewise(node for node in present if node not in before))


def grant(nodes: tuple[str, ...], *, seats: int, held: int, others: Others) -> Grant:
    """How many of `nodes` a pool of `seats` covers, when this cluster holds `held` seats so far.

    After a reduction the grants may exceed the pool until their leases have run out; then the clusters that came
    first keep theirs, and the later ones give way at their next check-in.
    """
    free = seats - others.granted
    kept = min(held, seats - others.granted_earlier)
    return Grant(nodes, max(0, min(len(nodes), max(free, kept))))


def _bytewise(nodes: Iterable[str]) -> list[str]:
    # Code point order is the byte order of UTF-8.
    return sorted(nodes)
