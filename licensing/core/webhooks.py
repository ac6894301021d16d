"""Webhooks: what programs elsewhere are told of the ledger, where they may be, and how often it is tried.

A message is one deed of the ledger, as Standard Webhooks has it (standard-webhooks.md, "Payload structure"), without
personal data. Its id is the deed's serial: a receiver that has seen it need not look again.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from licensing.core.errors import InvalidFields
from licensing.core.ledger import Kind

Network = IPv4Network | IPv6Network

TEST_TYPE = "webhook.test"
_INTERNAL = frozenset({Kind.KEY_ACTIVATED, Kind.KEY_RETIRED, Kind.ROLLED_BACK})
TYPES = {kind: f"license.{kind}" for kind in Kind if kind not in _INTERNAL}
"""What each deed is called; the house's own deeds are told to nobody."""

RETRIES = (
    *(timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30)),
    *(timedelta(hours=hours) for hours in (2, 5, 10, 14, 20, 24)),
)
"""How long to wait after each failed try (standard-webhooks.md, "Retry schedule"); after the last it is given up."""
OLD_SECRET_GOOD = timedelta(days=1)
"""A secret that was replaced signs beside the new one for so long."""
KEPT = timedelta(days=30)
"""How long a delivery that arrived, or was given up, can be looked at."""

MAX_URL = 500
HTTPS_PORT, FIRST_FREE_PORT, LAST_PORT = 443, 1024, 65_535
_URL = re.compile(r"[!-~]+")  # printable ASCII without spaces
_LABEL = r"(?!-)[a-z0-9-]{1,63}(?<!-)"
_NAME = re.compile(rf"(?:{_LABEL}\.)+(?=[a-z]){_LABEL}")
_ROUTED = IPv6Network("2000::/3")
_TUNNELS: tuple[Network, ...] = (
    *(IPv6Network("2002::/16"), IPv6Network("2001::/23")),  # 6to4 and Teredo carry IPv4 addresses
    IPv4Network("192.88.99.0/24"),
    IPv4Network("192.0.0.0/24"),
)


class DeliveryState(StrEnum):
    """Where a message is."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL points: the host's name or address, port, and the path with its query."""

    host: str
    port: int
    path: str
    tls: bool


def read_url(url: str, *, plain: bool = False) -> Target:
    """The target of a webhook's URL; `plain` lets `http` pass. Raises InvalidFields for `url`.

    One spelling alone of each address passes: what another program could read as another host is refused.
    """
    if len(url) > MAX_URL or not _URL.fullmatch(url) or "\\" in url:
        raise _refused(f"Must be an address of at most {MAX_URL} printable ASCII characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise _refused("Is no address.") from error
    schemes = {"https": True, "http": False} if plain else {"https": True}
    if parts.scheme not in schemes or not url.startswith(f"{parts.scheme}://"):
        raise _refused(f"Must start with {' or '.join(f'{scheme}://' for scheme in schemes)}.")
    if any(mark in parts.netloc for mark in "@%") or "#" in url:
        raise _refused("Must have no user, password, zone or fragment.")
    tls = schemes[parts.scheme]
    port = port if port is not None else HTTPS_PORT if tls else 80
    if port != HTTPS_PORT and not FIRST_FREE_PORT <= port <= LAST_PORT:
        raise _refused(f"Must have port {HTTPS_PORT}, or one from {FIRST_FREE_PORT} on.")
    host = _read_host(parts.netloc.rpartition(":")[0] if parts.port is not None else parts.netloc)
    return Target(host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), tls)


def is_allowed(address: str, allowed: Collection[Network]) -> bool:
    """Whether a message may be sent to the IP address: it is on the internet, or in one of the networks `allowed`.

    Special-purpose addresses (RFC 6890) are not, nor those that carry another one within them.
    """
    ip = ip_address(address)
    if any(ip in network for network in allowed):
        return True
    if any(ip in network for network in _TUNNELS) or not ip.is_global or ip.is_multicast:
        return False
    return isinstance(ip, IPv4Address) or ip in _ROUTED


def _read_host(text: str) -> str:
    host = text.lower()
    if host.startswith("["):
        return str(_address(host[1:-1], IPv6Address))
    if _NAME.fullmatch(host) and len(host) <= 253:
        return host
    return str(_address(host, IPv4Address))


def _address(text: str, of: type[IPv4Address] | type[IPv6Address]) -> IPv4Address | IPv6Address:
    try:
        return of(text)
    except ValueError as error:
        raise _refused("Must name a host as example.com, or an IP address in its usual form.") from error


def _refused(why: str) -> InvalidFields:
    return InvalidFields({"url": [why]})
