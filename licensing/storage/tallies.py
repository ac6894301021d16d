"""The counts that reports add up (core.tallies), kept by services.rollups and nobody else."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, cast

from sqlalchemy import BigInteger, String, Table, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.funnels import Step
from licensing.core.tallies import (
    Cell,
    ConversionCell,
    FunnelCell,
    MovementCell,
    RetentionCell,
    Tallies,
)
from licensing.storage.database import Base, insert_into


class FunnelRow(Base):
    """core.tallies.FunnelCell"""

    __tablename__ = "funnel_tally"

    unit: Mapped[str] = mapped_column(String(5), primary_key=True)
    by: Mapped[str] = mapped_column(String(20), primary_key=True)
    day: Mapped[datetime] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(String(40), primary_key=True)
    registered: Mapped[int] = mapped_column(BigInteger)
    confirmed: Mapped[int] = mapped_column(BigInteger)
    activated: Mapped[int] = mapped_column(BigInteger)
    full: Mapped[int] = mapped_column(BigInteger)
    over: Mapped[int] = mapped_column(BigInteger)
    quoted: Mapped[int] = mapped_column(BigInteger)
    converted: Mapped[int] = mapped_column(BigInteger)
    direct: Mapped[int] = mapped_column(BigInteger)


class MovementTallyRow(Base):
    """core.tallies.MovementCell"""

    __tablename__ = "movement_tally"

    unit: Mapped[str] = mapped_column(String(5), primary_key=True)
    day: Mapped[datetime] = mapped_column(primary_key=True)
    what: Mapped[str] = mapped_column(String(20), primary_key=True)
    tier: Mapped[str] = mapped_column(String(40), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    movements: Mapped[int] = mapped_column(BigInteger)
    seats: Mapped[int] = mapped_column(BigInteger)
    amount_minor: Mapped[int] = mapped_column(BigInteger)


class ConversionRow(Base):
    """core.tallies.ConversionCell"""

    __tablename__ = "conversion_tally"

    month: Mapped[datetime] = mapped_column(primary_key=True)
    days: Mapped[int] = mapped_column(primary_key=True)
    customers: Mapped[int] = mapped_column(BigInteger)


class RetentionRow(Base):
    """core.tallies.RetentionCell"""

    __tablename__ = "retention_tally"

    month: Mapped[datetime] = mapped_column(primary_key=True)
    span: Mapped[int] = mapped_column(primary_key=True)
    seats: Mapped[int] = mapped_column(BigInteger)
    kept: Mapped[int] = mapped_column(BigInteger)
    after: Mapped[int] = mapped_column(BigInteger)


_COUNTS: dict[type[Cell], tuple[type[Base], tuple[str, ...]]] = {
    FunnelCell: (FunnelRow, tuple(Step)),
    MovementCell: (MovementTallyRow, ("movements", "seats", "amount_minor")),
    ConversionCell: (ConversionRow, ("customers",)),
    RetentionCell: (RetentionRow, ("seats", "kept", "after")),
}
"""Each kind of cell, with its table and the columns of its counts."""


def add(session: Session, changes: Tallies) -> None:
    """Adds to each cell. Two that add at once to the same cells must take turns."""
    for kind, (table, names) in _COUNTS.items():
        rows = [_row(cell, names, counts) for cell, counts in changes.items() if type(cell) is kind]
        if not rows:
            continue
        statement = insert_into(session, table)
        added = {name: getattr(table, name) + statement.excluded[name] for name in names}
        keys = [column.name for column in cast(Table, table.__table__).primary_key.columns]
        session.execute(statement.on_conflict_do_update(index_elements=keys, set_=added), rows)


def every(session: Session) -> Tallies:
    """All cells that are not zero."""
    return {cell: counts for cell, counts in _cells(session) if any(counts)}


def clear(session: Session) -> None:
    for table, _ in _COUNTS.values():
        session.execute(delete(table))


def _row(cell: Cell, names: Iterable[str], counts: Iterable[int]) -> dict[str, object]:
    return {name: getattr(cell, name) for name in cell.__slots__} | dict(zip(names, counts, strict=True))


def _cells(session: Session) -> Iterable[tuple[Cell, tuple[int, ...]]]:
    for kind, (table, names) in _COUNTS.items():
        width = len(kind.__slots__)
        for row in session.execute(select(*(getattr(table, name) for name in (*kind.__slots__, *names)))):
            yield cast(Any, kind)(*row[:width]), tuple(row[width:])
