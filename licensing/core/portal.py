"""The customers' portal: how long a mail's link and a session live, who a visitor is, and what she may release."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from licensing.core.clusters import HOLD, REWRITE_BELOW
from licensing.core.errors import LicenseState, LinkExpired, LinkUnknown, LinkUsed, NotFound
from licensing.core.licenses import Edition
from licensing.core.standings import Standing

LINK_LIFE = timedelta(minutes=30)
LINKS_COUNTED = timedelta(hours=1)
MAX_UNUSED_LINKS = 3
SESSION_LIFE = timedelta(hours=12)
SESSION_IDLE = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=1)
"""How often it is written down that a session was used."""

MIN_QUOTED_SEATS = 5
"""Fewer are free."""
MAX_CONTACTS = 50
MAX_REQUEST_BYTES = 256 * 1024
"""An activation request of a cluster without a connection to us."""

SILENCE = timedelta(days=1)
_UNWRITTEN = HOLD - REWRITE_BELOW
"""A check-in that changes nothing is not written down for this long (core.clusters.Holding.is_unchanged)."""


@dataclass(frozen=True, slots=True)
class Link:
    """A mail's link as it is kept."""

    folded_email: str
    expires_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True)
class VisitorSession:
    """A session as it is kept."""

    folded_email: str
    last_seen_at: datetime
    expires_at: datetime

    def is_live(self, now: datetime) -> bool:
        """Whether it may be used at `now`: the last second of each term is the one before its end."""
        return now < self.expires_at and now - self.last_seen_at < SESSION_IDLE

    def is_due(self, now: datetime) -> bool:
        """Whether this use is to be written down."""
        return now - self.last_seen_at >= SEEN_EVERY


@dataclass(frozen=True, slots=True)
class Membership:
    """A visitor as the contact of one customer: `family` are the ids of all its organisations, its own among them."""

    contact_id: str
    name: str
    email: str
    family: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who has shown that a mailbox is hers; she is a contact of one customer at least."""

    folded_email: str
    memberships: tuple[Membership, ...]

    @property
    def id(self) -> str:
        """What kept answers know of her: an id, never an address."""
        return actor(self.memberships[0])

    @property
    def organization_ids(self) -> tuple[str, ...]:
        """All that she may know of."""
        return tuple(sorted({id for each in self.memberships for id in each.family}))

    def membership(self, organization_id: str, what: str) -> Membership:
        """Her as a contact of this organisation's customer. Raises NotFound, in the words for what does not exist."""
        for each in self.memberships:
            if organization_id in each.family:
                return each
        raise NotFound(what)


class State(StrEnum):
    """How a license stands, in the customer's words."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    ENDED = "ended"
    STARTS_LATER = "starts later"


def actor(membership: Membership) -> str:
    """What the ledger and the trail know of her: `portal:` and the contact's id."""
    return f"portal:{membership.contact_id}"


def opened(folded_email: str, now: datetime) -> VisitorSession:
    """The session that begins now."""
    return VisitorSession(folded_email, now, now + SESSION_LIFE)


def usable(link: Link | None, now: datetime) -> Link:
    """The link, if it opens a session at `now`; raises LinkUnknown, LinkUsed or LinkExpired."""
    if link is None:
        raise LinkUnknown("We do not know this link. Ask for a new one; it costs nothing.")
    if link.used_at is not None:
        raise LinkUsed("This link, or one that came after it, was used already. Ask for a new one.")
    if now >= link.expires_at:
        raise LinkExpired("This link has expired. Ask for a new one.")
    return link


def state_of(standing: Standing, now: datetime) -> State:
    """How the license stands at `now`."""
    if standing.revoked_at is not None:
        return State.REVOKED
    if standing.suspended_at is not None:
        return State.SUSPENDED
    if standing.ends_at is not None and standing.ends_at <= now:
        return State.ENDED
    return State.STARTS_LATER if now < standing.starts_at else State.ACTIVE


def is_silent(last_written_at: datetime, now: datetime) -> bool:
    """Whether a cluster has certainly not checked in for a day.

    The newest check-in that is written down may be followed, for as long as nothing changes, by others that are not.
    """
    return now - last_written_at >= SILENCE + _UNWRITTEN


def require_silent(last_written_at: Iterable[datetime], now: datetime) -> None:
    """Raises LicenseState unless none of them has checked in for a day."""
    if not all(is_silent(each, now) for each in last_written_at):
        raise LicenseState("The cluster may be alive: release it once it has been silent for a day.")


def must_be_reachable(standing: Standing, now: datetime) -> bool:
    """Whether somebody must stay whom we can write to about the license: it is paid for, and its term is not over."""
    return standing.edition is Edition.PRO and state_of(standing, now) not in (State.REVOKED, State.ENDED)
