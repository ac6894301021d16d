"""The instance key: how a client proves that it is the one that checked in first.

A request carries `Koor-Instance: <number> <signature>`: a number that rises with every request, and the base64url
Ed25519 signature of the LF-separated text

    koor-instance/v1
    <method>
    <path>
    <SHA-256 hex of the body>
    <number>
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature

from licensing.core.encoding import unb64url
from licensing.core.errors import InstanceMismatch
from licensing.core.keys import load_public_key

HEADER = "Koor-Instance"
_LARGEST = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Proof:
    """A request's unverified proof, and the text that it should have signed."""

    number: int
    signature: bytes
    text: bytes


def signed_text(method: str, path: str, body: bytes, number: int) -> bytes:
    """The text an instance key signs for one request."""
    return f"koor-instance/v1\n{method}\n{path}\n{hashlib.sha256(body).hexdigest()}\n{number}".encode()


def read_proof(header: str | None, method: str, path: str, body: bytes) -> Proof | None:
    """The proof in the header's value, None where there is no header; raises InstanceMismatch for another form."""
    if header is None:
        return None
    number, _, signature = header.partition(" ")
    if not (number.isascii() and number.isdecimal() and len(number) <= len(str(_LARGEST)) and int(number) <= _LARGEST):
        raise InstanceMismatch(f"{HEADER} starts with a whole number up to 2^53 - 1.")
    try:
        return Proof(int(number), unb64url(signature), signed_text(method, path, body, int(number)))
    except ValueError as error:
        raise InstanceMismatch(f"{HEADER} ends with a base64url signature.") from error


def check(proof: Proof | None, pinned: bytes, last_number: int) -> int:
    """The number of a proof that is the pinned key's and newer than the last one; raises InstanceMismatch."""
    if proof is None:
        raise InstanceMismatch(f"This cluster is pinned to an instance key; send {HEADER}.")
    if proof.number <= last_number:
        raise InstanceMismatch(f"The number in {HEADER} must be above {last_number}, not {proof.number}.")
    try:
        load_public_key(pinned).verify(proof.signature, proof.text)
    except InvalidSignature as error:
        raise InstanceMismatch("The request was signed by another instance key.") from error
    return proof.number
