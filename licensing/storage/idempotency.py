"""Answers kept for callers who ask again with the same Idempotency-Key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import LargeBinary, String, bindparam, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.storage.database import Base, is_our_turn
from licensing.storage.prepared import Prepared, inserting


class AnswerRow(Base):
    __tablename__ = "idempotent_answer"

    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    request_hash: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    body: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """A kept answer, and the hash of the request it was given to."""

    request_hash: str
    status: int
    body: bytes


def is_free(session: Session, scope: str, key: str) -> bool:
    """Whether no other transaction is at this key; then none will be until this one ends."""
    return is_our_turn(session, f"idempotency {scope} {key}")


def keep(session: Session, scope: str, key: str, request_hash: str, status: int, body: bytes, now: datetime) -> None:
    """Keeps the answer, in the transaction of the deed it tells of."""
    _KEEP.run(session, scope=scope, key=key, request_hash=request_hash, status=status, body=body, created_at=now)


def find(session: Session, scope: str, key: str) -> Answer | None:
    row = _FIND.first(session, scope=scope, key=key)
    return None if row is None else Answer(*row)


_KEEP = inserting(AnswerRow)
_FIND = Prepared(
    select(AnswerRow.request_hash, AnswerRow.status, AnswerRow.body).where(
        AnswerRow.scope == bindparam("scope"), AnswerRow.key == bindparam("key")
    )
)


def forget_before(session: Session, moment: datetime) -> None:
    """Deletes the answers kept before `moment`."""
    session.execute(delete(AnswerRow).where(AnswerRow.created_at < moment))
