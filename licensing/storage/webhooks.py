"""Webhooks, and what is delivered to each: which leaves of the ledger, by number. What is said is read from there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import JSON, BigInteger, ForeignKey, String, delete, func, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.core.webhooks import MAX_URL, TYPES, DeliveryState
from licensing.storage.database import Base, insert_into
from licensing.storage.ledger import Issuance, IssuanceRow, LeafRow, from_row

TEST_LEAF = -1
"""The delivery that is about no deed: a test."""


class WebhookRow(Base):
    __tablename__ = "webhook"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    url: Mapped[str] = mapped_column(String(MAX_URL))
    # Kinds of deed; none means all that anybody is told of.
    types: Mapped[list[str]] = mapped_column(JSON)
    # Leaves below this number have their deliveries.
    next_leaf: Mapped[int] = mapped_column(BigInteger)
    # The secret follows from the id, this number and a file of the server's: the database can't sign.
    generation: Mapped[int]
    secret_hash: Mapped[str] = mapped_column(String(64))
    rotated_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class DeliveryRow(Base):
    __tablename__ = "webhook_delivery"

    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhook.id"), primary_key=True)
    leaf_idx: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    tries: Mapped[int]
    # When to try next; null once it arrived or was given up.
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    delivered_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None] = mapped_column(index=True)
    last_error: Mapped[str | None] = mapped_column(String(200))


@dataclass(frozen=True, slots=True)
class Webhook:
    """All but the secret. `types` are kinds of deed, all if there is none; `next_leaf` is the next to be told."""

    id: str
    url: str
    types: tuple[str, ...]
    next_leaf: int
    generation: int
    secret_hash: str
    rotated_at: datetime | None
    created_by: str
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and how it fares: `due_at` while it is to be sent, `dead_at` when it was given up."""

    leaf_idx: int
    tries: int
    due_at: datetime | None
    delivered_at: datetime | None
    dead_at: datetime | None
    last_error: str | None

    @property
    def state(self) -> DeliveryState:
        if self.dead_at is not None:
            return DeliveryState.DEAD
        return DeliveryState.WAITING if self.delivered_at is None else DeliveryState.DELIVERED


@dataclass(frozen=True, slots=True)
class Due:
    """A message that is due: the deed that it tells of, or None for a test, and the tries with this one."""

    leaf_idx: int
    issuance: Issuance | None
    tries: int


def add(session: Session, webhook: Webhook) -> None:
    session.add(
        WebhookRow(**{name: getattr(webhook, name) for name in Webhook.__slots__} | {"types": [*webhook.types]})
    )


def every(session: Session) -> list[Webhook]:
    """All webhooks, those that were revoked too, the newest first."""
    return [_webhook(row) for row in session.scalars(select(WebhookRow).order_by(WebhookRow.id.desc()))]


def find(session: Session, id: str) -> Webhook | None:
    row = session.get(WebhookRow, id)
    return None if row is None else _webhook(row)


def lock(session: Session, id: str) -> Webhook | None:
    """The webhook, as it is now and stays until the transaction ends."""
    row = session.get(WebhookRow, id, with_for_update=True, populate_existing=True)
    return None if row is None else _webhook(row)


def rotate(session: Session, id: str, generation: int, secret_hash: str, now: datetime) -> None:
    values = {"generation": generation, "secret_hash": secret_hash, "rotated_at": now}
    session.execute(update(WebhookRow).where(WebhookRow.id == id).values(**values))


def revoke(session: Session, id: str, now: datetime) -> None:
    """Nothing is sent any more; what waited is given up."""
    session.execute(update(WebhookRow).where(WebhookRow.id == id).values(revoked_at=now))
    waiting = (DeliveryRow.webhook_id == id, DeliveryRow.due_at.is_not(None))
    session.execute(update(DeliveryRow).where(*waiting).values(due_at=None, dead_at=now, last_error="revoked"))


def rewind(session: Session, id: str, leaf: int) -> None:
    """All from the leaf on is told again."""
    session.execute(update(WebhookRow).where(WebhookRow.id == id).values(next_leaf=leaf))


def with_work(session: Session, now: datetime) -> list[str]:
    """The ids of webhooks that have something to be told, or to be sent."""
    behind = WebhookRow.next_leaf <= select(func.max(LeafRow.idx)).scalar_subquery()
    due = WebhookRow.id.in_(select(DeliveryRow.webhook_id).where(DeliveryRow.due_at <= now))
    return list(session.scalars(select(WebhookRow.id).where(WebhookRow.revoked_at.is_(None), or_(behind, due))))


def queue_new(session: Session, webhook: Webhook, now: datetime, limit: int) -> None:
    """Up to `limit` leaves from `next_leaf` on are due, those of them that the webhook is to be told of."""
    first, end = webhook.next_leaf, webhook.next_leaf + limit
    wanted = webhook.types or tuple(TYPES)
    told = (
        select(IssuanceRow.leaf_idx)
        .where(IssuanceRow.leaf_idx >= first, IssuanceRow.leaf_idx < end, IssuanceRow.kind.in_(wanted))
        .order_by(IssuanceRow.leaf_idx)
    )
    queue(session, webhook.id, session.scalars(told).all(), now)
    newest = session.scalar(select(func.max(LeafRow.idx)))
    rewind(session, webhook.id, max(first, min(end, 0 if newest is None else newest + 1)))


def queue(session: Session, id: str, leaves: Sequence[int], now: datetime) -> None:
    """These leaves are due now, with all their tries, whether they were sent before or not."""
    if not leaves:
        return
    fresh: dict[str, object] = {"tries": 0, "due_at": now, "delivered_at": None, "dead_at": None, "last_error": None}
    rows = [{"webhook_id": id, "leaf_idx": leaf, **fresh} for leaf in leaves]
    statement = insert_into(session, DeliveryRow).values(rows)
    session.execute(statement.on_conflict_do_update(index_elements=["webhook_id", "leaf_idx"], set_=fresh))


def take_due(session: Session, id: str, now: datetime, until: datetime, limit: int) -> list[Due]:
    """Up to `limit` messages that are due, first come first; nobody else takes them before `until`."""
    rows = session.scalars(
        select(DeliveryRow)
        .where(DeliveryRow.webhook_id == id, DeliveryRow.due_at <= now)
        .order_by(DeliveryRow.leaf_idx)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.due_at = until
        row.tries += 1
    leaves = [row.leaf_idx for row in rows]
    deeds = session.scalars(select(IssuanceRow).where(IssuanceRow.leaf_idx.in_(leaves)))
    found = {row.leaf_idx: from_row(row) for row in deeds}
    return [Due(row.leaf_idx, found.get(row.leaf_idx), row.tries) for row in rows]


def delivered(session: Session, id: str, leaf: int, now: datetime) -> None:
    _settle(session, id, [leaf], due_at=None, delivered_at=now, last_error=None)


def failed(session: Session, id: str, leaf: int, error: str, retry_at: datetime | None, now: datetime) -> None:
    """The message is tried again at `retry_at`, or given up when that is None."""
    _settle(session, id, [leaf], due_at=retry_at, dead_at=now if retry_at is None else None, last_error=error[:200])


def put_back(session: Session, id: str, leaves: Iterable[int], due_at: datetime) -> None:
    """Messages that were taken and not tried are due then, as if nobody had taken them."""
    _settle(session, id, leaves, due_at=due_at, tries=DeliveryRow.tries - 1)


def requeue_dead(session: Session, id: str, now: datetime) -> int:
    """What was given up is due again, with all its tries; how many messages that are."""
    dead = (DeliveryRow.webhook_id == id, DeliveryRow.dead_at.is_not(None))
    again = update(DeliveryRow).where(*dead).values(due_at=now, dead_at=None, tries=0).returning(DeliveryRow.leaf_idx)
    return len(session.scalars(again).all())


def page(
    session: Session, id: str, state: DeliveryState | None, before: int | None, limit: int
) -> list[tuple[Delivery, Issuance | None]]:
    """The newest messages about leaves below `before`, with their deeds; of one state, or of all."""
    row = DeliveryRow
    wanted = {
        DeliveryState.WAITING: row.due_at.is_not(None),
        DeliveryState.DELIVERED: row.delivered_at.is_not(None),
        DeliveryState.DEAD: row.dead_at.is_not(None),
    }
    query = select(row, IssuanceRow).outerjoin(IssuanceRow, IssuanceRow.leaf_idx == row.leaf_idx)
    query = query.where(row.webhook_id == id).order_by(row.leaf_idx.desc()).limit(limit)
    if state is not None:
        query = query.where(wanted[state])
    if before is not None:
        query = query.where(row.leaf_idx < before)
    return [
        (Delivery(*(getattr(each, name) for name in Delivery.__slots__)), None if deed is None else from_row(deed))
        for each, deed in session.execute(query)
    ]


def counts(session: Session) -> dict[DeliveryState, int]:
    """How many messages wait, and how many were given up, of webhooks that stand."""
    standing = DeliveryRow.webhook_id.in_(select(WebhookRow.id).where(WebhookRow.revoked_at.is_(None)))
    states = {DeliveryState.WAITING: DeliveryRow.due_at, DeliveryState.DEAD: DeliveryRow.dead_at}
    return {
        state: session.scalar(select(func.count()).where(at.is_not(None), standing)) or 0
        for state, at in states.items()
    }


def forget_before(session: Session, moment: datetime) -> None:
    """What arrived or was given up before then can't be looked at any more."""
    session.execute(delete(DeliveryRow).where(or_(DeliveryRow.delivered_at < moment, DeliveryRow.dead_at < moment)))


def _settle(session: Session, id: str, leaves: Iterable[int], **values: object) -> None:
    which = (DeliveryRow.webhook_id == id, DeliveryRow.leaf_idx.in_(list(leaves)))
    session.execute(update(DeliveryRow).where(*which).values(**values))


def _webhook(row: WebhookRow) -> Webhook:
    return Webhook(**{name: getattr(row, name) for name in Webhook.__slots__} | {"types": tuple(row.types)})
