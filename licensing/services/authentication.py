"""Whether a license token is ours: its signature, and its leaf in the ledger.

A signature proves that one of our keys signed; the leaf proves that this server did. A valid signature without a leaf
means that a key was stolen (or the database is older than the license), and rings an alarm. After a theft the ledger
also tells our tokens from the thief's: a revoked key's tokens stand as long as they have their leaf.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.alarms import AlarmKind
from licensing.core.errors import Busy, Reason, Unauthentic
from licensing.core.keys import Keyring, KeyState
from licensing.core.ledger import signed_hash
from licensing.core.licenses import License, verify_license
from licensing.core.standings import Standing
from licensing.services.signing import KeyStore
from licensing.storage import alarms, ledger
from licensing.storage.database import Database

log = logging.getLogger(__name__)

REMEMBERED = 20_000
"""Verified tokens kept in memory, about 2 KiB each. A verdict is never remembered."""


@dataclass(frozen=True, slots=True)
class Bearer:
    """An authentic license, the SHA-256 hex of what was signed, and whether its key was revoked since."""

    license: License
    signed_hash: str
    key_revoked: bool


class Authentication:
    """Verifies license tokens, remembering those it has seen."""

    def __init__(
        self,
        database: Database,
        keys: KeyStore,
        now: Callable[[], datetime],
        may_have_lost: Callable[[int], bool] = lambda at: False,
    ) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._may_have_lost = may_have_lost
        # The keyring and what was verified under it, in one attribute: threads never see them apart.
        self._memory: tuple[Keyring | None, dict[str, Bearer]] = (None, {})

    def verify(self, unverified_token: str) -> Bearer:
        """The license that the token proves, also under a revoked key; raises Unauthentic."""
        keyring = self._keys.current().keyring
        verified_under, remembered = self._memory
        if keyring is not verified_under or len(remembered) >= REMEMBERED:
            remembered = {}
            self._memory = (keyring, remembered)
        bearer = remembered.get(unverified_token)
        if bearer is None:
            bearer = remembered[unverified_token] = self._verify(unverified_token, keyring)
        return bearer

    def is_ours(self, session: Session, bearer: Bearer, standing: Standing | None) -> bool:
        """Whether the ledger has the token's leaf."""
        license = bearer.license
        if standing is None:
            return False
        if license.jti == standing.jti:
            return bearer.signed_hash == standing.signed_hash
        issuance = ledger.find(session, license.jti)
        return (
            issuance is not None and issuance.license_id == license.lid and issuance.signed_hash == bearer.signed_hash
        )

    def alarm(self, bearer: Bearer) -> None:
        """Rings for a token without a leaf.

        Raises Unauthentic when its key is known to be stolen, and Busy when the leaf may have been lost with the end of
        the ledger: whoever bought on a lost day is told nothing until her license is found again.
        """
        license = bearer.license
        log.error("alarm %s: license %s, issuance %s", AlarmKind.NO_LEAF, license.lid, license.jti)
        with self._database.write() as session:
            alarms.ring(session, AlarmKind.NO_LEAF, license.jti[:80], self._now())
        if bearer.key_revoked:
            raise Unauthentic(Reason.KEY_REVOKED, "The key that signed this token is revoked, and we did not sign it.")
        if self._may_have_lost(license.iat):
            raise Busy("The end of the ledger was lost, and this license may be of that time; sales look for it.")

    def _verify(self, unverified_token: str, keyring: Keyring) -> Bearer:
        license = verify_license(unverified_token, keyring.ignoring_revocation())
        if "\0" in license.lid + license.jti:
            # Never ours, and PostgreSQL can't be asked for it: the alarm must ring under a name that can be kept.
            license = license._replace(lid=license.lid.replace("\0", "?"), jti=license.jti.replace("\0", "?"))
        signed, _, _ = unverified_token.rpartition(".")
        header = keyring.headers[signed.partition(".")[0]]
        key = keyring.find(header.kid)
        return Bearer(license, signed_hash(signed), key is not None and key.state is KeyState.REVOKED)
