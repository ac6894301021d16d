"""Relays: a server inside a customer's site that shares one paid license's seats among the clusters of that site.

The license names the relay's key in its `relay` claim, `{"kid":…,"x":…}`, and lends it one right: to sign leases of
this license. `lease_headers` is the whole rule, for readers in any language:

1. The license is verified first, with the vendor's keys alone. Only then is its `relay` claim read.
2. `x` is strict base64url of a sound Ed25519 key (see `keys.load_public_key`), and `kid` is that key's own name:
   `relay-` or `TEST-relay-`, and the first 16 hex digits of its thumbprint. Where any of this is not so, the claim adds
   nothing, and the license stands as it is.
3. The claim adds one header text to those of the keyring: `kid` with the type `koor-lease+jwt`. It never replaces one
   that the keyring has.
4. A token under that header is refused (`BAD_CLAIMS`) unless its `lid` is the license's. This is checked with the key's
   state and window, in step 6 of `tokens`, before `aud`.
5. The key has no window of its own: a lease narrows its license and moves no date, so that the license's dates judge.
6. Leases are verified with these headers, everything else with those of the keyring alone.

The headers are those of one license, and must be asked for anew whenever the reader takes over another issue of it: a
license that names another key, or none, takes the right away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from licensing.core.encoding import b64url, unb64url
from licensing.core.errors import Reason, Unauthentic
from licensing.core.keys import TEST_MARK, Keyring, load_public_key, name_key, read_jwk
from licensing.core.licenses import License
from licensing.core.tokens import HeaderKey, Headers, TokenType, header_segment

ROLE = "relay"


@dataclass(frozen=True, slots=True)
class RelayKey:
    """The public key of a relay; `kid` is derived from it."""

    kid: str
    x: bytes

    @property
    def is_test(self) -> bool:
        return self.kid.startswith(TEST_MARK)

    @property
    def claim(self) -> tuple[str, str]:
        """The key as a license names it: `kid`, and `x` in base64url."""
        return self.kid, b64url(self.x)


def relay_key(x: bytes, *, test: bool) -> RelayKey:
    """The relay's key of public bytes `x`, under its own name."""
    return RelayKey(name_key(x, ROLE, test=test), x)


def read_relay(document: object) -> RelayKey:
    """The relay's key of a JWK; raises Unauthentic unless it is sound and its name is derived from it."""
    return _sound(*read_jwk(document))


def relay_of(license: License) -> RelayKey | None:
    """The relay's key that a verified license names; None when it names none, or none that is sound."""
    if license.relay is None:
        return None
    kid, x = license.relay
    try:
        return _sound(kid, unb64url(x))
    except (ValueError, Unauthentic):
        return None


def lease_headers(license: License, keyring: Keyring) -> Headers:
    """The headers under which leases of the verified `license` may come: the keyring's, and its relay's."""
    relay = relay_of(license)
    if relay is None:
        return keyring.headers
    own: Mapping[str, HeaderKey] = {
        header_segment(relay.kid, TokenType.LEASE): HeaderKey(
            TokenType.LEASE, relay.kid, load_public_key(relay.x), lid=license.lid
        )
    }
    return MappingProxyType({**own, **keyring.headers})


def _sound(kid: str, x: bytes) -> RelayKey:
    load_public_key(x)
    if kid != name_key(x, ROLE, test=kid.startswith(TEST_MARK)):
        raise Unauthentic(Reason.BAD_KEY, "The relay key's name does not belong to it.")
    return RelayKey(kid, x)
