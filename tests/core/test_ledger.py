"""The Merkle tree against RFC 6962's own words, for every size up to 130 and every proof in it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache

import pytest

from licensing.core.ledger import (
    EMPTY_ROOT,
    NOTHING_SIGNED,
    Kind,
    Leaf,
    consistency_proof,
    grow,
    inclusion_proof,
    leaf_hash,
    record_hash,
    root,
    signed_hash,
    verify_consistency,
    verify_inclusion,
)

LARGEST = 130
SIZES = range(1, LARGEST + 1)
BODIES = [f"leaf {number}".encode() for number in range(LARGEST)]


@cache
def mth(low: int, high: int) -> bytes:
    """RFC 6962 §2.1, the Merkle Tree Hash of leaves [low, high), word for word."""
    if high - low == 0:
        return hashlib.sha256().digest()
    if high - low == 1:
        return hashlib.sha256(b"\x00" + BODIES[low]).digest()
    k = max(2**power for power in range(8) if 2**power < high - low)
    return hashlib.sha256(b"\x01" + mth(low, low + k) + mth(low + k, high)).digest()


def store(bodies: list[bytes]) -> dict[tuple[int, int], bytes]:
    """The nodes as the database keeps them: each written once."""
    nodes: dict[tuple[int, int], bytes] = {}
    for size, body in enumerate(bodies):
        for node in grow(size, body, lambda level, index: nodes[level, index]):
            assert (node.level, node.index) not in nodes
            nodes[node.level, node.index] = node.hash
    return nodes


NODES = store(BODIES)


def read(level: int, index: int) -> bytes:
    return NODES[level, index]


def corrupted(proof: list[bytes]) -> Iterator[list[bytes]]:
    """`proof` with a step altered, missing, doubled, exchanged, of another length, or one too many."""
    for i, step in enumerate(proof):
        yield [*proof[:i], bytes([step[0] ^ 1]) + step[1:], *proof[i + 1 :]]
        yield [*proof[:i], *proof[i + 1 :]]
    yield [*proof, bytes(32)]
    if proof:
        yield from ([proof[0], *proof], [proof[0] + b"\0", *proof[1:]], [*proof[:-1], proof[-1][:-1]])
    if len(proof) > 1:
        yield [proof[1], proof[0], *proof[2:]]


def test_the_roots_of_rfc_6962_are_ours() -> None:
    # The leaves and roots of Certificate Transparency's reference implementation, sizes 0 to 8.
    leaves = "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"
    roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]
    nodes = store([bytes.fromhex(leaf) for leaf in leaves])

    computed = [root(size, lambda level, index: nodes[level, index]).hex() for size in range(9)]

    assert computed == roots


def test_every_tree_has_the_root_that_the_definition_gives() -> None:
    roots = [root(size, read) for size in (0, *SIZES)]

    assert roots == [mth(0, size) for size in (0, *SIZES)]
    assert roots[0] == EMPTY_ROOT


def test_only_complete_subtrees_are_stored() -> None:
    expected = {
        (level, index): mth(index << level, (index + 1) << level)
        for level in range(8)
        for index in range(LARGEST >> level)
    }

    assert expected == NODES


def test_every_leaf_of_every_tree_is_proved() -> None:
    for size in SIZES:
        for index in range(size):
            proof = inclusion_proof(index, size, read)

            assert verify_inclusion(leaf_hash(BODIES[index]), index, size, proof, mth(0, size))


def test_no_corrupted_inclusion_proof_holds() -> None:
    held = []
    for size in SIZES:
        for index in range(size):
            proof, leaf, expected = inclusion_proof(index, size, read), leaf_hash(BODIES[index]), mth(0, size)
            held += [wrong for wrong in corrupted(proof) if verify_inclusion(leaf, index, size, wrong, expected)]
            held += [proof for other in (index - 1, index + 1) if verify_inclusion(leaf, other, size, proof, expected)]
            held += [proof for other in (leaf_hash(b"x"), b"") if verify_inclusion(other, index, size, proof, expected)]
            if verify_inclusion(leaf, index, size, proof, mth(0, size - 1)):
                held.append(proof)

    assert held == []


def test_every_earlier_tree_is_proved_to_be_a_prefix() -> None:
    for new in SIZES:
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, read)

            assert verify_consistency(old, new, mth(0, old), mth(0, new), proof)


def test_no_corrupted_consistency_proof_holds() -> None:
    held = []
    for new in SIZES:
        for old in range(1, new + 1):
            proof, first, second = consistency_proof(old, new, read), mth(0, old), mth(0, new)
            attempts = [(old, first, second, wrong) for wrong in corrupted(proof)]
            attempts += [(old, bytes(32), second, proof), (old, first, bytes(32), proof)]
            attempts += [(old - 1, mth(0, old - 1), second, proof)]
            held += [attempt for attempt in attempts if verify_consistency(attempt[0], new, *attempt[1:])]

    assert held == []


def test_a_ledger_whose_past_was_altered_is_no_continuation() -> None:
    altered = store([b"altered" if number == 3 else body for number, body in enumerate(BODIES)])

    def read_altered(level: int, index: int) -> bytes:
        return altered[level, index]

    for new in range(5, LARGEST + 1):
        proof = consistency_proof(5, new, read_altered)

        assert not verify_consistency(5, new, mth(0, 5), root(new, read_altered), proof)


@pytest.mark.parametrize(("index", "size"), [(-1, 1), (0, 0), (1, 1), (8, 8), (9, 8)])
def test_a_leaf_outside_the_tree_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not among"):
        inclusion_proof(index, size, read)

    assert not verify_inclusion(leaf_hash(b""), index, size, [], leaf_hash(b""))


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 8), (-1, 8), (9, 8)])
def test_no_tree_is_a_continuation_of_an_empty_or_a_larger_one(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no prefix"):
        consistency_proof(old, new, read)

    assert not verify_consistency(old, new, EMPTY_ROOT, EMPTY_ROOT, [])


def test_the_body_of_a_leaf_is_seven_lines_of_ascii() -> None:
    leaf = Leaf(Kind.KEY_ACTIVATED, "ab" * 16, 1_900_000_000, "license-1", NOTHING_SIGNED, record_hash(b"salt", b"{}"))

    body = leaf.body()

    assert body.decode("ascii").splitlines() == [
        "license-ledger/v1",
        "key-activated",
        "ab" * 16,
        "1900000000",
        "license-1",
        "-",
        hashlib.sha256(b"salt{}").hexdigest(),
    ]
    assert body.endswith(b"\n")
    assert signed_hash("a.b") == hashlib.sha256(b"a.b").hexdigest()
