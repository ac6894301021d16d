"""Clusters: what a check-in reports, what the server holds of it, which pool it counts against, and when nothing has
changed.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum

from licensing.core.leases import HOLD_SECONDS, LEASE_SECONDS
from licensing.core.records import record
from licensing.core.standings import Standing

HOLD = timedelta(seconds=HOLD_SECONDS)
REWRITE_BELOW = timedelta(seconds=LEASE_SECONDS)
"""A grant is written anew when less than this remains, so that a lease of full length always fits into it."""


class Pool(StrEnum):
    """The seats that a cluster counts against; neither pool ever takes any of the other's."""

    PRODUCTION = "production"
    NON_PRODUCTION = "non_production"


@record(frozen=True, slots=True)
class Report:
    """A cluster as it reports itself. `fsid` is the Ceph cluster's UUID in lower case, `nodes` its whole node list.

    `production` false is a wish for the non-production pool. `instance_key` is the client's Ed25519 public key, raw.
    """

    fsid: str
    kube_system_uid: str
    name: str
    dcc_version: str
    nodes: tuple[str, ...]
    nonce: str
    production: bool = True
    instance_key: bytes | None = None


@record(frozen=True, slots=True)
class Holding:
    """What the server holds of one cluster under one license, node names left out.

    `granted` seats are held until `expires_at`. `seen_seq` and `seen_version` are the license's when the grant was
    written. `over_since` and `duplicate_since` tell since when the answer was not VALID for that cause. `production`
    false is the cluster's wish for the non-production pool, `np_granted` the leave that sales give.
    """

    id: str
    license_id: str
    fsid: str
    kube_system_uid: str
    digest: str
    used: int
    granted: int
    expires_at: datetime
    first_seen_at: datetime
    seen_seq: int
    seen_version: int
    over_since: datetime | None
    duplicate_since: datetime | None
    instance_key: bytes | None
    instance_number: int
    production: bool
    np_granted: bool

    @property
    def pool(self) -> Pool:
        """Where the cluster counts: with production unless it wishes otherwise and may."""
        return pool_of(self.production, self.np_granted)

    def is_alive(self, now: datetime) -> bool:
        """Whether its grant still counts."""
        return now < self.expires_at

    def is_unchanged(self, standing: Standing, digest: str, now: datetime) -> bool:
        """Whether a check-in with `digest` may be answered from this row alone, writing nothing."""
        return (
            self.digest == digest
            and self.granted == self.used
            and self.seen_seq == standing.seq
            and self.seen_version == standing.version
            and self.expires_at - now >= REWRITE_BELOW
        )


def pool_of(production: bool, np_granted: bool) -> Pool:
    """The pool of a cluster with this wish and this leave; one without the other changes nothing."""
    return Pool.NON_PRODUCTION if np_granted and not production else Pool.PRODUCTION


def placed(holding: Holding, *, production: bool, np_granted: bool) -> Holding:
    """The cluster with this wish and leave. Whoever changes pools leaves its seats and holds none in the new one yet.

    So a move carries no priority: the next check-in gets what the new pool has free.
    """
    if (production, np_granted) == (holding.production, holding.np_granted):
        return holding
    after = replace(holding, production=production, np_granted=np_granted)
    return after if after.pool is holding.pool else replace(after, granted=0)
