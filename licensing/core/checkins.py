"""What a check-in means: whether the cluster may use the license, what becomes of its grant, and the answer.

A cluster is known by its Ceph fsid and the UID of its kube-system namespace. The same fsid under another UID is a move
when the old pair has been silent until its grant ran out, else a duplicate: both go on, and the later one is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from licensing.core import instances, seats
from licensing.core.clusters import HOLD, Holding, Pool, Report
from licensing.core.errors import InstanceMismatch
from licensing.core.instances import Proof
from licensing.core.leases import CHECK_IN_SECONDS, LEASE_SECONDS, Lease
from licensing.core.licenses import License
from licensing.core.seats import Grant, Others
from licensing.core.standings import Standing
from licensing.core.verdicts import Circumstances, Verdict, evaluate


class Arrival(StrEnum):
    """How a cluster comes to its row."""

    KNOWN = "known"
    MOVED = "moved"
    NEW = "new"


def may_use(license: License, standing: Standing, report: Report) -> bool:
    """Whether the license is for this Ceph cluster: by its own claims, and by what a trial was bound to."""
    return license.allows_cluster(report.fsid) and standing.bound_fsid in (None, report.fsid)


def held_before(holding: Holding, newest: License) -> bool:
    """Whether the cluster came to the license before its newest issue: only then is it handed that one.

    Whoever found an older issue since could otherwise check in twice and have the newest, too.
    """
    return int(holding.first_seen_at.timestamp()) <= newest.iat


def pinned(holding: Holding, report: Report, proof: Proof | None, now: datetime) -> Holding:
    """The cluster with its instance key as it is after this request; raises InstanceMismatch.

    The first key shown pins the cluster. A cluster that was silent until its grant ran out may come back with another
    key, or none.
    """
    if holding.instance_key is None or not holding.is_alive(now):
        return pinned_anew(holding, report, proof)
    return replace(holding, instance_number=instances.check(proof, holding.instance_key, holding.instance_number))


def pinned_anew(holding: Holding, report: Report, proof: Proof | None) -> Holding:
    """The cluster with the key that it shows, if any. A proof that comes along must be right: its number is spent."""
    key = report.instance_key
    number = 0 if key is None or proof is None else instances.check(proof, key, -1)
    if (key, number) == (holding.instance_key, holding.instance_number):
        return holding
    return replace(holding, instance_key=key, instance_number=number)


def to_release(held: Sequence[Holding], proof: Proof | None, now: datetime) -> list[Holding]:
    """What of one Ceph cluster a release frees: all but what is alive and pinned to another key than the caller's.

    Raises InstanceMismatch when the caller's key is none of those pinned.
    """
    refused: dict[str, InstanceMismatch] = {}
    pinned = [(it.id, it.instance_key, it.instance_number) for it in held if it.instance_key and it.is_alive(now)]
    for id, key, number in pinned:
        try:
            instances.check(proof, key, number)
        except InstanceMismatch as mismatch:
            refused[id] = mismatch
    if pinned and len(refused) == len(pinned):
        raise refused[pinned[0][0]]
    return [holding for holding in held if holding.id not in refused]


def arrive(
    before: Holding | None, twins: Sequence[Holding], new_id: str, report: Report, standing: Standing, now: datetime
) -> tuple[Holding, Arrival]:
    """The row to grant on. `before` is the cluster's own, `twins` those of the same fsid under other UIDs."""
    if before is not None:
        return before, Arrival.KNOWN
    if twins and not any(twin.is_alive(now) for twin in twins):
        here = replace(twins[-1], kube_system_uid=report.kube_system_uid)
        return replace(here, instance_key=report.instance_key, instance_number=0), Arrival.MOVED
    return _new_holding(new_id, standing.license_id, report, now), Arrival.NEW


def marked_duplicate(holding: Holding, arrival: Arrival, has_double: bool, now: datetime) -> Holding:
    """The row, marked while another cluster of its fsid is alive; the one that came first is never marked.

    A cluster that was silent until its grant ran out comes anew, so that of two living ones the later is marked.
    """
    if not has_double:
        return holding if holding.duplicate_since is None else replace(holding, duplicate_since=None)
    comes = arrival is Arrival.NEW or not holding.is_alive(now)
    return replace(holding, duplicate_since=holding.duplicate_since or now) if comes else holding


def granted(
    holding: Holding, nodes: tuple[str, ...], license: License, others: Others, now: datetime
) -> tuple[Holding, Grant]:
    """The row with what its pool grants to `nodes`. A grant that ran out has no priority over others.

    `others` are those of the same pool.
    """
    held = holding.granted if holding.is_alive(now) else 0
    grant = seats.grant(nodes, seats=pool_license(license, holding).seats, held=held, others=others)
    return replace(holding, used=len(nodes), granted=grant.granted), grant


def rewritten(holding: Holding, digest: str, verdict: Verdict, standing: Standing, now: datetime) -> Holding:
    """The row as it is kept: held anew, and knowing what it was judged by."""
    over_since = verdict.over_since
    return replace(
        holding,
        digest=digest,
        expires_at=now + HOLD,
        seen_seq=standing.seq,
        seen_version=standing.version,
        over_since=None if over_since is None else datetime.fromtimestamp(over_since, now.tzinfo),
    )


def nothing_held(license_id: str, report: Report, now: datetime) -> Holding:
    """The row, never kept, of a cluster that is granted nothing."""
    return replace(_new_holding("", license_id, report, now), expires_at=now + timedelta(seconds=LEASE_SECONDS))


def pool_license(license: License, holding: Holding) -> License:
    """The license as the cluster's pool has it: for a non-production cluster its seats are `np_seats`, perhaps 0."""
    return license._replace(seats=license.np_seats) if holding.pool is Pool.NON_PRODUCTION else license


def judge(license: License, standing: Standing | None, report: Report, holding: Holding, now: datetime) -> Verdict:
    """The verdict on a cluster with its grant; without a standing it is that on a license nobody issued."""
    if standing is None:
        return evaluate(license, None, len(report.nodes), now, Circumstances(known=False, granted=0))
    known = standing.circumstances(
        report.fsid,
        granted=holding.granted,
        over_since=holding.over_since,
        duplicate_since=holding.duplicate_since,
    )
    return evaluate(pool_license(license, holding), None, len(report.nodes), now, known)


def lease_of(license: License, report: Report, holding: Holding, verdict: Verdict, now: datetime) -> Lease:
    """The lease that tells the verdict. It ends before its grant does."""
    seconds = int(now.timestamp())
    return Lease(
        cid=holding.id,
        fsid=report.fsid,
        lid=license.lid,
        seq=max(holding.seen_seq, license.seq),
        nonce=report.nonce,
        code=verdict.code,
        restricted=verdict.restricted,
        seats=verdict.seats,
        used=verdict.used,
        granted=verdict.granted,
        iat=seconds,
        exp=min(seconds + LEASE_SECONDS, int(holding.expires_at.timestamp())),
        next=CHECK_IN_SECONDS,
        over_since=verdict.over_since,
    )


def _new_holding(id: str, license_id: str, report: Report, now: datetime) -> Holding:
    return Holding(
        id=id,
        license_id=license_id,
        fsid=report.fsid,
        kube_system_uid=report.kube_system_uid,
        digest="",
        used=0,
        granted=0,
        expires_at=now,
        first_seen_at=now,
        seen_seq=0,
        seen_version=0,
        over_since=None,
        duplicate_since=None,
        instance_key=report.instance_key,
        instance_number=0,
        production=report.production,
        np_granted=False,
    )
