"""Answers kept for callers who ask again with the same Idempotency-Key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import LargeBinary, String, delete, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.storage.database import Base, insert_into


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


def claim(session: Session, scope: str, key: str, request_hash: str, now: datetime) -> bool:
    """Whether this transaction is the first with the key. One that runs at the same moment waits here for its end."""
    statement = insert_into(session, AnswerRow).values(
        scope=scope, key=key, request_hash=request_hash, status=None, body=None, created_at=now
    )
    return session.execute(statement.on_conflict_do_nothing().returning(AnswerRow.key)).first() is not None


def keep(session: Session, scope: str, key: str, status: int, body: bytes) -> None:
    """Keeps the answer, in the transaction of the deed it tells of."""
    session.execute(
        update(AnswerRow).where(AnswerRow.scope == scope, AnswerRow.key == key).values(status=status, body=body)
    )


def find(session: Session, scope: str, key: str) -> Answer | None:
    row = session.get(AnswerRow, (scope, key))
    return None if row is None or row.status is None else Answer(row.request_hash, row.status, row.body or b"")


def forget_before(session: Session, moment: datetime) -> None:
    """Deletes the answers kept before `moment`."""
    session.execute(delete(AnswerRow).where(AnswerRow.created_at < moment))
