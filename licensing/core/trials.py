"""The trial: who registers, how long a link and a code live, and the license that a confirmation gives."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from licensing.core.addresses import DOMAIN, Address
from licensing.core.errors import CodeRefused, LinkExpired, LinkUnknown, LinkUsed
from licensing.core.licenses import ANY_CLUSTER, NOT_BEFORE_SKEW_SECONDS, Edition, Grace, License, Over
from licensing.core.tiers import Tier

LINK_LIFE = timedelta(minutes=60)
CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
CODE_ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
"""Consonants without Y: no word can appear, and none looks like a digit when spelled out (RFC 8628 §6.1)."""
CODE_LENGTH = 8


class Source(StrEnum):
    """How a registration came to us."""

    PAGE = "page"
    DEVICE_CODE = "device_code"
    INVITATION = "invitation"
    IMPORT = "import"
    SALES = "sales"


ALIKE_WITHIN = timedelta(days=30)
"""Trials from one network, or of one name, within this time look like one another."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """What makes trials look like one another, as hashes: the network that a registration came from, and its name."""

    network_hash: str | None
    name_hash: str | None


NO_LIKENESS = Likeness(None, None)


@dataclass(frozen=True, slots=True)
class Registration:
    """What a person tells us to get a trial. `trial_key` is what may have one (core.addresses.trial_key).

    `news` is whether she wants to be written to about more than her license.
    """

    address: Address
    name: str
    organization: str
    country: str
    expected_nodes: int
    trial_key: str
    source: Source = Source.PAGE
    news: bool = False

    @staticmethod
    def link_expires_at(now: datetime) -> datetime:
        return now + LINK_LIFE

    @staticmethod
    def code_expires_at(now: datetime) -> datetime:
        return now + CODE_LIFE

    def likeness(self, network: str) -> Likeness:
        """By what others may look like it; an organisation's own mail domain is likeness enough, and has one trial."""
        if self.trial_key.startswith(DOMAIN):
            return NO_LIKENESS
        name = " ".join(self.organization.casefold().split())
        return Likeness(_hash("network", network) if network else None, _hash("name", name, self.country))


@dataclass(frozen=True, slots=True)
class Pending:
    """A registration as it is kept. `used_at` is None until its link or code was used."""

    id: str
    registration: Registration
    code_hash: str
    code_tries: int
    link_expires_at: datetime
    code_expires_at: datetime
    used_at: datetime | None


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def plain_code(typed: str) -> str:
    """The code without the dash, spaces and case that people add."""
    return "".join(character for character in typed.upper() if character.isalnum())


def link_hash(link: str) -> str:
    """What is kept of a link: 256 random bits need no salt."""
    return hashlib.sha256(link.encode("utf-8", "surrogatepass")).hexdigest()


def code_hash(address: Address, code: str) -> str:
    """What is kept of a code: hashed with its mailbox, so that equal codes do not look equal."""
    return link_hash(f"{address.folded}\n{plain_code(code)}")


def spelled_code(code: str) -> str:
    """The code as it is shown: two groups of four."""
    return f"{code[:4]}-{code[4:]}"


def by_link(pending: Pending | None, now: datetime) -> Pending:
    """The registration whose link may be used at `now`; raises LinkUnknown, LinkUsed or LinkExpired."""
    if pending is None:
        raise LinkUnknown("This link belongs to no registration.")
    if pending.used_at is not None:
        raise LinkUsed("This link was used already; your license is in your mail.")
    if now >= pending.link_expires_at:
        raise LinkExpired("This link has expired; register again, it costs nothing.")
    return pending


def by_code(pending: Pending | None, hashed: str, now: datetime) -> Pending:
    """The registration whose code may be used at `now`; raises LinkUsed to who knows the code, else CodeRefused."""
    if pending is None or pending.code_hash != hashed or pending.code_tries > CODE_TRIES:
        raise CodeRefused("The code is wrong or no longer valid.")
    if pending.used_at is not None:
        raise LinkUsed("This code was used already; your license is in your mail.")
    if now >= pending.code_expires_at:
        raise CodeRefused("The code is wrong or no longer valid.")
    return pending


def trial_license(
    *, organization_id: str, license_id: str, serial: str, company: str, tier: Tier, now: datetime
) -> License:
    """The license of a new trial: the tier's seats, no end date. `company` is empty for a private address."""
    issued_at = int(now.timestamp())
    return License(
        sub=organization_id,
        jti=serial,
        iat=issued_at,
        nbf=issued_at - NOT_BEFORE_SKEW_SECONDS,
        exp=None,
        lid=license_id,
        seq=1,
        edition=Edition.TRIAL,
        seats=tier.max_seats or tier.min_seats,
        np_seats=0,
        tier=tier.name,
        support=tier.support,
        bind=(ANY_CLUSTER,),
        over=Over.RESTRICT,
        grace=Grace(),
        feat=(),
        org=company,
    )
