"""Tiers as dated rows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.licenses import Edition
from licensing.core.tiers import Tier
from licensing.storage.database import Base
from licensing.storage.prepared import Prepared


class TierRow(Base):
    __tablename__ = "tier"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    valid_from: Mapped[datetime] = mapped_column(primary_key=True)
    edition: Mapped[str] = mapped_column(String(10))
    min_seats: Mapped[int]
    max_seats: Mapped[int | None]
    support: Mapped[str] = mapped_column(String(40))


def put(session: Session, tier: Tier) -> None:
    """The tier is as it is here from its day on; a row of the same day is replaced."""
    session.merge(
        TierRow(
            name=tier.name,
            valid_from=tier.valid_from,
            edition=tier.edition,
            min_seats=tier.min_seats,
            max_seats=tier.max_seats,
            support=tier.support,
        )
    )


_FIELDS = (TierRow.name, TierRow.edition, TierRow.min_seats, TierRow.max_seats, TierRow.support, TierRow.valid_from)
_EVERY = Prepared(select(*_FIELDS).order_by(TierRow.valid_from, TierRow.min_seats))


def every(session: Session) -> list[Tier]:
    """Every tier there is or was."""
    return [Tier(name, Edition(edition), *rest) for name, edition, *rest in _EVERY.all(session)]
