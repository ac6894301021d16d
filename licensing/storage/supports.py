"""Support levels and what is offered at which tier."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.supports import Offer, SupportLevel
from licensing.storage.database import Base
from licensing.storage.prepared import Prepared


class SupportLevelRow(Base):
    __tablename__ = "support_level"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    rank: Mapped[int]
    title: Mapped[str] = mapped_column(String(80))
    covers: Mapped[list[str]] = mapped_column(JSON)


class SupportOfferRow(Base):
    __tablename__ = "support_offer"

    tier: Mapped[str] = mapped_column(String(40), primary_key=True)
    support: Mapped[str] = mapped_column(ForeignKey("support_level.name"), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    valid_until: Mapped[datetime | None]


def put_offer(session: Session, offer: Offer) -> None:
    """The level is on offer at the tier from its day on; a row of the same day is replaced."""
    session.merge(
        SupportOfferRow(
            tier=offer.tier, support=offer.support, valid_from=offer.valid_from, valid_until=offer.valid_until
        )
    )


def levels(session: Session) -> list[SupportLevel]:
    """Every level, the least first."""
    rows = session.scalars(select(SupportLevelRow).order_by(SupportLevelRow.rank))
    return [SupportLevel(row.name, row.rank, row.title, tuple(row.covers)) for row in rows]


_OFFERS = Prepared(
    select(
        SupportOfferRow.tier, SupportOfferRow.support, SupportOfferRow.valid_from, SupportOfferRow.valid_until
    ).order_by(SupportOfferRow.valid_from, SupportOfferRow.tier)
)


def offers(session: Session) -> list[Offer]:
    """What is or was offered at which tier."""
    return [Offer(*row) for row in _OFFERS.all(session)]
