"""How often something may be tried. Nothing is locked for good: each try is forgotten after a while.

What is counted is named by a hash, so that the table of failures is no list of addresses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from licensing.core.addresses import DOMAIN

WINDOW = timedelta(minutes=15)
DAY = timedelta(days=1)
KEPT = DAY
PER_ACCOUNT_AND_ADDRESS, PER_ACCOUNT, PER_ADDRESS = 10, 50, 100
MANY_OF_ACCOUNT, MANY_OF_ADDRESS, MANY_OF_ALL = 30, 60, 300
"""So many failed sign-ins in a WINDOW are for somebody to look at. Of all: many accounts, tried from many addresses."""
PER_SESSION_OWNER = 10
PER_MAILBOX = 5
DEVICE_CODES_ASKED, DEVICE_CODES_TYPED = 20, 10
REGISTRATIONS_PER_NETWORK, REGISTRATIONS_PER_DOMAIN = 200, 50
LINKS_PER_NETWORK = 100
NEW_CLUSTERS_PER_LICENSE = 1_000
ACTIVATIONS_PER_LICENSE = 200
QUOTE_REQUESTS_PER_LICENSE = 10
EXPORTS_PER_MAILBOX = 20
"""A day, like all from REGISTRATIONS_PER_NETWORK on: far above what an honest customer does."""
_HOME_PREFIX = 64
"""Whoever has one IPv6 address has the whole network of 2^64 of them."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`failures` in a `window` are the most of `subject`."""

    subject: str
    failures: int
    window: timedelta = WINDOW


def of_sign_in(email: str, address: str) -> tuple[Limit, ...]:
    """The limits on signing in; the first is the one that success lifts."""
    account, network = email.lower(), network_of(address)
    return (
        Limit(_named("account and address", account, network), PER_ACCOUNT_AND_ADDRESS),
        Limit(_named("account", account), PER_ACCOUNT),
        Limit(_named("address", network), PER_ADDRESS),
    )


def watched_sign_ins(email: str, address: str) -> tuple[Limit, ...]:
    """How many failures ring an alarm: of an account, of a network, of everybody. None of them refuses anything."""
    return (
        Limit(_named("account", email.lower()), MANY_OF_ACCOUNT),
        Limit(_named("address", network_of(address)), MANY_OF_ADDRESS),
        Limit(_named("everybody"), MANY_OF_ALL),
    )


def of_session_owner(staff_id: str) -> tuple[Limit, ...]:
    """The limit on passwords and codes tried by somebody who is signed in."""
    return (Limit(_named("session owner", staff_id), PER_SESSION_OWNER),)


def of_registration(folded_email: str) -> Limit:
    """The limit on mails that strangers can have sent to a mailbox by registering it."""
    return Limit(_named("registration", folded_email), PER_MAILBOX)


def of_registrations(address: str, trial_key: str) -> tuple[Limit, ...]:
    """The limits on registrations a day: of one network, and of one organisation's mail domain."""
    network = Limit(_named("registrations", network_of(address)), REGISTRATIONS_PER_NETWORK, DAY)
    if trial_key.startswith(DOMAIN):
        return network, Limit(_named("registrations", trial_key), REGISTRATIONS_PER_DOMAIN, DAY)
    return (network,)


def of_portal_links(address: str) -> Limit:
    """The limit on mails with links that one network asks for, for whichever mailboxes."""
    return Limit(_named("portal links", network_of(address)), LINKS_PER_NETWORK)


def of_new_clusters(license_id: str) -> Limit:
    """The limit on clusters that a license has not seen before."""
    return Limit(_named("new clusters", license_id), NEW_CLUSTERS_PER_LICENSE, DAY)


def of_activations(license_id: str) -> Limit:
    """The limit on license files that one license's bearers fetch for clusters without a connection."""
    return Limit(_named("activations", license_id), ACTIVATIONS_PER_LICENSE, DAY)


def of_quote_requests(license_id: str) -> Limit:
    """The limit on requests for a quote; beside it only one waits at a time."""
    return Limit(_named("quote requests", license_id), QUOTE_REQUESTS_PER_LICENSE, DAY)


def of_exports(folded_email: str) -> Limit:
    """The limit on copies of all that is known of a mailbox."""
    return Limit(_named("exports", folded_email), EXPORTS_PER_MAILBOX, DAY)


def of_device_codes_asked(address: str) -> Limit:
    """The limit on device codes that one network asks for."""
    return Limit(_named("device codes asked", network_of(address)), DEVICE_CODES_ASKED)


def of_device_codes_typed(address: str) -> Limit:
    """The limit on wrong device codes that one network types (RFC 8628 §5.1)."""
    return Limit(_named("device codes typed", network_of(address)), DEVICE_CODES_TYPED)


def seconds_left(failed_at: datetime, now: datetime, window: timedelta = WINDOW) -> int:
    """How long a failure still counts."""
    return int((failed_at + window - now).total_seconds())


def _named(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def network_of(address: str) -> str:
    """What one home or office has: its IPv4 address, or its network of IPv6 addresses."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{ip}/{_HOME_PREFIX}", strict=False)) if isinstance(ip, IPv6Address) else str(ip)
