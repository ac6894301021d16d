"""What reports list: the rows behind a figure, page by page, in an order that an index has."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from heapq import merge
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, case, func, literal, select, tuple_, union_all
from sqlalchemy.orm import Session

from licensing.core.explanations import Cursor, MovedSeats, ReportedCustomer, ReportedMovement
from licensing.core.funnels import By, Step
from licensing.core.journeys import Signal
from licensing.core.leads import OpenTrial
from licensing.core.movements import ADDING, REMOVING, What
from licensing.core.periods import Period
from licensing.storage.journeys import JourneyRow, MovementRow
from licensing.storage.organizations import OrganizationRow
from licensing.storage.reports import within

_COLUMNS: dict[By, Any] = {
    By.TIER: JourneyRow.tier,
    By.COUNTRY: JourneyRow.country,
    By.SALESPERSON: JourneyRow.salesperson_id,
    By.SOURCE: JourneyRow.source,
}
_NAME = func.coalesce(OrganizationRow.name, "")
_CUSTOMERS = select(
    JourneyRow.subject, _NAME, *(getattr(JourneyRow, name) for name in ReportedCustomer._fields[2:])
).outerjoin(OrganizationRow, OrganizationRow.id == JourneyRow.organization_id)
_MOVEMENTS = select(
    MovementRow.serial,
    MovementRow.what,
    MovementRow.at,
    MovementRow.subject,
    _NAME,
    *(getattr(MovementRow, name) for name in ReportedMovement._fields[5:]),
).outerjoin(OrganizationRow, OrganizationRow.id == MovementRow.subject)


def customers(
    session: Session, period: Period, step: Step, by: By, value: str | None, after: Cursor | None, limit: int
) -> list[ReportedCustomer]:
    """Those registered in the period who reached `step`, and whose `by` is `value` unless that is None."""
    wanted = [getattr(JourneyRow, f"{step}_at").is_not(None)]
    if value is not None:
        wanted.append(_COLUMNS[by] == value)
    return _registered(session, period, wanted, after, limit)


def converted(
    session: Session, month: Period, days: int | None, after: Cursor | None, limit: int
) -> list[ReportedCustomer]:
    """Those registered in the month who converted less than `days` days later, or whenever."""
    took = JourneyRow.converted_at - JourneyRow.registered_at
    soon = [] if days is None else [took < timedelta(days=days).total_seconds()]
    return _registered(session, month, [JourneyRow.converted_at.is_not(None), *soon], after, limit)


def movements(
    session: Session,
    period: Period,
    whats: Collection[What],
    tier: str | None,
    currency: str | None,
    after: Cursor | None,
    limit: int,
) -> list[ReportedMovement]:
    """The movements of these kinds, the first one first."""
    row = MovementRow
    base = _MOVEMENTS.where(*within(row.at, _rest(period, after)), *_beyond(row.at, row.serial, after))
    if tier is not None:
        base = base.where(row.tier == tier)
    if currency is not None:
        base = base.where(row.currency == currency)
    # One after the other: the index has them in order within a kind only.
    found = [_listed(session, base.where(row.what == what), limit) for what in whats]
    return list(islice(merge(*found, key=lambda each: (each.at, each.serial)), limit))


def seats_of(session: Session, span: Period, after: str, limit: int) -> list[MovedSeats]:
    """The customers with live seats when the span starts, and how many are live then and when it is over."""
    row = MovementRow
    signed = case((row.what.in_(ADDING), row.seats), (row.what.in_(REMOVING), -row.seats), else_=0)
    start = func.sum(case((row.at < span.first, signed), else_=0))
    sums = (
        select(row.subject, start.label("start"), func.sum(signed).label("end"))
        .where(row.at < span.end, row.subject > after)
        .group_by(row.subject)
        .having(start > 0)
        .order_by(row.subject)
        .limit(limit)
        .subquery()
    )
    named = select(sums.c.subject, _NAME, sums.c.start, sums.c.end).outerjoin(
        OrganizationRow, OrganizationRow.id == sums.c.subject
    )
    return [
        MovedSeats(subject, name, int(seats), min(int(seats), int(later)), int(later))
        for subject, name, seats, later in session.execute(named.order_by(sums.c.subject))
    ]


def shown_signals(session: Session) -> list[Signal]:
    """The sets of signals that open trials show: one look into the index for each, however many trials there are."""
    least = select(func.min(JourneyRow.signals)).where(JourneyRow.is_open)
    shown = select(least.scalar_subquery().label("signals")).cte("shown", recursive=True)
    beyond = least.where(JourneyRow.signals > shown.c.signals).scalar_subquery()
    shown = shown.union_all(select(beyond).where(shown.c.signals.is_not(None)))
    return [Signal(each) for each in session.scalars(select(shown.c.signals)) if each is not None]


def open_trials(session: Session, sets: Sequence[Signal], limit: int) -> list[OpenTrial]:
    """Trials without a purchase that show exactly one of the sets of signals, the last active first."""
    row = JourneyRow
    listed = (
        select(row.subject)
        .where(row.is_open, row.signals == signals)
        .order_by(row.active_at.desc(), row.subject.desc())
        .limit(limit)
        .subquery()
        for signals in sets
    )
    found = union_all(*(select(each.c.subject) for each in listed)).subquery()
    query = (
        select(row.signals, row.subject, _NAME, row.country, row.registered_at, row.active_at, row.trial)
        .join(found, found.c.subject == row.subject)
        .outerjoin(OrganizationRow, OrganizationRow.id == row.organization_id)
        .order_by(row.active_at.desc(), row.subject.desc())
        .limit(limit)
    )
    return [OpenTrial._make((Signal(signals), *rest)) for signals, *rest in session.execute(query)]


def _registered(
    session: Session, period: Period, wanted: Iterable[ColumnElement[bool]], after: Cursor | None, limit: int
) -> list[ReportedCustomer]:
    row = JourneyRow
    query = _CUSTOMERS.where(
        *within(row.registered_at, _rest(period, after)), *wanted, *_beyond(row.registered_at, row.subject, after)
    )
    found = session.execute(query.order_by(row.registered_at, row.subject).limit(limit))
    return [ReportedCustomer._make(each) for each in found]


def _listed(session: Session, query: Select[Any], limit: int) -> list[ReportedMovement]:
    found = session.execute(query.order_by(MovementRow.at, MovementRow.serial).limit(limit))
    return [ReportedMovement._make(each) for each in found]


def _rest(period: Period, after: Cursor | None) -> Period:
    """What is left of the period: where an index goes on, instead of at the start."""
    return period if after is None else Period(max(period.first, after.at), period.end)


def _beyond(at: Any, key: Any, after: Cursor | None) -> list[ColumnElement[bool]]:
    if after is None:
        return []
    # Said with the column's type: a moment is kept as a number, and a tuple does not tell its values' types.
    return [tuple_(at, key) > tuple_(literal(after.at, at.type), literal(after.key, key.type))]
