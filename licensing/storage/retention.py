"""Which lines of the clusters' history stay: of the days that are over, what somebody may still ask for.

Of an old day each cluster keeps the line with its most nodes and its last line, without the nodes' names; and for ever
its arrivals and ends, and each line that set a record. So the day's figures, the first time above any number, and what
is in force stay as they were.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, delete, func, select, type_coerce, update
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from licensing.storage.clusters import NODES_CHANGED, ClusterChangeRow
from licensing.storage.database import Base

DAY = timedelta(days=1)
_SECONDS = 86_400


class CondensedRow(Base):
    """One row: the end of the last day that was condensed."""

    __tablename__ = "condensed"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    until: Mapped[datetime]


def condense(session: Session, before: datetime, days: int) -> int:
    """Condenses up to `days` days that are over at `before`, the oldest first. How many lines went."""
    marker = session.get(CondensedRow, 1, with_for_update=True)
    start = marker.until if marker is not None else _midnight(session.scalar(select(func.min(ClusterChangeRow.at))))
    if start is None:
        return 0
    end = min(start + days * DAY, _midnight(before) or before)
    if end <= start:
        return 0
    gone = _forget_lines(session, start, end)
    session.merge(CondensedRow(id=1, until=end))
    return gone


def _forget_lines(session: Session, start: datetime, end: datetime) -> int:
    row, earlier = ClusterChangeRow, aliased(ClusterChangeRow)
    within = (row.kind == NODES_CHANGED, row.at >= start, row.at < end)
    day = (row.cluster_id, type_coerce(row.at, BigInteger) // _SECONDS)
    record = select(func.max(earlier.used)).where(earlier.cluster_id == row.cluster_id, earlier.id < row.id)
    lines = (
        select(
            row.id,
            func.row_number().over(partition_by=day, order_by=(row.used.desc(), row.id)).label("highest"),
            func.row_number().over(partition_by=day, order_by=row.id.desc()).label("last"),
            (row.used > func.coalesce(record.correlate(row).scalar_subquery(), -1)).label("is_record"),
        )
        .where(*within)
        .subquery()
    )
    spare = select(lines.c.id).where(lines.c.highest > 1, lines.c.last > 1, ~lines.c.is_record)
    gone = session.execute(delete(row).where(row.id.in_(spare)).execution_options(synchronize_session=False))
    session.execute(
        update(row).where(*within).values(added=[], removed=[]).execution_options(synchronize_session=False)
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _midnight(moment: datetime | None) -> datetime | None:
    """The start of the moment's day (UTC)."""
    if moment is None:
        return None
    return moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
