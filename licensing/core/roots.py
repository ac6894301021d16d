"""The root public keys that clients are built with: one in use, one spare (`keys/README.md`, "Root ceremony").

Empty until the ceremony has been held: until then a client trusts only the root it is given (`--root FILE`).
"""

from __future__ import annotations

from licensing.core.keys import RootKey

TRUSTED_ROOTS: tuple[RootKey, ...] = ()
