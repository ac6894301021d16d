"""Clusters under a license: the grant of each, and the history of its nodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    UniqueConstraint,
    and_,
    bindparam,
    delete,
    false,
    func,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.clusters import Holding, Pool, Report, pool_of
from licensing.core.seats import Others
from licensing.core.standings import Standing
from licensing.storage import licenses
from licensing.storage.database import Base, Database
from licensing.storage.licenses import LicenseRow
from licensing.storage.prepared import Prepared, inserting, rewriting


class ClusterRow(Base):
    __tablename__ = "cluster"
    __table_args__ = (UniqueConstraint("license_id", "fsid", "kube_system_uid"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    license_id: Mapped[str] = mapped_column(ForeignKey("license.id"))
    fsid: Mapped[str] = mapped_column(String(36), index=True)
    kube_system_uid: Mapped[str] = mapped_column(String(128))
    name: Mapped[str] = mapped_column(String(253))
    dcc_version: Mapped[str] = mapped_column(String(64))
    production: Mapped[bool]
    nodes: Mapped[list[str]] = mapped_column(JSON)
    digest: Mapped[str] = mapped_column(String(64))
    used: Mapped[int]
    granted: Mapped[int]
    expires_at: Mapped[datetime]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    seen_seq: Mapped[int]
    seen_version: Mapped[int]
    over_since: Mapped[datetime | None]
    duplicate_since: Mapped[datetime | None]
    instance_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    instance_number: Mapped[int] = mapped_column(BigInteger)
    # Sales granted the cluster's wish to count against the non-production pool.
    np_granted: Mapped[bool] = mapped_column(server_default=false())


NODES_CHANGED = "nodes"
"""The kind of a line that tells of other nodes alone."""


class ClusterChangeRow(Base):
    """One line of a cluster's history; the cluster's row may be gone. Old days are condensed (`retention`)."""

    __tablename__ = "cluster_change"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    cluster_id: Mapped[str] = mapped_column(String(32), index=True)
    license_id: Mapped[str] = mapped_column(String(32), index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    kind: Mapped[str] = mapped_column(String(20))
    used: Mapped[int]
    granted: Mapped[int]
    added: Mapped[list[str]] = mapped_column(JSON)
    removed: Mapped[list[str]] = mapped_column(JSON)


@dataclass(frozen=True, slots=True)
class Seen:
    """A cluster as people look at it."""

    fsid: str
    kube_system_uid: str
    name: str
    dcc_version: str
    used: int
    granted: int
    first_seen_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    over_since: datetime | None
    duplicate_since: datetime | None
    production: bool
    np_granted: bool
    pinned: bool
    nodes: tuple[str, ...]

    @property
    def pool(self) -> Pool:
        """Where the cluster counts."""
        return pool_of(self.production, self.np_granted)


_HOLDING = tuple(getattr(ClusterRow, field) for field in Holding.__slots__)
_IS_NON_PRODUCTION = and_(ClusterRow.np_granted, not_(ClusterRow.production))  # core.clusters.pool_of


_HELD_UNDER = Prepared(
    select(*_HOLDING, *licenses.COLUMNS)
    .join(LicenseRow, LicenseRow.id == ClusterRow.license_id)
    .where(
        ClusterRow.license_id == bindparam("license_id"),
        ClusterRow.fsid == bindparam("fsid"),
        ClusterRow.kube_system_uid == bindparam("kube_system_uid"),
    )
)


def held_under(database: Database, license_id: str, fsid: str, kube_system_uid: str) -> tuple[Holding, Standing] | None:
    """What is held of the cluster with this identity under the license, and where the license stands."""
    row = database.first(_HELD_UNDER, license_id=license_id, fsid=fsid, kube_system_uid=kube_system_uid)
    if row is None:
        return None
    return Holding(*row[: len(_HOLDING)]), licenses.standing_of(row[len(_HOLDING) :])


_WITH_FSID = Prepared(
    select(*_HOLDING, ClusterRow.nodes)
    .where(ClusterRow.license_id == bindparam("license_id"), ClusterRow.fsid == bindparam("fsid"))
    .order_by(ClusterRow.first_seen_at, ClusterRow.id)
    .with_for_update()
)


def with_fsid(session: Session, license_id: str, fsid: str) -> list[Holding]:
    """What is held under the license of Ceph cluster `fsid`, whatever Kubernetes it ran in; first come first.

    Nobody else changes it until this transaction ends. The license's lock is not enough: a check-in that changes
    nothing goes without, and raises the instance's number.
    """
    return [holding for holding, _ in with_nodes(session, license_id, fsid)]


def with_nodes(session: Session, license_id: str, fsid: str) -> list[tuple[Holding, tuple[str, ...]]]:
    """The same, each with its node names in order of appearance."""
    rows = _WITH_FSID.all(session, license_id=license_id, fsid=fsid)
    return [(Holding(*row[:-1]), tuple(row[-1])) for row in rows]


def alive_on_another_trial(session: Session, license_id: str, fsid: str, now: datetime) -> bool:
    """Whether Ceph cluster `fsid` is alive under a trial other than `license_id`."""
    other = (
        select(ClusterRow.id)
        .join(LicenseRow, LicenseRow.id == ClusterRow.license_id)
        .where(
            ClusterRow.fsid == fsid,
            ClusterRow.license_id != license_id,
            ClusterRow.expires_at > now,
            LicenseRow.edition == "trial",
        )
        .limit(1)
    )
    return session.execute(other).first() is not None


def _others(in_pool: ColumnElement[bool]) -> Prepared:
    earlier = or_(
        ClusterRow.first_seen_at < bindparam("first_seen_at"),
        and_(ClusterRow.first_seen_at == bindparam("first_seen_at"), ClusterRow.id < bindparam("own")),
    )
    return Prepared(
        select(
            func.coalesce(func.sum(ClusterRow.granted), 0),
            func.coalesce(func.sum(ClusterRow.granted).filter(earlier), 0),
        ).where(
            ClusterRow.license_id == bindparam("license_id"),
            ClusterRow.id != bindparam("own"),
            ClusterRow.expires_at > bindparam("now"),
            in_pool,
        )
    )


_OTHERS = {Pool.PRODUCTION: _others(not_(_IS_NON_PRODUCTION)), Pool.NON_PRODUCTION: _others(_IS_NON_PRODUCTION)}


def others(session: Session, holding: Holding, now: datetime) -> Others:
    """Seats that the license's other live clusters hold in the pool of this one, and those that came before it."""
    (granted, granted_earlier), *_ = _OTHERS[holding.pool].all(
        session, license_id=holding.license_id, own=holding.id, first_seen_at=holding.first_seen_at, now=now
    )
    return Others(int(granted), int(granted_earlier))


_NODES = Prepared(select(ClusterRow.nodes).where(ClusterRow.id == bindparam("cluster_id")))


def nodes(session: Session, cluster_id: str) -> tuple[str, ...]:
    """The cluster's node names in order of appearance."""
    row = _NODES.first(session, cluster_id=cluster_id)
    return () if row is None else tuple(row[0])


_REWRITE = rewriting(ClusterRow)
_WRITE = inserting(ClusterRow)


def put(session: Session, holding: Holding, report: Report, nodes: Sequence[str], now: datetime) -> None:
    """Writes the cluster as held and reported, new or changed."""
    values: dict[str, Any] = {field: getattr(holding, field) for field in Holding.__slots__}
    values |= {
        "name": report.name,
        "dcc_version": report.dcc_version,
        "nodes": list(nodes),
        "last_seen_at": now,
    }
    if _REWRITE.run(session, own=holding.id, **values) == 0:
        _WRITE.run(session, **values)


_NOTE = inserting(ClusterChangeRow)


def note_change(
    session: Session, holding: Holding, kind: str, now: datetime, added: Sequence[str] = (), removed: Sequence[str] = ()
) -> None:
    """Adds a line to the cluster's history."""
    _NOTE.run(
        session,
        cluster_id=holding.id,
        license_id=holding.license_id,
        at=now,
        kind=kind,
        used=holding.used,
        granted=holding.granted,
        added=list(added),
        removed=list(removed),
    )


_ADVANCE = Prepared(
    update(ClusterRow).where(ClusterRow.id == bindparam("cluster_id"), ClusterRow.instance_number < bindparam("above")),
    ["instance_number"],
)


def advance_instance(session: Session, cluster_id: str, number: int) -> bool:
    """Whether `number` is above every number the instance has used; it is the last one used from now on."""
    return _ADVANCE.run(session, cluster_id=cluster_id, instance_number=number, above=number) == 1


def release(session: Session, cluster_id: str) -> None:
    """Frees the cluster's seats at once."""
    session.execute(delete(ClusterRow).where(ClusterRow.id == cluster_id))


def place(session: Session, holding: Holding) -> None:
    """Writes the cluster's wish and leave, and what it holds in the pool that follows from them."""
    session.execute(
        update(ClusterRow)
        .where(ClusterRow.id == holding.id)
        .values(production=holding.production, np_granted=holding.np_granted, granted=holding.granted)
    )


def forget_instance(session: Session, cluster_id: str) -> None:
    """The cluster is pinned to no client, and no number is spent."""
    session.execute(update(ClusterRow).where(ClusterRow.id == cluster_id).values(instance_key=None, instance_number=0))


def peak(session: Session, license_id: str) -> int:
    """The most production nodes that the license's clusters had at once, by their history.

    The history doesn't know pools: a cluster that counts as non-production now is left out, its past with it, and one
    that was released counts whatever it was.
    """
    elsewhere = select(ClusterRow.id).where(ClusterRow.license_id == license_id, _IS_NON_PRODUCTION)
    rows = session.execute(
        select(ClusterChangeRow.cluster_id, ClusterChangeRow.kind, ClusterChangeRow.used)
        .where(ClusterChangeRow.license_id == license_id, ClusterChangeRow.cluster_id.not_in(elsewhere))
        .order_by(ClusterChangeRow.id)
    )
    used: dict[str, int] = {}
    highest = total = 0
    for cluster_id, kind, now_used in rows:
        after = 0 if kind == "released" else now_used
        total += after - used.get(cluster_id, 0)
        used[cluster_id] = after
        highest = max(highest, total)
    return highest


def seen(session: Session, license_id: str) -> list[Seen]:
    """The license's clusters, first come first."""
    rows = session.scalars(
        select(ClusterRow).where(ClusterRow.license_id == license_id).order_by(ClusterRow.first_seen_at, ClusterRow.id)
    )
    return [
        Seen(
            row.fsid,
            row.kube_system_uid,
            row.name,
            row.dcc_version,
            row.used,
            row.granted,
            row.first_seen_at,
            row.last_seen_at,
            row.expires_at,
            row.over_since,
            row.duplicate_since,
            row.production,
            row.np_granted,
            row.instance_key is not None,
            tuple(row.nodes),
        )
        for row in rows
    ]
