"""How many wrong tries there may be. Nothing is locked for good: each failure is forgotten after a while.

What is counted is named by a hash, so that the table of failures is no list of addresses.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

WINDOW = timedelta(minutes=15)
KEPT = timedelta(days=1)
PER_ACCOUNT_AND_ADDRESS, PER_ACCOUNT, PER_ADDRESS = 10, 50, 100
PER_SESSION_OWNER = 10
PER_MAILBOX = 5
DEVICE_CODES_ASKED, DEVICE_CODES_TYPED = 20, 10
_HOME_PREFIX = 64
"""Whoever has one IPv6 address has the whole network of 2^64 of them."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`failures` in a WINDOW are the most of `subject`."""

    subject: str
    failures: int


def of_sign_in(email: str, address: str) -> tuple[Limit, ...]:
    """The limits on signing in; the first is the one that success lifts."""
    account, network = email.lower(), _network(address)
    return (
        Limit(_named("account and address", account, network), PER_ACCOUNT_AND_ADDRESS),
        Limit(_named("account", account), PER_ACCOUNT),
        Limit(_named("address", network), PER_ADDRESS),
    )


def of_session_owner(staff_id: str) -> tuple[Limit, ...]:
    """The limit on passwords and codes tried by somebody who is signed in."""
    return (Limit(_named("session owner", staff_id), PER_SESSION_OWNER),)


def of_registration(folded_email: str) -> Limit:
    """The limit on mails that strangers can have sent to a mailbox by registering it."""
    return Limit(_named("registration", folded_email), PER_MAILBOX)


def of_device_codes_asked(address: str) -> Limit:
    """The limit on device codes that one network asks for."""
    return Limit(_named("device codes asked", _network(address)), DEVICE_CODES_ASKED)


def of_device_codes_typed(address: str) -> Limit:
    """The limit on wrong device codes that one network types (RFC 8628 §5.1)."""
    return Limit(_named("device codes typed", _network(address)), DEVICE_CODES_TYPED)


def seconds_left(failed_at: datetime, now: datetime) -> int:
    """How long a failure still counts."""
    return int((failed_at + WINDOW - now).total_seconds())


def _named(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _network(address: str) -> str:
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network(f"{ip}/{_HOME_PREFIX}", strict=False)) if isinstance(ip, IPv6Address) else str(ip)
