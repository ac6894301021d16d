"""What reports add up: sums over the tallies, whose number does not grow with the customers."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, func, or_, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from licensing.core.cohorts import Conversions, Registrations
from licensing.core.funnels import By, Step
from licensing.core.movements import What
from licensing.core.periods import Period, Unit, month_of, units
from licensing.storage.staff import StaffRow
from licensing.storage.tallies import ConversionRow, FunnelRow, MovementTallyRow, RetentionRow

Sums = tuple[int, ...]


def within(column: InstrumentedAttribute[Any], period: Period) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The column's moment is one of the period."""
    return column >= period.first, column < period.end


def kept_by(row: type[FunnelRow] | type[MovementTallyRow], period: Period) -> ColumnElement[bool]:
    """The rows that make up the period: months, and days where it has no whole ones."""
    return or_(*(and_(row.unit == unit, *within(row.day, part)) for unit, part in units(period)))


def funnel(session: Session, period: Period, by: By) -> list[tuple[str, Sums]]:
    """The counts of core.tallies.FunnelCell, by value."""
    row = FunnelRow
    sums = [func.sum(getattr(row, name)) for name in Step]
    query = select(row.value, *sums).where(row.by == by, kept_by(row, period)).group_by(row.value)
    return [(value, _whole(counts)) for value, *counts in session.execute(query)]


def movements(session: Session, period: Period) -> list[tuple[datetime, str, str, str, Sums]]:
    """Month, what, tier, currency, and counts of core.tallies.MovementCell; a month may come more than once."""
    row = MovementTallyRow
    query = select(_seconds(row.day), row.what, row.tier, row.currency, row.movements, row.seats, row.amount_minor)
    found = session.execute(query.where(kept_by(row, period))).all()
    months = {day: month_of(moment) for day, moment in _moments(day for day, *_ in found).items()}
    return [(months[day], what, tier, currency, tuple(counts)) for day, what, tier, currency, *counts in found]


def moved(session: Session, wanted: Sequence[tuple[Period, Collection[What]]]) -> list[int]:
    """How many movements of these kinds there were in each of these periods."""
    row = MovementTallyRow
    sums = [
        select(func.sum(row.movements)).where(row.what.in_(whats), kept_by(row, period)).scalar_subquery()
        for period, whats in wanted
    ]
    return [int(sum or 0) for sum in session.execute(select(*sums)).one()] if sums else []


def registrations(session: Session, period: Period) -> list[Registrations]:
    """Day by day, the first one first."""
    row = FunnelRow
    query = select(row.day, row.registered, row.converted, row.direct).where(
        row.unit == Unit.DAY, row.by == By.ALL, *within(row.day, period)
    )
    return [Registrations(*found) for found in session.execute(query.order_by(row.day))]


def conversions(session: Session, period: Period) -> list[Conversions]:
    """Of those registered in a period of whole months."""
    row = ConversionRow
    wanted = (*within(row.month, period), row.customers != 0)
    found = session.execute(select(_seconds(row.month), row.days, row.customers).where(*wanted)).all()
    months = _moments(month for month, _, _ in found)
    return [Conversions(months[month], days, customers) for month, days, customers in found]


def retention(session: Session, period: Period, span: int) -> list[tuple[datetime, int, int, int]]:
    """The months that `span` months start with, and the counts of core.tallies.RetentionCell."""
    row = RetentionRow
    query = select(row.month, row.seats, row.kept, row.after).where(row.span == span, *within(row.month, period))
    return [(month, seats, kept, after) for month, seats, kept, after in session.execute(query)]


def names_of_staff(session: Session) -> dict[str, str]:
    """By what the ledger calls an account: its caller's id."""
    return {f"staff:{id}": name for id, name in session.execute(select(StaffRow.id, StaffRow.name))}


def _seconds(column: InstrumentedAttribute[datetime]) -> ColumnElement[int]:
    """The moment as it is kept: there are many rows of few, and each is made once, not once a row."""
    return type_coerce(column, BigInteger)


def _moments(seconds: Iterable[int]) -> dict[int, datetime]:
    return {each: datetime.fromtimestamp(each, UTC) for each in set(seconds)}


def _whole(sums: Collection[Any]) -> Sums:
    """Sums of large integers are decimals in one of the databases."""
    return tuple(map(int, sums))
