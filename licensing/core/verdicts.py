"""`evaluate`: what a license is worth now, for so many nodes. Pure arithmetic on what was verified before.

The same rules run in the server, in this client and in the Go client; `docs/answers.md` is the table they implement.
A boundary second belongs to what begins: a license is valid while `nbf <= now < exp`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from licensing.core.codes import Code, Warning, describe
from licensing.core.leases import Lease
from licensing.core.licenses import Edition, License, Over
from licensing.core.records import record

FLOOR_NODES = 4
"""Nodes that stay unrestricted for whoever held a Pro license, and for a trial that is not revoked."""
STALE_SECONDS = 400 * 86_400
"""Keys change yearly: a key statement or revoked list older than this has been overtaken."""
AHEAD_SECONDS = 5 * 60
BEHIND_SECONDS = 24 * 3_600
DUPLICATE_GRACE_DAYS = 30


@record(frozen=True, slots=True)
class Circumstances:
    """What the reader knows beside the tokens. Every field may stay unknown; times are Unix seconds.

    `over_since` is that of the reader's last verdict, `compliant_at` the last time that a verdict had none. A client
    fills the first group from its own memory and the files it holds, the server the second from its database.
    """

    fsid: str | None = None
    over_since: int | None = None
    compliant_at: int | None = None
    revoked_at: int | None = None
    newest_iat: int | None = None
    keys_iat: int | None = None
    revoked_list_iat: int | None = None

    known: bool = True
    suspended_at: int | None = None
    bound_fsid: str | None = None
    duplicate_since: int | None = None
    granted: int | None = None
    ever_pro: bool = False


@record(frozen=True, slots=True)
class Verdict:
    """The answer. `over_since` (Unix seconds) is for the reader to keep until the next evaluation."""

    code: Code
    restricted: bool
    warnings: tuple[Warning, ...]
    seats: int
    used: int
    granted: int
    over_since: int | None
    message: str
    remedy: str


@record(frozen=True, slots=True)
class _Case:
    """One question put to the rules below."""

    license: License
    lease: Lease | None
    nodes: int
    now: int
    known: Circumstances
    granted: int
    over_since: int | None

    @property
    def above_floor(self) -> bool:
        return self.nodes > self.floor

    @property
    def floor(self) -> int:
        held_pro = self.license.edition is Edition.PRO or self.known.ever_pro
        return FLOOR_NODES if held_pro or self.known.revoked_at is None else 0

    def after(self, start: int, days: int) -> bool:
        """Whether `days` of grace since `start` are over."""
        return self.now >= start + days * 86_400


def evaluate(
    license: License, lease: Lease | None, nodes: int, now: datetime, known: Circumstances | None = None
) -> Verdict:
    """What `license` is worth for `nodes` storage nodes at `now` (aware). Never raises for any verified input.

    The first code that applies is the answer, and it alone says whether that restricts. `lease` is the newest verified
    lease of this cluster, or None; one that has expired, is of another license or cluster, or was judged by an older
    issue of the license, is ignored. A lease only narrows: it never extends dates and never lifts a revocation.
    """
    known = known or Circumstances()
    seconds = int(now.timestamp())
    if lease is not None and not _counts(lease, license, known, seconds):
        lease = None
    seats = license.seats if lease is None else min(license.seats, lease.seats)
    granted = min(nodes, _limit(seats, lease, known))
    over_since = None if nodes <= granted else _over_since(lease, known, seconds)
    case = _Case(license, lease, nodes, seconds, known, granted, over_since)
    code, restricted = _judged(case)
    message, remedy = describe(code, seats=seats, used=nodes, granted=granted)
    return Verdict(code, restricted, _warnings(case), seats, nodes, granted, over_since, message, remedy)


def _judged(case: _Case) -> tuple[Code, bool]:
    """The first code that applies, and whether it restricts."""
    for code, rule in _RULES:
        restricted = rule(case)
        if restricted is not None:
            return code, restricted
    return Code.VALID, False


def _counts(lease: Lease, license: License, known: Circumstances, now: int) -> bool:
    same_cluster = known.fsid is None or lease.fsid == known.fsid
    return lease.lid == license.lid and same_cluster and lease.seq >= license.seq and now < lease.exp


def _limit(seats: int, lease: Lease | None, known: Circumstances) -> int:
    """How many nodes may be granted: what the pool left for this cluster where the server said so, else all seats."""
    if known.granted is not None:
        return known.granted
    if lease is not None and lease.granted < lease.used:
        return min(seats, lease.granted)
    return seats


def _over_since(lease: Lease | None, known: Circumstances, now: int) -> int:
    """The earliest start that is known of; what a lease says is over once the reader complied after it."""
    starts = [known.over_since]
    if lease is not None and (known.compliant_at is None or known.compliant_at < lease.iat):
        starts.append(lease.over_since)
    return min((start for start in starts if start is not None), default=now)


# Each rule answers None when its code does not apply, else whether the three gated calls are restricted. VALID is what
# no rule says.


def _told(code: Code) -> Callable[[_Case], bool | None]:
    """The rule of what only the server can know, as the lease tells it."""
    return lambda case: case.lease.restricted if case.lease is not None and case.lease.code is code else None


def _not_found(case: _Case) -> bool | None:
    return _told(Code.NOT_FOUND)(case) if case.known.known else True


def _unsupported(case: _Case) -> bool | None:
    return False if case.license.unknown_crit else None


def _revoked(case: _Case) -> bool | None:
    if case.known.revoked_at is None:
        return _told(Code.REVOKED)(case)
    return case.above_floor and case.after(case.known.revoked_at, case.license.grace.revoke)


def _suspended(case: _Case) -> bool | None:
    if case.known.suspended_at is None:
        return _told(Code.SUSPENDED)(case)
    return case.above_floor and case.after(case.known.suspended_at, case.license.grace.revoke)


def _not_yet_valid(case: _Case) -> bool | None:
    return case.above_floor if case.now < case.license.nbf else None


def _expired_grace(case: _Case) -> bool | None:
    exp = case.license.exp
    return False if exp is not None and exp <= case.now and not case.after(exp, case.license.grace.exp) else None


def _expired(case: _Case) -> bool | None:
    exp = case.license.exp
    return case.above_floor if exp is not None and case.after(exp, case.license.grace.exp) else None


def _cluster_mismatch(case: _Case) -> bool | None:
    fsid, bound = case.known.fsid, case.known.bound_fsid
    if fsid is not None and (not case.license.allows_cluster(fsid) or (bound is not None and bound != fsid)):
        return True
    return _told(Code.CLUSTER_MISMATCH)(case)


def _duplicate_cluster(case: _Case) -> bool | None:
    if case.known.duplicate_since is None:
        return _told(Code.DUPLICATE_CLUSTER)(case)
    return case.above_floor and case.after(case.known.duplicate_since, DUPLICATE_GRACE_DAYS)


def _over_limit(case: _Case) -> bool | None:
    if case.over_since is None:
        return None
    return case.license.over is Over.RESTRICT and case.after(case.over_since, case.license.grace.over)


_RULES: tuple[tuple[Code, Callable[[_Case], bool | None]], ...] = (
    (Code.NOT_FOUND, _not_found),
    (Code.UNSUPPORTED, _unsupported),
    (Code.REVOKED, _revoked),
    (Code.SUSPENDED, _suspended),
    (Code.NOT_YET_VALID, _not_yet_valid),
    (Code.EXPIRED_GRACE, _expired_grace),
    (Code.EXPIRED, _expired),
    (Code.CLUSTER_MISMATCH, _cluster_mismatch),
    (Code.DUPLICATE_CLUSTER, _duplicate_cluster),
    (Code.OVER_LIMIT, _over_limit),
)


def _warnings(case: _Case) -> tuple[Warning, ...]:
    known = case.known
    warnings: list[Warning] = []
    dated = [iat for iat in (known.keys_iat, known.revoked_list_iat) if iat is not None]
    if dated and case.now - min(dated) >= STALE_SECONDS:
        warnings.append(Warning.KEYS_STALE)
    newest = max(case.license.iat, known.newest_iat or 0, case.lease.iat if case.lease is not None else 0)
    if case.license.iat > case.now + AHEAD_SECONDS or newest > case.now + BEHIND_SECONDS:
        warnings.append(Warning.CLOCK_SUSPECT)
    return tuple(warnings)
