"""Clusters: what a check-in reports, what the server holds of it, and when nothing has changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from licensing.core.leases import HOLD_SECONDS, LEASE_SECONDS
from licensing.core.standings import Standing

HOLD = timedelta(seconds=HOLD_SECONDS)
REWRITE_BELOW = timedelta(seconds=LEASE_SECONDS)
"""A grant is written anew when less than this remains, so that a lease of full length always fits into it."""


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Holding:
    """What the server holds of one cluster under one license, node names left out.

    `granted` seats are held until `expires_at`. `seen_seq` and `seen_version` are the license's when the grant was
    written. `over_since` and `duplicate_since` tell since when the answer was not VALID for that cause.
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
