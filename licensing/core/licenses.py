"""The license: its claims, what may be issued, and the license file.

Claims of a `koor-license+jwt` (times are NumericDate, RFC 7519 §2: Unix seconds):

    {"iss":…, "aud":"koor-dcc", "sub":<organisation id>, "jti":<this issuance>, "iat":…, "nbf":…, "exp"?:…,
     "koor":{"v":1, "lid":<license id>, "seq":n, "edition":"trial"|"pro", "seats":n, "np_seats":n,
             "unit":"storage_node", "tier":…, "support":…, "bind":["*"] or up to 32 fsids,
             "over":"warn"|"restrict", "grace":{"exp":days,"over":days,"revoke":days}, "feat":[…], "org":…,
             "prev"?:<jti it replaces>, "relay"?:{"kid":…,"x":…}, "crit"?:[…]}}

Members a reader doesn't know are ignored, unless `koor.crit` names them: then the license's answer is `UNSUPPORTED`.
There is no personal data in a token: `org` is a company's name, and empty for who registered with a private address.

The license file (`koor-license.json`) carries all an air-gapped reader needs:

    {"v":1, "keys":<key statement>, "license":<token>, "revoked":<revoked list>, "human":{…}}

`human` is for whoever opens the file, and is never trusted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple

from licensing.core.encoding import read_body_json
from licensing.core.errors import Reason, TermRefused, Unauthentic
from licensing.core.tokens import AUDIENCE, NUMBER_BITS, Headers, TokenType, bad_claims, open_token

VERSION = 1
UNIT = "storage_node"
ANY_CLUSTER = "*"
MAX_BOUND_CLUSTERS = 32
MAX_SEATS = 100_000
MAX_TERM_DAYS = 397
"""Thirteen months: the longest term that is sold."""
MAX_AHEAD_DAYS = 92
"""A quarter: how long before its term starts a license may be signed (docs/adr/0009). A renewal is valid at once."""
NOT_BEFORE_SKEW_SECONDS = 300
"""An immediate license is valid this long before it was issued, for clients whose clock is behind."""
_FSID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
MAX_FILE_CHARACTERS = 2 * 1_024 * 1_024


class Edition(StrEnum):
    """What was issued: the free trial or the paid Pro Bundle."""

    TRIAL = "trial"
    PRO = "pro"


class Over(StrEnum):
    """What happens above the seats: a warning for ever, or a restriction after the grace."""

    WARN = "warn"
    RESTRICT = "restrict"


class Grace(NamedTuple):
    """Days of patience: after `exp`, over the seats, and after a revocation."""

    exp: int = 30
    over: int = 15
    revoke: int = 30


class License(NamedTuple):
    """The typed claims of one license token. Times are Unix seconds; `exp` is None for a license without end.

    A named tuple, because it is made with every verification: a frozen dataclass of twenty fields takes five times as
    long, which alone is 3 % of an Ed25519 verification.
    """

    sub: str
    jti: str
    iat: int
    nbf: int
    exp: int | None
    lid: str
    seq: int
    edition: Edition
    seats: int
    np_seats: int
    tier: str
    support: str
    bind: tuple[str, ...]
    over: Over
    grace: Grace
    feat: tuple[str, ...]
    org: str
    prev: str | None = None
    relay: tuple[str, str] | None = None
    unknown_crit: tuple[str, ...] = ()

    def allows_cluster(self, fsid: str) -> bool:
        """Whether the license may be used on the Ceph cluster `fsid`."""
        return ANY_CLUSTER in self.bind or fsid in self.bind


def license_claims(license: License, issuer: str) -> dict[str, object]:
    """The payload of `license`; the inverse of `parse_license`."""
    koor: dict[str, object] = {
        "v": VERSION,
        "lid": license.lid,
        "seq": license.seq,
        "edition": license.edition,
        "seats": license.seats,
        "np_seats": license.np_seats,
        "unit": UNIT,
        "tier": license.tier,
        "support": license.support,
        "bind": list(license.bind),
        "over": license.over,
        "grace": {"exp": license.grace.exp, "over": license.grace.over, "revoke": license.grace.revoke},
        "feat": list(license.feat),
        "org": license.org,
    }
    if license.prev is not None:
        koor["prev"] = license.prev
    if license.relay is not None:
        koor["relay"] = {"kid": license.relay[0], "x": license.relay[1]}
    claims: dict[str, object] = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": license.sub,
        "jti": license.jti,
        "iat": license.iat,
        "nbf": license.nbf,
        "koor": koor,
    }
    if license.exp is not None:
        claims["exp"] = license.exp
    return claims


def lint(license: License) -> None:
    """Raises TermRefused for a license that must never be signed, whoever asks."""
    if not 1 <= license.seats <= MAX_SEATS:
        raise TermRefused(f"Seats must be 1 to {MAX_SEATS}, not {license.seats}.")
    if not 0 <= license.np_seats <= MAX_SEATS:
        raise TermRefused(f"Non-production seats must be 0 to {MAX_SEATS}, not {license.np_seats}.")
    if not 1 <= len(license.bind) <= MAX_BOUND_CLUSTERS:
        raise TermRefused(f"A license binds 1 to {MAX_BOUND_CLUSTERS} clusters, not {len(license.bind)}.")
    if license.bind != (ANY_CLUSTER,) and not all(map(_FSID.fullmatch, license.bind)):
        raise TermRefused(
            "A license binds Ceph clusters by their fsid, a UUID in lower case, or any cluster by `*` alone."
        )
    if license.edition is Edition.TRIAL:
        if license.relay is not None:
            raise TermRefused("A trial has no relay: its seats are for one cluster.")
        if license.exp is not None:
            raise TermRefused("A trial has no end date.")
        return
    if license.exp is None:
        raise TermRefused("A paid license needs an end date.")
    if license.exp <= max(license.nbf, license.iat):
        raise TermRefused("A license must end after it starts and after it is issued.")
    term_days = (license.exp - license.nbf - NOT_BEFORE_SKEW_SECONDS) / 86_400
    if term_days > MAX_TERM_DAYS + MAX_AHEAD_DAYS:
        raise TermRefused(f"A license runs at most {MAX_TERM_DAYS + MAX_AHEAD_DAYS} days, not {term_days:.0f}.")


def verify_license(unverified_token: object, headers: Headers) -> License:
    """The license that `unverified_token` proves, however old; raises Unauthentic."""
    return parse_license(open_token(unverified_token, headers, TokenType.LICENSE))


_claims = itemgetter("sub", "jti", "iat", "nbf", "koor")
_koor = itemgetter(
    "v", "lid", "seq", "edition", "seats", "np_seats", "unit", "tier", "support", "bind", "over", "grace", "feat", "org"
)
_grace = itemgetter("exp", "over", "revoke")
_TYPES = (
    *(str, str, int, int, dict),
    *(int, str, int, str, int, int, str, str, str, list, str, dict, list, str),
    *(int, int, int),
)
"""Exact types of what the three getters above give, one after the other: `true` is no number."""
_KNOWN_MEMBERS = frozenset(_koor.__reduce__()[1]) | {"prev", "relay", "crit"}
_TEXT_ONLY = {str}
_NOTHING_RARE = (None, None, ())
_EDITIONS = {edition.value: edition for edition in Edition}
_OVERS = {over.value: over for over in Over}


def parse_license(claims: Mapping[str, Any]) -> License:
    """The typed license in an authentic payload; raises Unauthentic for a missing member or an inexact type."""
    try:
        sub, jti, iat, nbf, koor = top = _claims(claims)
        if type(koor) is not dict:
            raise bad_claims("`koor` is no object.")
        version, lid, seq, edition, seats, np_seats, unit, tier, support, bind, over, grace, feat, org = own = _koor(
            koor
        )
        if type(grace) is not dict:
            raise bad_claims("`koor.grace` is no object.")
        days = _grace(grace)
        if tuple(map(type, top + own + days)) != _TYPES:
            raise bad_claims("A claim is of the wrong type.")
    except KeyError as error:
        raise bad_claims(f"The claim {error.args[0]} is missing.") from error
    if version != VERSION:
        raise Unauthentic(Reason.WRONG_VERSION, f"This license is of version {version}; {VERSION} is known here.")
    if edition not in _EDITIONS or over not in _OVERS or unit != UNIT:
        raise bad_claims("`edition`, `over` or `unit` has a value not known here.")
    exp = claims.get("exp")
    if "exp" in claims and type(exp) is not int:
        raise bad_claims("`exp` is no time.")
    # Or-ing keeps every set bit and any sign: one comparison finds a number that is negative or too large.
    if (iat | nbf | (exp or 0) | seq | seats | np_seats | days[0] | days[1] | days[2]) >> NUMBER_BITS:
        raise bad_claims("A number is out of range.")
    if not {*map(type, bind), *map(type, feat)} <= _TEXT_ONLY:
        raise bad_claims("A list holds something other than text.")
    rare = _rare(koor) if len(koor) > len(own) else _NOTHING_RARE
    known = (sub, jti, iat, nbf, exp, lid, seq, _EDITIONS[edition], seats, np_seats, tier, support)
    return License._make((*known, tuple(bind), _OVERS[over], Grace._make(days), tuple(feat), org, *rare))


def _rare(koor: Mapping[str, Any]) -> tuple[str | None, tuple[str, str] | None, tuple[str, ...]]:
    """`prev`, `relay` and the names in `crit` that are not known here."""
    prev, relay, crit = koor.get("prev"), koor.get("relay"), koor.get("crit", [])
    if (prev is None and "prev" in koor) or (prev is not None and type(prev) is not str):
        raise bad_claims("`prev` is no issuance.")
    if type(crit) is not list or not set(map(type, crit)) <= _TEXT_ONLY:
        raise bad_claims("`crit` is no list of names.")
    unknown = tuple(name for name in crit if name not in _KNOWN_MEMBERS)
    if "relay" not in koor:
        return prev, None, unknown
    if type(relay) is not dict or type(relay.get("kid")) is not str or type(relay.get("x")) is not str:
        raise bad_claims("`relay` is no key.")
    return prev, (relay["kid"], relay["x"]), unknown


@dataclass(frozen=True, slots=True)
class UnverifiedLicenseFile:
    """The three tokens of a license file, none of them verified yet. `revoked` may be missing."""

    keys: str
    license: str
    revoked: str | None


def read_license_file(text: str | bytes) -> UnverifiedLicenseFile:
    """The tokens in the license file `text`; raises Unauthentic when it is no license file."""
    if len(text) > MAX_FILE_CHARACTERS:
        raise Unauthentic(Reason.BAD_FILE, f"A license file has at most {MAX_FILE_CHARACTERS} characters.")
    try:
        document = read_body_json(text.encode("utf-8") if isinstance(text, str) else text)
    except ValueError as error:
        raise Unauthentic(Reason.BAD_FILE, "The license file is not strict JSON.") from error
    if type(document) is not dict or document.get("v") != VERSION or type(document.get("v")) is not int:
        raise Unauthentic(Reason.BAD_FILE, f"Not a license file of version {VERSION}.")
    keys, license, revoked = document.get("keys"), document.get("license"), document.get("revoked")
    if type(keys) is not str or type(license) is not str or not (revoked is None or type(revoked) is str):
        raise Unauthentic(Reason.BAD_FILE, "The license file lacks `keys` or `license`.")
    return UnverifiedLicenseFile(keys, license, revoked)
