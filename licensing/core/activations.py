"""Activation without a connection: what a cluster says of itself in a request file, and the codes people compare.

A request file is JSON: `{"v":1,"fsid":…,"kube_system_uid":…,"nodes":[names] or their number,"lid"?:…,
"daily"?:[{"day":"2026-01-15","nodes":4},…]}`. It is carried to a machine that can reach the server, and the license
file is carried back. Both ends show a check code of each file, for two people to read to each other.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from licensing.core.encoding import canonical_json
from licensing.core.trials import CODE_ALPHABET, CODE_LENGTH, spelled_code


@dataclass(frozen=True, slots=True)
class ActivationRequest:
    """What a cluster without a connection to us says of itself.

    `nodes` is their number now, `peak` the highest of the days it tells of, `code` the request's check code.
    """

    fsid: str
    kube_system_uid: str
    nodes: int
    peak: int
    code: str
    license_id: str | None = None


def check_code(document: object) -> str:
    """Eight consonants, BCDF-GHJK, of a JSON document: the same wherever it was carried, another if it was changed.

    34 bits of SHA-256 over the canonical JSON: enough against mistakes, no proof against whoever can search.
    """
    number = int.from_bytes(hashlib.sha256(canonical_json(document)).digest(), "big")
    letters = []
    for _ in range(CODE_LENGTH):
        number, letter = divmod(number, len(CODE_ALPHABET))
        letters.append(CODE_ALPHABET[letter])
    return spelled_code("".join(letters))
