"""What the demo alone may do to an outbox."""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.orm import Session

from licensing.storage.outbox import OutboxRow


def forget_mails(session: Session) -> None:
    """There are no mails, sent or not: those of a company that does not exist must never leave."""
    session.execute(delete(OutboxRow).execution_options(synchronize_session=False))
