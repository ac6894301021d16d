"""Usage: how many nodes a relay's clusters had on each day, told to the vendor in a signed file.

The file (`usage.json`):

    {"v":1, "usage":{…}, "kid":<the relay's key>, "signature":<base64url>}

    usage: {"v":1, "iss":…, "lid":<license id>, "iat":…, "from":…, "to":…,
            "clusters":[{"cid":…, "fsid":…, "name":…, "pool":"production"|"non_production"}],
            "days":[{"seats":n, "peak":n, "used":[[cluster, nodes, granted], …]}]}

Times are Unix seconds; `from` and `to` are midnights, UTC, and `days` has one entry for each day between. `peak` is
the most nodes that all production clusters had at one moment of the day, `seats` what the license covered at its end;
`used` has each cluster (its index in `clusters`) with the most nodes it had that day, and what was granted to it then.
A cluster that was released since has no `fsid` and no `name` any more: both are empty.

The signature is Ed25519's over `koor-usage/v1`, a line feed, and the canonical JSON of `usage`. No token's signing
input has a line feed, so that neither can pass as the other. It proves which relay wrote the file, and that nobody
changed it since. What the relay wrote is its owner's word: the key is hers.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from cryptography.exceptions import InvalidSignature

from licensing.core.encoding import b64url, canonical_json, read_body_json, unb64url
from licensing.core.errors import PeriodRefused, Reason, Unauthentic
from licensing.core.keys import load_public_key
from licensing.core.licenses import License
from licensing.core.relays import relay_of
from licensing.core.tokens import bad_claims, require_range

VERSION = 1
CONTEXT = b"koor-usage/v1\n"
DAY = 86_400
MAX_DAYS = 400
MAX_BYTES = 4 * 1_024 * 1_024


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on (Unix seconds) a cluster has `nodes` nodes, and seats for `granted` of them; 0 once it is gone."""

    cluster_id: str
    at: int
    nodes: int
    granted: int


@dataclass(frozen=True, slots=True)
class UsedCluster:
    """A cluster of the period; `fsid` and `name` are empty when it was released since."""

    cid: str
    fsid: str
    name: str
    pool: str


@dataclass(frozen=True, slots=True)
class ClusterDay:
    """The most nodes a cluster had on a day, and how many of them had seats. `cluster` is its place in the list."""

    cluster: int
    nodes: int
    granted: int


@dataclass(frozen=True, slots=True)
class UsageDay:
    """One day. `peak` counts production clusters alone."""

    seats: int
    peak: int
    used: tuple[ClusterDay, ...]

    @property
    def is_above(self) -> bool:
        """Whether more nodes were in use than the license covered."""
        return self.peak > self.seats


@dataclass(frozen=True, slots=True)
class Usage:
    """The days from `start` to `end` (midnights in Unix seconds, the latter not included)."""

    issuer: str
    lid: str
    iat: int
    start: int
    end: int
    clusters: tuple[UsedCluster, ...]
    days: tuple[UsageDay, ...]

    @property
    def peak(self) -> int:
        return max((day.peak for day in self.days), default=0)

    @property
    def days_above(self) -> int:
        return sum(day.is_above for day in self.days)


def require_period(start: int, end: int, now: int) -> None:
    """Raises PeriodRefused unless whole days that are over lie between the two midnights, and not too many."""
    if end <= start:
        raise PeriodRefused("The period must end after it starts.")
    if end - start > MAX_DAYS * DAY:
        raise PeriodRefused(f"The period has at most {MAX_DAYS} days, not {(end - start) // DAY}.")
    if end > now:
        raise PeriodRefused("The period's last day is not over yet.")


def by_day(
    changes: Sequence[Change],
    clusters: Sequence[UsedCluster],
    production: Collection[str],
    seats_at: Callable[[int], int],
    start: int,
    end: int,
) -> tuple[UsageDay, ...]:
    """The days of the period. `changes` are in the order of their time and reach back to each cluster's first.

    `production` are the ids of the clusters whose nodes count for `peak`; `seats_at` is what the license covered.
    """
    places = {cluster.cid: place for place, cluster in enumerate(clusters)}
    by_number = {day: list(some) for day, some in groupby(changes, lambda change: (change.at - start) // DAY)}
    state: dict[str, Change] = {}
    for day in sorted(number for number in by_number if number < 0):
        state.update((change.cluster_id, change) for change in by_number[day])
    days = []
    for number in range((end - start) // DAY):
        days.append(_day(state, by_number.get(number, ()), places, production, seats_at(start + (number + 1) * DAY)))
    return tuple(days)


def _day(
    state: dict[str, Change],
    changes: Sequence[Change],
    places: Mapping[str, int],
    production: Collection[str],
    seats: int,
) -> UsageDay:
    """One day, and `state` as it is at its end."""
    highest = dict(state)
    peak = _total(state, production)
    for change in changes:
        state[change.cluster_id] = change
        before = highest.get(change.cluster_id)
        if before is None or (change.nodes, change.granted) > (before.nodes, before.granted):
            highest[change.cluster_id] = change
        peak = max(peak, _total(state, production))
    used = [ClusterDay(places[id], each.nodes, each.granted) for id, each in highest.items() if each.nodes]
    return UsageDay(seats, peak, tuple(sorted(used, key=lambda each: each.cluster)))


def _total(state: Mapping[str, Change], production: Collection[str]) -> int:
    return sum(change.nodes for id, change in state.items() if id in production)


def usage_claims(usage: Usage) -> dict[str, object]:
    """What is signed; the inverse of `verify_usage`."""
    return {
        "v": VERSION,
        "iss": usage.issuer,
        "lid": usage.lid,
        "iat": usage.iat,
        "from": usage.start,
        "to": usage.end,
        "clusters": [
            {"cid": each.cid, "fsid": each.fsid, "name": each.name, "pool": each.pool} for each in usage.clusters
        ],
        "days": [
            {
                "seats": day.seats,
                "peak": day.peak,
                "used": [[each.cluster, each.nodes, each.granted] for each in day.used],
            }
            for day in usage.days
        ],
    }


def signed_usage(usage: Usage, kid: str, sign: Callable[[bytes], bytes]) -> dict[str, object]:
    """The file, signed by the relay's key `kid`."""
    claims = usage_claims(usage)
    return {"v": VERSION, "usage": claims, "kid": kid, "signature": b64url(sign(CONTEXT + canonical_json(claims)))}


def verify_usage(data: bytes, license: License) -> Usage:
    """The usage in the file, proved by the relay that the verified `license` names; raises Unauthentic."""
    document = _document(data)
    relay = relay_of(license)
    if relay is None or document["kid"] != relay.kid:
        raise Unauthentic(Reason.UNKNOWN_HEADER, "The usage is not signed by the relay that the license names.")
    try:
        signature = unb64url(document["signature"])
        load_public_key(relay.x).verify(signature, CONTEXT + canonical_json(document["usage"]))
    except (ValueError, InvalidSignature) as error:
        raise Unauthentic(Reason.BAD_SIGNATURE, "The signature does not belong to this usage.") from error
    usage = _parse(document["usage"])
    if usage.lid != license.lid:
        raise bad_claims("The usage is that of another license.")
    return usage


def _document(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_BYTES:
        raise Unauthentic(Reason.TOO_LONG, f"A usage file has at most {MAX_BYTES} bytes.")
    try:
        document = read_body_json(data)
    except ValueError as error:
        raise Unauthentic(Reason.BAD_FILE, "The usage file is not strict JSON.") from error
    if type(document) is not dict or not _is(document, {"v": int, "usage": dict, "kid": str, "signature": str}):
        raise Unauthentic(Reason.BAD_FILE, "This is no usage file.")
    return document


def _is(value: Any, types: Mapping[str, type]) -> bool:
    """Whether the value is an object with members of exactly these types."""
    return type(value) is dict and all(type(value.get(name)) is typ for name, typ in types.items())


_USAGE = {"v": int, "iss": str, "lid": str, "iat": int, "from": int, "to": int, "clusters": list, "days": list}
_CLUSTER = {"cid": str, "fsid": str, "name": str, "pool": str}
_DAY = {"seats": int, "peak": int, "used": list}


def _parse(claims: Any) -> Usage:
    if not _is(claims, _USAGE) or not all(_is(each, _CLUSTER) for each in claims["clusters"]):
        raise bad_claims("A member of the usage is missing or of the wrong type.")
    if claims["v"] != VERSION:
        raise Unauthentic(Reason.WRONG_VERSION, f"This usage is not of version {VERSION}.")
    start, end = claims["from"], claims["to"]
    require_range(claims["iat"], start, end)
    if start % DAY or end % DAY or (end - start) // DAY != len(claims["days"]) or not claims["days"]:
        raise bad_claims("The usage has not one entry for each of its days.")
    clusters = tuple(UsedCluster(**{name: each[name] for name in _CLUSTER}) for each in claims["clusters"])
    days = tuple(_parse_day(each, len(clusters)) for each in claims["days"])
    return Usage(claims["iss"], claims["lid"], claims["iat"], start, end, clusters, days)


def _parse_day(member: Any, clusters: int) -> UsageDay:
    if not _is(member, _DAY):
        raise bad_claims("A day of the usage is no object of `seats`, `peak` and `used`.")
    used = tuple(_parse_used(member["used"], clusters))
    require_range(member["seats"], member["peak"])
    if member["peak"] > sum(each.nodes for each in used):
        raise bad_claims("A day's peak is above the nodes of its clusters.")
    return UsageDay(member["seats"], member["peak"], used)


def _parse_used(members: list[Any], clusters: int) -> Iterator[ClusterDay]:
    for member in members:
        if type(member) is not list or [type(each) for each in member] != [int, int, int]:
            raise bad_claims("A cluster's day is no triple of numbers.")
        require_range(*member)
        if member[0] >= clusters or member[2] > member[1]:
            raise bad_claims("A cluster's day names no cluster, or more seats than nodes.")
        yield ClusterDay(*member)
