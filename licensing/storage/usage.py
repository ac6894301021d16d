"""What a license's clusters used over time, from their history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from licensing.core.clusters import Pool, pool_of
from licensing.core.usage import Change, UsedCluster
from licensing.storage.clusters import ClusterChangeRow, ClusterRow


def changes(session: Session, license_id: str, before: datetime) -> list[Change]:
    """The history of all clusters until `before`, in order. A cluster whose grant ran out is gone from then on.

    When a cluster was silent and came back, the history does not know: it counts as if it had stayed.
    """
    rows = session.execute(
        select(
            ClusterChangeRow.cluster_id,
            ClusterChangeRow.at,
            ClusterChangeRow.kind,
            ClusterChangeRow.used,
            ClusterChangeRow.granted,
        )
        .where(ClusterChangeRow.license_id == license_id, ClusterChangeRow.at < before)
        .order_by(ClusterChangeRow.at, ClusterChangeRow.id)
    )
    told = [_change(cluster_id, at, kind, used, granted) for cluster_id, at, kind, used, granted in rows]
    ends = session.execute(
        select(ClusterRow.id, ClusterRow.expires_at).where(
            ClusterRow.license_id == license_id, ClusterRow.expires_at < before
        )
    )
    gone = [Change(cluster_id, int(at.timestamp()), 0, 0) for cluster_id, at in ends]
    return sorted([*told, *gone], key=lambda change: change.at)


def clusters(session: Session, license_id: str, ids: list[str]) -> list[UsedCluster]:
    """What is known of the clusters, in the order of `ids`; of a released one only that it counted for production."""
    rows = session.execute(
        select(ClusterRow.id, ClusterRow.fsid, ClusterRow.name, ClusterRow.production, ClusterRow.np_granted).where(
            ClusterRow.license_id == license_id
        )
    )
    known = {id: UsedCluster(id, fsid, name, pool_of(wish, leave)) for id, fsid, name, wish, leave in rows}
    return [known.get(id, UsedCluster(id, "", "", Pool.PRODUCTION)) for id in ids]


def _change(cluster_id: str, at: datetime, kind: str, used: int, granted: int) -> Change:
    seconds = int(at.timestamp())
    return Change(cluster_id, seconds, 0, 0) if kind == "released" else Change(cluster_id, seconds, used, granted)
