"""Clusters in outline: how much they use of a license, without the names of their nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, not_, select
from sqlalchemy.orm import Session

from licensing.storage.clusters import ClusterRow


@dataclass(frozen=True, slots=True)
class Outline:
    """A cluster. `last_seen_at` is the newest check-in that was written down; its grant counts until `expires_at`."""

    fsid: str
    name: str
    used: int
    granted: int
    last_seen_at: datetime
    expires_at: datetime
    production: bool
    np_granted: bool


_OUTLINED = select(*(getattr(ClusterRow, field) for field in Outline.__slots__))
_IS_PRODUCTION = not_(and_(ClusterRow.np_granted, not_(ClusterRow.production)))  # core.clusters.pool_of


def page(session: Session, license_id: str, start: int, limit: int) -> list[Outline]:
    """Up to `limit` of the license's clusters, first come first, from number `start` on."""
    query = _OUTLINED.where(ClusterRow.license_id == license_id).order_by(ClusterRow.first_seen_at, ClusterRow.id)
    return [Outline(*row) for row in session.execute(query.offset(start).limit(limit))]


def with_nodes(session: Session, license_id: str, fsid: str) -> list[tuple[Outline, tuple[str, ...]]]:
    """Ceph cluster `fsid`, once for each Kubernetes it ran in, and its nodes' names in order of appearance."""
    of_fsid = (ClusterRow.license_id == license_id, ClusterRow.fsid == fsid)
    query = _OUTLINED.add_columns(ClusterRow.nodes).where(*of_fsid).order_by(ClusterRow.first_seen_at, ClusterRow.id)
    return [(Outline(*row[:-1]), tuple(row[-1])) for row in session.execute(query)]


def written_at(session: Session, license_id: str, fsid: str) -> list[datetime]:
    """When each check-in that is the newest written down of Ceph cluster `fsid` was; one for each Kubernetes."""
    of_fsid = (ClusterRow.license_id == license_id, ClusterRow.fsid == fsid)
    return list(session.scalars(select(ClusterRow.last_seen_at).where(*of_fsid)))


def seats_used(session: Session, license_ids: Sequence[str], now: datetime) -> dict[str, int]:
    """The production nodes that each license's live clusters have; a license without any is left out."""
    return _sums(session, ClusterRow.license_id.in_(license_ids), ClusterRow.expires_at > now, _IS_PRODUCTION)


def granted_elsewhere(session: Session, license_id: str, fsid: str, now: datetime) -> int:
    """The production seats that live clusters other than Ceph cluster `fsid` hold under the license."""
    others = (ClusterRow.license_id == license_id, ClusterRow.fsid != fsid, ClusterRow.expires_at > now, _IS_PRODUCTION)
    return session.scalar(select(func.coalesce(func.sum(ClusterRow.granted), 0)).where(*others)) or 0


def _sums(session: Session, *conditions: ColumnElement[bool]) -> dict[str, int]:
    used = select(ClusterRow.license_id, func.sum(ClusterRow.used)).where(*conditions).group_by(ClusterRow.license_id)
    return {license_id: int(sum) for license_id, sum in session.execute(used)}
