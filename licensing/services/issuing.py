"""The only signer of licenses, and the only writer of the ledger.

Record, then sign: the leaf is appended before the signature is made, in the same transaction, and the token is checked
with the published key before anyone sees it. A token without a leaf can't leave this server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.encoding import canonical_json
from licensing.core.keys import Purpose
from licensing.core.ledger import NOTHING_SIGNED, Kind, record_hash, signed_hash
from licensing.core.licenses import License, license_claims, lint
from licensing.core.standings import Standing, issued
from licensing.services.signing import KeyStore
from licensing.storage import ledger, licenses
from licensing.system import System


@dataclass(frozen=True, slots=True)
class Deed:
    """Who did what, and from when on it counts. `details` goes into the private record."""

    kind: Kind
    actor: str
    effective_at: datetime
    details: Mapping[str, str | int | None]


class Issuing:
    """Appends deeds to the ledger, and signs those that give a license."""

    def __init__(self, keys: KeyStore, system: System, issuer: str) -> None:
        self._keys = keys
        self._system = system
        self._issuer = issuer

    def issue(
        self, session: Session, deed: Deed, license: License, previous: Standing | None, now: datetime
    ) -> Standing:
        """Where `license` stands once it is issued: its row, its leaf and its token are in `session`.

        Raises TermRefused for a license that must not be, KeyUnusable when it can't be signed.
        """
        lint(license)
        keys = self._keys.current()
        key = keys.key(Purpose.LICENSE)
        signed = key.signing_input(license_claims(license, self._issuer))
        standing = issued(license, signed_hash(signed), previous)
        licenses.put(session, standing)
        self._append(session, deed, standing, license.jti, key.kid, standing.signed_hash, now)
        licenses.add_token(session, license.jti, license.lid, license.seq, keys.signed_license(signed))
        return standing

    def note(
        self, session: Session, deed: Deed, standing: Standing | None, now: datetime, kid: str = NOTHING_SIGNED
    ) -> None:
        """Appends a deed that signs nothing: its leaf holds the hash of its record alone."""
        self._append(session, deed, standing, self._system.new_serial(), kid, NOTHING_SIGNED, now)

    def _append(
        self,
        session: Session,
        deed: Deed,
        standing: Standing | None,
        serial: str,
        kid: str,
        hash_of_signed: str,
        now: datetime,
    ) -> None:
        salt, record = self._system.new_salt(), _record(deed, standing, serial)
        issuance = ledger.Issuance(
            serial=serial,
            kind=deed.kind,
            license_id=standing.license_id if standing else None,
            organization_id=standing.organization_id if standing else None,
            kid=kid,
            signed_hash=hash_of_signed,
            record_hash=record_hash(salt, record),
            edition=standing.edition if standing else None,
            tier=standing.tier if standing else None,
            seats=standing.seats if standing else None,
            effective_at=deed.effective_at,
            recorded_at=now,
        )
        ledger.append(session, issuance, salt, record)


def _record(deed: Deed, standing: Standing | None, serial: str) -> bytes:
    """The private record: everything an auditor compares the other tables with."""
    return canonical_json(
        {
            "v": 1,
            "kind": deed.kind,
            "serial": serial,
            "actor": deed.actor,
            "effective_at": int(deed.effective_at.timestamp()),
            "license": standing.license_id if standing else None,
            "organization": standing.organization_id if standing else None,
            "edition": standing.edition if standing else None,
            "tier": standing.tier if standing else None,
            "seats": standing.seats if standing else None,
            "details": dict(deed.details),
        }
    )
