"""Hashing passwords: Argon2id, at most two at once, and as long for an account that does not exist."""

from __future__ import annotations

from base64 import b64encode
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from licensing.core.passwords import spelled

AT_ONCE = 2
"""Each computation takes 64 MiB and four threads: more at once would starve the check-ins."""

_hasher = PasswordHasher()  # Argon2id with the library's parameters (RFC 9106 §4, second choice)
_turns = BoundedSemaphore(AT_ONCE)


def hashed(password: str) -> str:
    """The hash to keep of a password."""
    with _turns:
        return _hasher.hash(spelled(password))


def matches(password_hash: str | None, password: str) -> bool:
    """Whether it is the password of that hash. Without a hash it takes as long, and is not."""
    with _turns:
        try:
            return _hasher.verify(password_hash or _nobodys_hash(), spelled(password)) and password_hash is not None
        except (VerificationError, InvalidHashError):
            return False


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than those of today."""
    return _hasher.check_needs_rehash(password_hash)


def _nobodys_hash() -> str:
    """A hash of today's parameters that is no password's."""
    salt, digest = (b64encode(bytes(n)).decode("ascii").rstrip("=") for n in (_hasher.salt_len, _hasher.hash_len))
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v=19${cost}${salt}${digest}"
