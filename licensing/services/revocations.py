"""The signed revoked list: made anew whenever what it says, or the key that says it, changes."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.keys import Purpose
from licensing.core.revocations import Revocation, revoked_claims
from licensing.services.shelf import Shelf
from licensing.services.signing import KeyStore
from licensing.storage import ledger, revocations
from licensing.storage.database import Database


class RevokedLists:
    """Publishes the revoked list."""

    def __init__(self, database: Database, keys: KeyStore, issuer: str) -> None:
        self._database = database
        self._keys = keys
        self._issuer = issuer
        self._shelf = Shelf()

    def current(self, now: datetime) -> str:
        """The list in force, as of a second ago; the first one is signed when it is asked for."""
        return self._shelf.get(lambda: self._read(now))

    def _read(self, now: datetime) -> str:
        with self._database.read() as session:
            published = revocations.newest(session)
        if published is not None and published.token:
            return published.token
        with self._database.write() as session:
            return self.refresh(session, now)

    def revoke(self, session: Session, revocation: Revocation, at: datetime, leaves_at: datetime | None) -> None:
        """Puts an entry on the list and signs it anew, in the transaction of the deed."""
        revocations.add(session, revocation, at, leaves_at)
        self.refresh(session, at)

    def refresh(self, session: Session, now: datetime) -> str:
        """The list as it must read at `now`; a new one only if it reads otherwise than the last."""
        keys = self._keys.current()
        key = keys.key(Purpose.REVOCATION)
        newest, entries, digest = _read(session, key.kid, now)
        if newest is not None and newest.entries == digest:
            return newest.token
        ledger.lock(session)
        newest, entries, digest = _read(session, key.kid, now)  # another may have signed one while we waited
        if newest is not None and newest.entries == digest:
            return newest.token
        seq = 1 if newest is None else newest.seq + 1
        signed = key.signing_input(revoked_claims(self._issuer, seq, int(now.timestamp()), entries))
        fresh = revocations.PublishedList(seq, keys.signed_revoked(signed), digest)
        revocations.publish(session, fresh, now)
        self._shelf.clear()
        return fresh.token


def _read(session: Session, kid: str, now: datetime) -> tuple[revocations.PublishedList | None, list[Revocation], str]:
    """The newest list, the entries as they must read now, and the digest of what a list of them says."""
    entries = revocations.listed(session, now)
    return revocations.newest(session), entries, hashlib.sha256(repr((kid, entries)).encode()).hexdigest()
