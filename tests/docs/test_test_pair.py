"""The marked test pair, and the roots that clients are built with."""

from __future__ import annotations

import json
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from licensing.core.keys import read_root
from licensing.core.roots import TRUSTED_ROOTS

KEYS = Path(__file__).parent.parent.parent / "keys"


def test_the_test_pair_is_marked_and_its_halves_belong_together() -> None:
    [public_file], [private_file] = (KEYS / "test").glob("*.jwk"), (KEYS / "test").glob("*.pem")

    root = read_root(json.loads(public_file.read_text()))

    private = load_pem_private_key(private_file.read_bytes(), None)
    assert root.is_test
    assert (public_file.stem, private_file.name) == (root.kid, f"{root.kid}.key.pem")
    assert private.public_key().public_bytes_raw() == root.x  # type: ignore[union-attr]  # an Ed25519 key


def test_clients_are_built_with_the_roots_of_the_keys_folder_and_no_test_root() -> None:
    published = {read_root(json.loads(path.read_text())) for path in KEYS.glob("*.jwk")}

    assert published == set(TRUSTED_ROOTS)
    assert not any(root.is_test for root in TRUSTED_ROOTS)
