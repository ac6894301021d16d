"""Passwords of staff: how long, and what may not be one. How they are hashed is in `services.passwords`."""

from __future__ import annotations

from unicodedata import normalize

from licensing.core.errors import InvalidFields

SHORTEST, LONGEST = 12, 256
FIELD = "new_password"


def require_acceptable(new: str, old: str, email: str) -> None:
    """Raises InvalidFields for a new password that is too short or long, the account's address, or the old one."""
    if not SHORTEST <= len(new) <= LONGEST:
        raise InvalidFields({FIELD: [f"Must have {SHORTEST} to {LONGEST} characters."]})
    if new.casefold() == email.casefold():
        raise InvalidFields({FIELD: ["Must not be the account's address."]})
    if spelled(new) == spelled(old):
        raise InvalidFields({FIELD: ["Must not be the old one."]})


def spelled(password: str) -> bytes:
    """The bytes to hash: the same for one password, whatever keyboard composed its letters (NIST SP 800-63B §3.1.1)."""
    return normalize("NFKC", password).encode("utf-8", "surrogatepass")
