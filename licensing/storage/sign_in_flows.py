"""Sign-ins that were sent to the identity provider and have not come back. Of the state only the hash is kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped, Session, mapped_column

from licensing.storage.database import Base


class FlowRow(Base):
    """A sign-in that was sent to the identity provider and has not come back."""

    __tablename__ = "sign_in_flow"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64))
    verifier: Mapped[str] = mapped_column(String(128))
    expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class PendingFlow:
    """What the answer must fit: the ID token's nonce, and the secret that our code is bound to (PKCE)."""

    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    expires_at: datetime


def add(session: Session, state_hash: str, flow: PendingFlow, now: datetime) -> None:
    """The flow waits for its answer; those whose time is over leave the table."""
    session.execute(delete(FlowRow).where(FlowRow.expires_at <= now))
    session.add(FlowRow(state_hash=state_hash, nonce=flow.nonce, verifier=flow.verifier, expires_at=flow.expires_at))


def take(session: Session, state_hash: str) -> PendingFlow | None:
    """The flow, which is in the table no longer: of two that come with the same state, one gets it."""
    taken = delete(FlowRow).where(FlowRow.state_hash == state_hash)
    row = session.execute(taken.returning(FlowRow.nonce, FlowRow.verifier, FlowRow.expires_at)).one_or_none()
    return None if row is None else PendingFlow(row.nonce, row.verifier, row.expires_at)
