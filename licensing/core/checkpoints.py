"""Checkpoints of the ledger: C2SP tlog-checkpoint bodies in C2SP signed notes, and C2SP tlog-proof files.

    <origin>                      the log's name: a host and path without scheme
    <size>                        number of leaves, decimal
    <root hash, base64>
                                  an empty line, then
    — <key name> <base64 of key hash || signature>

The key hash is the first 4 bytes of SHA-256(name || LF || 0x01 || public key), as Go's golang.org/x/mod/sumdb/note has
it, so `note.Open` reads our checkpoints. Formats: https://c2sp.org/tlog-checkpoint, /signed-note, /tlog-proof.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature

from licensing.core.errors import LedgerBroken
from licensing.core.keys import load_public_key
from licensing.core.ledger import HASH_BYTES

_ED25519 = b"\x01"
_DASH = "—"
_NOTE = re.compile(
    r"(([^\n]+)\n(0|[1-9][0-9]{0,18})\n([A-Za-z0-9+/]{43}=)\n)\n((?:— [^\s+]+ [A-Za-z0-9+/]+={0,2}\n){1,100})", re.ASCII
)
"""Body (origin, size, root), an empty line, and one to a hundred signature lines."""
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of the ledger at one moment."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """The text that is signed."""
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode('ascii')}\n"


def origin(public_url: str) -> str:
    """The ledger's name: host and path, without scheme (C2SP tlog-checkpoint)."""
    parts = urlsplit(public_url)
    return f"{parts.netloc}{parts.path}/ledger/1"


def verifier_key(origin: str, x: bytes) -> str:
    """The vkey text of the log key `x`, as signed-note tools take it."""
    return f"{origin}+{_key_hash(origin, x).hex()}+{b64encode(_ED25519 + x).decode('ascii')}"


def write_note(checkpoint: Checkpoint, x: bytes, sign: Callable[[bytes], bytes]) -> str:
    """The signed note of `checkpoint` under the log key with public half `x`."""
    body = checkpoint.body()
    mark = _key_hash(checkpoint.origin, x) + sign(body.encode("utf-8"))
    return f"{body}\n{_DASH} {checkpoint.origin} {b64encode(mark).decode('ascii')}\n"


def read_note(note: str, log_keys: Sequence[bytes]) -> Checkpoint:
    """The checkpoint in `note`, signed by one of the public keys `log_keys`; raises LedgerBroken.

    Signatures of others, such as witnesses, may stand beside it; every line must be one.
    """
    parsed = _NOTE.fullmatch(note)
    if parsed is None or _LONE_SURROGATE.search(note):
        raise LedgerBroken("The checkpoint is no signed note.")
    body, origin, size, encoded_root, signatures = parsed.groups()
    root = _bytes(encoded_root)
    signed = any(_signed(line, origin, body, log_keys) for line in signatures.splitlines())
    if len(root) != HASH_BYTES or not signed:
        raise LedgerBroken("The checkpoint is not signed by the log key.")
    return Checkpoint(origin, int(size), root)


def write_proof(index: int, proof: Sequence[bytes], note: str) -> str:
    """The C2SP tlog-proof text for leaf `index`."""
    hashes = "".join(f"{b64encode(step).decode('ascii')}\n" for step in proof)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{note}"


def _key_hash(origin: str, x: bytes) -> bytes:
    return hashlib.sha256(origin.encode("utf-8") + b"\n" + _ED25519 + x).digest()[:4]


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (Base64Error, ValueError):
        return b""


def _signed(line: str, origin: str, body: str, log_keys: Sequence[bytes]) -> bool:
    if not line.startswith(f"{_DASH} {origin} "):
        return False
    mark = _bytes(line.rsplit(" ", 1)[1])
    return any(mark[:4] == _key_hash(origin, x) and _verifies(x, mark[4:], body.encode("utf-8")) for x in log_keys)


def _verifies(x: bytes, signature: bytes, body: bytes) -> bool:
    try:
        load_public_key(x).verify(signature, body)
    except InvalidSignature:
        return False
    return True
