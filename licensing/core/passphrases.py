"""What a passphrase of key files must be worth: 128 bits, so that a stolen file can't be guessed open."""

from __future__ import annotations

import math

from licensing.core.errors import KeyUnusable

BITS = 128
MIN_DISTINCT = 10
_ALPHABETS = ((str.isdigit, 10), (str.islower, 26), (str.isupper, 26))
_OTHERS = 12


def require_strong(passphrase: bytes | None) -> bytes:
    """The passphrase, if its length and its kinds of characters make 128 bits of one drawn at random.

    Raises KeyUnusable for none, a short one, or one of few different characters. A measure of how it looks: whether it
    was drawn at random, nobody can see.
    """
    made = "make one with: openssl rand -base64 24"
    if not passphrase:
        raise KeyUnusable(f"No passphrase is set for the private keys (LICENSING_KEYS_PASSPHRASE_FILE); {made}")
    text = passphrase.decode("utf-8", "replace")
    alphabet = sum(size for kind, size in _ALPHABETS if any(map(kind, text)))
    alphabet += _OTHERS if any(not each.isalnum() for each in text) else 0
    bits = int(len(text) * math.log2(max(alphabet, 2)))
    if bits < BITS or len(set(text)) < MIN_DISTINCT:
        raise KeyUnusable(f"The passphrase of the private keys is worth less than {BITS} bits; {made}")
    return passphrase
