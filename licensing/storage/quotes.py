"""Quotes as they are kept."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, ColumnElement, ForeignKey, Index, String, func, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.ledger import Kind
from licensing.core.prices import Amount, Period
from licensing.core.quotes import LIVE, Quote, State
from licensing.core.sales import Term
from licensing.storage.database import Base


class QuoteRow(Base):
    __tablename__ = "quote"
    __table_args__ = (Index("ix_quote_state", "state", "valid_until"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    number: Mapped[str] = mapped_column(String(20), unique=True)
    organization_id: Mapped[str] = mapped_column(ForeignKey("organization.id"), index=True)
    license_id: Mapped[str | None] = mapped_column(ForeignKey("license.id"))
    kind: Mapped[str] = mapped_column(String(20))
    seats: Mapped[int]
    np_seats: Mapped[int | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    from_old_end: Mapped[bool]
    bind: Mapped[list[str] | None] = mapped_column(JSON)
    tier: Mapped[str] = mapped_column(String(40))
    support: Mapped[str | None] = mapped_column(String(40))
    term_months: Mapped[int | None]
    currency: Mapped[str] = mapped_column(String(3))
    node_year_minor: Mapped[int] = mapped_column(BigInteger)
    charged_seats: Mapped[int]
    months: Mapped[int | None]
    days: Mapped[int | None]
    list_minor: Mapped[int] = mapped_column(BigInteger)
    volume_percent: Mapped[int]
    volume_minor: Mapped[int] = mapped_column(BigInteger)
    discount_percent: Mapped[int]
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    total_minor: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(20))
    created_by: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    valid_until: Mapped[datetime]
    decided_by: Mapped[str | None] = mapped_column(String(40))
    decided_at: Mapped[datetime | None]
    serial: Mapped[str | None] = mapped_column(String(32))


def count_of_year(session: Session, year: int) -> int:
    """How many quotes were made in `year` (UTC)."""
    first, next_first = datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    within = select(func.count()).where(QuoteRow.created_at >= first, QuoteRow.created_at < next_first)
    return session.scalar(within) or 0


def add(session: Session, quote: Quote) -> None:
    term, amount = quote.term, quote.amount
    session.add(
        QuoteRow(
            id=quote.id,
            number=quote.number,
            organization_id=quote.organization_id,
            license_id=quote.license_id,
            kind=quote.kind,
            seats=term.seats,
            np_seats=term.np_seats,
            starts_at=term.start,
            ends_at=term.ends_at,
            from_old_end=term.from_old_end,
            bind=None if term.bind is None else list(term.bind),
            tier=quote.tier,
            support=term.support,
            term_months=term.months,
            currency=amount.currency,
            node_year_minor=amount.node_year_minor,
            charged_seats=amount.seats,
            months=amount.period.months,
            days=amount.period.days,
            list_minor=amount.list_minor,
            volume_percent=amount.volume_percent,
            volume_minor=amount.volume_minor,
            discount_percent=amount.discount_percent,
            discount_minor=amount.discount_minor,
            total_minor=amount.total_minor,
            state=quote.state,
            created_by=quote.created_by,
            created_at=quote.created_at,
            valid_until=quote.valid_until,
        )
    )
    session.flush()  # the number is unique: two that were made at once must know now


def put(session: Session, quote: Quote) -> None:
    """Writes what can change of a quote."""
    session.execute(
        update(QuoteRow)
        .where(QuoteRow.id == quote.id)
        .values(state=quote.state, decided_by=quote.decided_by, decided_at=quote.decided_at, serial=quote.serial)
    )


def find(session: Session, id: str) -> Quote | None:
    row = session.scalar(select(QuoteRow).where(QuoteRow.id == id))
    return None if row is None else _quote(row)


def lock(session: Session, id: str) -> Quote | None:
    """The quote, and nobody else decides on it or uses it until this transaction ends."""
    row = session.scalar(
        select(QuoteRow).where(QuoteRow.id == id).with_for_update().execution_options(populate_existing=True)
    )
    return None if row is None else _quote(row)


def page(
    session: Session,
    organization_ids: tuple[str, ...] | None,
    before: str,
    limit: int,
    state: State | None,
    now: datetime,
) -> list[Quote]:
    """The newest `limit` quotes made before the one with id `before`, of some organisations or of all.

    `state` is the one seen at `now` (Quote.state_at); None for any.
    """
    query = select(QuoteRow).order_by(QuoteRow.id.desc()).limit(limit)
    if organization_ids is not None:
        query = query.where(QuoteRow.organization_id.in_(organization_ids))
    if before:
        query = query.where(QuoteRow.id < before)
    if state is not None:
        query = query.where(*_seen_as(state, now))
    return [_quote(row) for row in session.scalars(query)]


def _seen_as(state: State, now: datetime) -> list[ColumnElement[bool]]:
    if state is State.EXPIRED:
        return [QuoteRow.state.in_(LIVE), QuoteRow.valid_until <= now]
    return [QuoteRow.state == state, *([QuoteRow.valid_until > now] if state in LIVE else [])]


def _quote(row: QuoteRow) -> Quote:
    return Quote(
        id=row.id,
        number=row.number,
        organization_id=row.organization_id,
        license_id=row.license_id,
        kind=Kind(row.kind),
        term=Term(
            seats=row.seats,
            months=row.term_months,
            start=row.starts_at,
            bind=None if row.bind is None else tuple(row.bind),
            ends_at=row.ends_at,
            from_old_end=row.from_old_end,
            np_seats=row.np_seats,
            support=row.support,
        ),
        tier=row.tier,
        amount=Amount(
            currency=row.currency,
            node_year_minor=row.node_year_minor,
            seats=row.charged_seats,
            period=Period(row.months, row.days),
            list_minor=row.list_minor,
            volume_percent=row.volume_percent,
            volume_minor=row.volume_minor,
            discount_percent=row.discount_percent,
            discount_minor=row.discount_minor,
            total_minor=row.total_minor,
        ),
        state=State(row.state),
        created_by=row.created_by,
        created_at=row.created_at,
        valid_until=row.valid_until,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        serial=row.serial,
    )
