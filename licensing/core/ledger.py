"""The issuance ledger: a Merkle tree as RFC 6962 §2.1 defines it, append-only.

A leaf's body is LF-separated ASCII, without personal data:

    license-ledger/v1
    <kind of deed>
    <serial: 32 hex digits, the issuance's `jti`>
    <recorded at: Unix seconds>
    <kid that signed, or ->
    <SHA-256 hex of the JWS signing input, or - where the deed signs nothing>
    <SHA-256 hex of (32-byte salt || private record)>

The private record names customer, clerk and terms; erasing record and salt satisfies a request for deletion, and the
tree stays whole. Nodes are stored only for complete subtrees, at (level, index): level 0 holds leaf hashes, and node
(l, i) covers leaves [i·2^l, (i+1)·2^l). They are written once and never change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

HASH_BYTES = 32
SALT_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()
NOTHING_SIGNED = "-"


class Kind(StrEnum):
    """The kinds of deed that have a leaf."""

    TRIAL = "trial"
    CONVERTED = "converted"
    SOLD = "sold"
    RENEWED = "renewed"
    EXPANDED = "expanded"
    REDUCED = "reduced"
    REISSUED = "reissued"
    TRANSFERRED = "transferred"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    REVOKED = "revoked"
    IMPORTED = "imported"
    VOIDED = "voided"
    REFUNDED = "refunded"
    ERASED = "erased"
    KEY_ACTIVATED = "key-activated"
    KEY_RETIRED = "key-retired"
    ROLLED_BACK = "rolled-back"


@dataclass(frozen=True, slots=True)
class Leaf:
    """One line of the ledger before it is hashed."""

    kind: Kind
    serial: str
    recorded_at: int
    kid: str
    signed_hash: str
    record_hash: str

    def body(self) -> bytes:
        """The bytes that are hashed."""
        return leaf_body(self.kind, self.serial, self.recorded_at, self.kid, self.signed_hash, self.record_hash)


@dataclass(frozen=True, slots=True)
class Node:
    """The hash of one complete subtree."""

    level: int
    index: int
    hash: bytes


ReadNode = Callable[[int, int], bytes]
"""The stored hash at (level, index). Asked for complete subtrees only."""


def leaf_body(kind: str, serial: str, recorded_at: int, kid: str, signed_hash: str, record_hash: str) -> bytes:
    """The bytes of a leaf that are hashed."""
    lines = f"license-ledger/v1\n{kind}\n{serial}\n{recorded_at}\n{kid}\n{signed_hash}\n{record_hash}\n"
    return lines.encode("ascii")


def signed_hash(signing_input: str) -> str:
    """SHA-256 hex of a JWS signing input."""
    return hashlib.sha256(signing_input.encode("ascii")).hexdigest()


def record_hash(salt: bytes, record: bytes) -> str:
    """SHA-256 hex of the salted private record."""
    return hashlib.sha256(salt + record).hexdigest()


def leaf_hash(body: bytes) -> bytes:
    """RFC 6962 §2.1: SHA-256(0x00 || body)."""
    return hashlib.sha256(b"\x00" + body).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 §2.1: SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grow(size: int, body: bytes, read: ReadNode) -> list[Node]:
    """The nodes that leaf number `size` adds to a tree of `size` leaves: itself and each subtree it completes."""
    index, current = size, leaf_hash(body)
    nodes = [Node(0, index, current)]
    level = 0
    while index & 1:
        current = node_hash(read(level, index - 1), current)
        index, level = index >> 1, level + 1
        nodes.append(Node(level, index, current))
    return nodes


def complete_levels(hashes: list[bytes]) -> Iterator[list[bytes]]:
    """The hashes of one level, then of each level above that they complete; the first has an even index."""
    while hashes:
        yield hashes
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]


def root(size: int, read: ReadNode) -> bytes:
    """The root hash of the first `size` leaves."""
    return _subtree(0, size, read) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: ReadNode) -> list[bytes]:
    """RFC 6962 §2.1.1: the hashes that lead from leaf `index` to the root of `size` leaves."""
    if not 0 <= index < size:
        raise ValueError(f"leaf {index} is not among {size}")
    return _path(index, 0, size, read)


def consistency_proof(old: int, new: int, read: ReadNode) -> list[bytes]:
    """RFC 6962 §2.1.2: the hashes that show that the tree of `old` leaves is a prefix of the one of `new`."""
    if not 0 < old <= new:
        raise ValueError(f"{old} leaves are no prefix of {new}")
    return _subproof(old, 0, new, True, read)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> bool:
    """RFC 9162 §2.1.3.2: whether `proof` leads from leaf hash `leaf` at `index` to `expected_root`."""
    if not 0 <= index < size or any(len(step) != HASH_BYTES for step in proof):
        return False
    fn, sn, current = index, size - 1, leaf
    for step in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            current = node_hash(step, current)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            current = node_hash(current, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and current == expected_root


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """RFC 9162 §2.1.4.2: whether `proof` shows the tree with `old_root` to be a prefix of the one with `new_root`."""
    if not 0 < old <= new or any(len(step) != HASH_BYTES for step in proof):
        return False
    if old == new:
        return not proof and old_root == new_root
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            first, second = node_hash(step, first), node_hash(step, second)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            second = node_hash(second, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and first == old_root and second == new_root


class Tree:
    """A tree as it grows from its leaves alone: the rightmost node of each level, and the roots on the way."""

    def __init__(self) -> None:
        self.size = 0
        self._last: dict[int, Node] = {}

    def add(self, body: bytes) -> list[Node]:
        nodes = grow(self.size, body, lambda level, _: self._last[level].hash)
        for node in nodes:
            self._last[node.level] = node
        self.size += 1
        return nodes

    def root(self) -> bytes:
        """The root of the leaves so far: the complete subtrees of its binary size, joined from the right."""
        levels = [level for level in range(self.size.bit_length()) if self.size >> level & 1]
        if not levels:
            return EMPTY_ROOT
        root = self._last[levels[0]].hash
        for level in levels[1:]:
            root = node_hash(self._last[level].hash, root)
        return root


def _split(count: int) -> int:
    """The largest power of two smaller than `count` (at least 2)."""
    return 1 << (count - 1).bit_length() - 1


def _subtree(low: int, high: int, read: ReadNode) -> bytes:
    """MTH of leaves [low, high); `low` is a multiple of every complete subtree it is split into."""
    count = high - low
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return read(level, low >> level)
    middle = low + _split(count)
    return node_hash(_subtree(low, middle, read), _subtree(middle, high, read))


def _path(index: int, low: int, high: int, read: ReadNode) -> list[bytes]:
    if high - low == 1:
        return []
    middle = low + _split(high - low)
    if index < middle:
        return [*_path(index, low, middle, read), _subtree(middle, high, read)]
    return [*_path(index, middle, high, read), _subtree(low, middle, read)]


def _subproof(old: int, low: int, high: int, whole: bool, read: ReadNode) -> list[bytes]:
    if old == high - low:
        return [] if whole else [_subtree(low, high, read)]
    middle = low + _split(high - low)
    if old <= middle - low:
        return [*_subproof(old, low, middle, whole, read), _subtree(middle, high, read)]
    return [*_subproof(old - (middle - low), middle, high, False, read), _subtree(low, middle, read)]
