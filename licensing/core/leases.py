"""The lease: the signed answer to one check-in.

Claims of a `koor-lease+jwt`:

    {"iss":…, "aud":"koor-dcc", "iat":…, "exp":…, "cid":<cluster id>, "fsid":…, "lid":…, "seq":n, "nonce":<echo>,
     "code":…, "restricted":…, "seats":n, "used":n, "granted":n, "over_since"?:…, "next":seconds, "v":1}

`seq` is that of the license the answer was judged by. A lease narrows a license for as long as it lives and never
widens it: see `verdicts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import Any

from licensing.core.codes import Code
from licensing.core.errors import Reason, Unauthentic
from licensing.core.records import record
from licensing.core.tokens import AUDIENCE, Headers, TokenType, bad_claims, open_token, require_range

VERSION = 1
LEASE_SECONDS = 7 * 86_400
"""Longest life of a lease."""
HOLD_SECONDS = 8 * 86_400
"""A grant is held this long from the check-in that wrote it: longer than a lease, so that none outlives its grant."""
CHECK_IN_SECONDS = 12 * 3_600
"""How soon a client should check in again, before it adds its own ± 20 %."""


@record(frozen=True, slots=True)
class Lease:
    """The typed claims of one lease. Times are Unix seconds."""

    cid: str
    fsid: str
    lid: str
    seq: int
    nonce: str
    code: Code
    restricted: bool
    seats: int
    used: int
    granted: int
    iat: int
    exp: int
    next: int
    over_since: int | None = None


def lease_claims(lease: Lease, issuer: str) -> dict[str, object]:
    """The payload of `lease`; the inverse of `verify_lease`."""
    claims: dict[str, object] = {
        "v": VERSION,
        "iss": issuer,
        "aud": AUDIENCE,
        "cid": lease.cid,
        "fsid": lease.fsid,
        "lid": lease.lid,
        "seq": lease.seq,
        "nonce": lease.nonce,
        "code": lease.code,
        "restricted": lease.restricted,
        "seats": lease.seats,
        "used": lease.used,
        "granted": lease.granted,
        "iat": lease.iat,
        "exp": lease.exp,
        "next": lease.next,
    }
    if lease.over_since is not None:
        claims["over_since"] = lease.over_since
    return claims


_members = itemgetter(
    "cid", "fsid", "lid", "seq", "nonce", "code", "restricted", "seats", "used", "granted", "iat", "exp", "next"
)
_TYPES = (str, str, str, int, str, str, bool, int, int, int, int, int, int)
_CODES = {code.value: code for code in Code}


def verify_lease(unverified_token: object, headers: Headers) -> Lease:
    """The lease that `unverified_token` proves, however old; raises Unauthentic.

    `headers` are those of the keyring, or of `relays.lease_headers` where the license names a relay.
    """
    return _parse_lease(open_token(unverified_token, headers, TokenType.LEASE))


def _parse_lease(claims: Mapping[str, Any]) -> Lease:
    if claims.get("v") != VERSION or type(claims.get("v")) is not int:
        raise Unauthentic(Reason.WRONG_VERSION, f"This lease is not of version {VERSION}.")
    try:
        values = _members(claims)
    except KeyError as error:
        raise bad_claims(f"The claim {error.args[0]} is missing.") from error
    over_since = claims.get("over_since")
    if tuple(map(type, values)) != _TYPES or ("over_since" in claims and type(over_since) is not int):
        raise bad_claims("A claim of the lease is of the wrong type.")
    cid, fsid, lid, seq, nonce, code, restricted, seats, used, granted, iat, exp, next = values
    require_range(seq, seats, used, granted, iat, exp, next, over_since or 0)
    if code not in _CODES:
        raise bad_claims("The lease's code is not known here.")
    return Lease(cid, fsid, lid, seq, nonce, _CODES[code], restricted, seats, used, granted, iat, exp, next, over_since)
