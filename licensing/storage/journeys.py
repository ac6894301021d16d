"""Journeys and movements as they were last counted: what reports list, kept by services.rollups and nobody else."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import BigInteger, Index, String, and_, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.journeys import Journey
from licensing.core.movements import Movement, What
from licensing.storage import bulk
from licensing.storage.database import Base


class JourneyRow(Base):
    """core.journeys.Journey"""

    __tablename__ = "journey"
    __table_args__ = (
        Index("ix_journey_registered", "registered_at", "subject"),
        Index("ix_journey_tier", "tier", "registered_at", "subject"),
        Index("ix_journey_country", "country", "registered_at", "subject"),
        Index("ix_journey_salesperson", "salesperson_id", "registered_at", "subject"),
        Index("ix_journey_source", "source", "registered_at", "subject"),
        Index("ix_journey_full", "is_open", "full_at"),
        Index("ix_journey_lead", "is_open", "signals", "active_at", "subject"),
    )

    subject: Mapped[str] = mapped_column(String(320), primary_key=True)
    organization_id: Mapped[str | None] = mapped_column(String(32))
    registered_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    activated_at: Mapped[datetime | None]
    full_at: Mapped[datetime | None]
    over_at: Mapped[datetime | None]
    quoted_at: Mapped[datetime | None]
    converted_at: Mapped[datetime | None]
    direct_at: Mapped[datetime | None]
    tier: Mapped[str] = mapped_column(String(40))
    country: Mapped[str] = mapped_column(String(8))
    source: Mapped[str] = mapped_column(String(20))
    salesperson_id: Mapped[str] = mapped_column(String(40))
    trial: Mapped[str | None] = mapped_column(String(32))
    purchase: Mapped[str | None] = mapped_column(String(32))
    signals: Mapped[int]
    active_at: Mapped[datetime]
    is_open: Mapped[bool]


class MovementRow(Base):
    """core.movements.Movement, of the customer `subject`."""

    __tablename__ = "movement"
    __table_args__ = (
        Index("ix_movement_listed", "what", "at", "serial"),
        Index("ix_movement_tier", "what", "tier", "at", "serial"),
    )

    serial: Mapped[str] = mapped_column(String(32), primary_key=True)
    what: Mapped[str] = mapped_column(String(20), primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    subject: Mapped[str] = mapped_column(String(320), index=True)
    tier: Mapped[str] = mapped_column(String(40))
    seats: Mapped[int]
    license_id: Mapped[str | None] = mapped_column(String(32))
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    salesperson_id: Mapped[str] = mapped_column(String(40))


Told = tuple[Journey | None, list[Movement]]

_JOURNEY = (*Journey.__slots__, "is_open")
_MOVEMENT = ("subject", *Movement.__slots__)
_journey = attrgetter(*_JOURNEY)
_movement = attrgetter(*Movement.__slots__)
_JOURNEYS = select(*(getattr(JourneyRow, name) for name in Journey.__slots__))
_MOVEMENTS = select(*(getattr(MovementRow, name) for name in _MOVEMENT))


def of_subjects(session: Session, subjects: Collection[str]) -> dict[str, Told]:
    """What is kept of the customers; who has nothing is left out."""
    return _told(
        session.execute(_JOURNEYS.where(JourneyRow.subject.in_(subjects))),
        session.execute(_MOVEMENTS.where(MovementRow.subject.in_(subjects)).order_by(MovementRow.at)),
    )


def forget(session: Session, subjects: Collection[str]) -> None:
    """Nothing is kept of the customers."""
    session.execute(delete(JourneyRow).where(JourneyRow.subject.in_(subjects)))
    session.execute(delete(MovementRow).where(MovementRow.subject.in_(subjects)))


def misfiled(session: Session) -> list[str]:
    """Customers whose row does not say of itself whether it is an open trial (core.journeys.Journey.is_open)."""
    is_open = and_(JourneyRow.confirmed_at.is_not(None), JourneyRow.purchase.is_(None))
    return sorted(session.scalars(select(JourneyRow.subject).where(JourneyRow.is_open != is_open)))


def clear(session: Session) -> None:
    """Nothing is kept of anybody."""
    session.execute(delete(JourneyRow))
    session.execute(delete(MovementRow))


def add(session: Session, told: Iterable[tuple[str, Told]]) -> None:
    """Keeps what is told of customers of whom nothing is kept."""
    pairs = list(told)
    journeys = [tuple(map(bulk.stored, _journey(journey))) for _, (journey, _) in pairs if journey is not None]
    moved = [(subject, *map(bulk.stored, _movement(each))) for subject, (_, movements) in pairs for each in movements]
    bulk.insert(session, JourneyRow, _JOURNEY, journeys)
    bulk.insert(session, MovementRow, _MOVEMENT, moved)


def _told(journeys: Iterable[Any], movements: Iterable[Any]) -> dict[str, Told]:
    told: dict[str, Told] = {}
    for row in journeys:
        told[row.subject] = (Journey(*row), [])
    for subject, serial, what, *rest in movements:
        told.setdefault(subject, (None, []))[1].append(Movement(serial, What(what), *rest))
    return told
