"""The price list and the volume schedule, as dated rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.prices import Price, VolumeDiscount
from licensing.storage.database import Base


class PriceRow(Base):
    __tablename__ = "price"

    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    node_year_minor: Mapped[int] = mapped_column(BigInteger)


class VolumeDiscountRow(Base):
    __tablename__ = "volume_discount"

    min_seats: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    percent: Mapped[int]


def every(session: Session) -> list[Price]:
    """Every list price there is or was, oldest first."""
    rows = session.scalars(select(PriceRow).order_by(PriceRow.valid_from, PriceRow.currency))
    return [Price(row.currency, row.node_year_minor, row.valid_from) for row in rows]


def schedule(session: Session) -> list[VolumeDiscount]:
    """Every step of the volume schedule there is or was, oldest first."""
    rows = session.scalars(
        select(VolumeDiscountRow).order_by(VolumeDiscountRow.valid_from, VolumeDiscountRow.min_seats)
    )
    return [VolumeDiscount(row.min_seats, row.percent, row.valid_from) for row in rows]


def put(session: Session, price: Price) -> None:
    """Adds a price, or replaces the one of the same currency and day."""
    session.merge(PriceRow(currency=price.currency, valid_from=price.valid_from, node_year_minor=price.node_year_minor))


def put_step(session: Session, step: VolumeDiscount) -> None:
    """Adds a step of the schedule, or replaces the one of the same seats and day."""
    session.merge(VolumeDiscountRow(min_seats=step.min_seats, valid_from=step.valid_from, percent=step.percent))
