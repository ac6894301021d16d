"""The revoked list: what no longer stands, for readers who can't ask.

Claims of a `koor-revoked+jwt`:

    {"v":1, "iss":…, "aud":"koor-dcc", "iat":…, "seq":n, "revoked":[{"lid"|"jti":…, "at":…}]}

An entry with `lid` revokes a license whole, one with `jti` a single issuance of it (a re-issue that lowered rights
replaced it). `at` is when, in Unix seconds. `seq` rises with every list; a reader keeps the highest. A list never
expires. An entry leaves 30 days after the grace of what it revokes has ended; a trial has no end, so its entry stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any

from licensing.core.errors import Reason, Unauthentic
from licensing.core.licenses import License
from licensing.core.tokens import AUDIENCE, Headers, TokenType, bad_claims, open_token, require_range

VERSION = 1
KEPT_AFTER_GRACE_SECONDS = 30 * 86_400


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry: exactly one of `lid` and `jti`; `at` in Unix seconds."""

    at: int
    lid: str | None = None
    jti: str | None = None

    def member(self) -> dict[str, object]:
        name, value = ("lid", self.lid) if self.lid is not None else ("jti", self.jti)
        return {name: value, "at": self.at}


@dataclass(frozen=True, slots=True)
class RevokedList:
    """A verified list. The maps give the time of revocation by license and by issuance."""

    seq: int
    iat: int
    licenses: Mapping[str, int]
    issuances: Mapping[str, int]

    def revoked_at(self, license: License) -> int | None:
        """When `license` was revoked, or None while it stands."""
        times = [self.licenses.get(license.lid), self.issuances.get(license.jti)]
        return min((at for at in times if at is not None), default=None)


def leaves_list_at(exp: int | None, grace_days: int) -> int | None:
    """When the entry of a license ending at `exp` may leave the list; None for never."""
    return None if exp is None else exp + grace_days * 86_400 + KEPT_AFTER_GRACE_SECONDS


def revoked_claims(issuer: str, seq: int, iat: int, entries: Iterable[Revocation]) -> dict[str, object]:
    """The payload of a revoked list; the inverse of `verify_revoked`."""
    members = [entry.member() for entry in entries]
    return {"v": VERSION, "iss": issuer, "aud": AUDIENCE, "iat": iat, "seq": seq, "revoked": members}


def verify_revoked(unverified_token: object, headers: Headers) -> RevokedList:
    """The list that `unverified_token` proves, however old; raises Unauthentic."""
    claims = open_token(unverified_token, headers, TokenType.REVOKED)
    if claims.get("v") != VERSION or type(claims.get("v")) is not int:
        raise Unauthentic(Reason.WRONG_VERSION, f"This revoked list is not of version {VERSION}.")
    seq, iat, members = claims.get("seq"), claims["iat"], claims.get("revoked")
    if type(seq) is not int or type(members) is not list:
        raise bad_claims("The revoked list lacks `seq` or `revoked`.")
    require_range(seq, iat)
    licenses: dict[str, int] = {}
    issuances: dict[str, int] = {}
    for member in members:
        at, lid, jti = _entry(member)
        for subjects, subject in ((licenses, lid), (issuances, jti)):
            if subject is not None:
                subjects[subject] = min(at, subjects.get(subject, at))
    return RevokedList(seq, iat, licenses, issuances)


def _entry(member: Any) -> tuple[int, str | None, str | None]:
    """Time, license and issuance of one entry, at least one of the two."""
    if type(member) is not dict or type(member.get("at")) is not int:
        raise bad_claims("An entry of the revoked list has no time.")
    at, lid, jti = member["at"], member.get("lid"), member.get("jti")
    if {type(lid), type(jti)} not in ({str}, {str, NoneType}):
        raise bad_claims("An entry of the revoked list names nothing.")
    require_range(at)
    return at, lid, jti
