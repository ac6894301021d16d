"""Carrying: what the vendor sends into a site, a license file, becomes what the relay there works with.

Of the statement, the license and the revoked list the relay keeps the one of the highest `seq` each, whatever comes
later. They stand together in one file, itself a license file; the license is in the relay's ledger, too.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.orm import Session

from licensing.core.errors import KeyUnusable, Malformed, NotFound, SetupRefused, Unauthentic
from licensing.core.keys import open_statement
from licensing.core.ledger import NOTHING_SIGNED, Kind, signed_hash
from licensing.core.licenses import Edition, License, UnverifiedLicenseFile, read_license_file
from licensing.core.revocations import RevokedList
from licensing.core.standings import Standing, issued
from licensing.services.issuing import Deed, recorded, subject_of
from licensing.services.relay_keys import RelayKeys
from licensing.storage import keyfiles, ledger, licenses, organizations
from licensing.storage.database import Database
from licensing.system import System
from licensing.verifier import OpenedFile, open_license_file

ACTOR = "relay"
NEWER = "ask the vendor for the newest file"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The newest of what is known and what came: as it is kept, and as it was verified."""

    file: UnverifiedLicenseFile
    opened: OpenedFile

    @property
    def license(self) -> License:
        return self.opened.license

    @property
    def revoked(self) -> RevokedList:
        """Raises Malformed for a file without one: nobody else would tell this site what was revoked."""
        if self.opened.revoked is None:
            raise Malformed(f"The license file has no revoked list; {NEWER}.")
        return self.opened.revoked

    @property
    def kid(self) -> str:
        """The vendor's key that signed the license."""
        return self.opened.keyring.headers[self.file.license.partition(".")[0]].kid

    @property
    def signed_hash(self) -> str:
        return signed_hash(self.file.license.rpartition(".")[0])


class CarriedLists:
    """The vendor's revoked list, as it was carried in: the relay signs none."""

    def __init__(self, kept: Path) -> None:
        self._kept = kept

    def current(self, now: datetime) -> str:
        """The list in force; raises NotFound before there is one."""
        text = keyfiles.read_text(self._kept)
        revoked = None if text is None else read_license_file(text).revoked
        if revoked is None:
            raise NotFound("The relay has no revoked list yet.")
        return revoked

    def refresh(self, session: Session, now: datetime) -> str:
        return self.current(now)


class Carrying:
    """Takes the vendor's files in. `kept` is where the newest of them stands."""

    def __init__(self, database: Database, keys: RelayKeys, kept: Path, system: System) -> None:
        self._database = database
        self._keys = keys
        self._kept = kept
        self._system = system

    def check(self, text: bytes) -> Accepted:
        """What `take` would keep; nothing is changed. Raises Malformed, KeyUnusable with one clear line."""
        known = self._known()
        try:
            accepted = self._newest(read_license_file(text), known)
        except Unauthentic as error:
            raise Malformed(f"The license file can't be used: {error.reason}: {error.detail}") from error
        _require_shareable(accepted, known)
        self._keys.lease_key(accepted.license)
        return accepted

    def take(self, text: bytes) -> License:
        """The file's news are in force, and in the relay's ledger. The license as it is now. Raises as `check`."""
        accepted = self.check(text)
        with self._database.write() as session:
            self._record(session, accepted, self._system.now())
        text_kept = _as_text(accepted.file)
        if keyfiles.read_text(self._kept) != text_kept:
            keyfiles.write_text(self._kept, text_kept)
            self._keys.look_again()
        return accepted.license

    def _known(self) -> Accepted | None:
        text = keyfiles.read_text(self._kept)
        if text is None:
            return None
        try:
            return Accepted(read_license_file(text), open_license_file(text, self._keys.roots()))
        except Unauthentic as error:
            raise KeyUnusable(f"What the relay keeps in {self._kept} can't be used: {error.detail}") from error

    def _newest(self, came: UnverifiedLicenseFile, known: Accepted | None) -> Accepted:
        """The newest of each part, all of it verified together; raises Unauthentic."""
        roots = self._keys.roots()
        if known is None:
            return Accepted(came, _opened(came, self._keys))
        opened = open_license_file(_as_text(came), roots, keyring=known.opened.keyring, revoked=known.opened.revoked)
        newest = came
        if open_statement(came.keys, roots).seq < known.opened.keyring.seq:
            newest = replace(newest, keys=known.file.keys)
        if opened.license.lid == known.license.lid and opened.license.seq < known.license.seq:
            newest = replace(newest, license=known.file.license)
        if opened.revoked is known.opened.revoked:
            newest = replace(newest, revoked=known.file.revoked)
        return Accepted(newest, _opened(newest, self._keys))

    def _record(self, session: Session, accepted: Accepted, now: datetime) -> None:
        license = accepted.license
        standing = licenses.lock(session, license.lid)
        if standing is None:
            _require_empty(session, license)
        if standing is None or license.seq > standing.seq:
            standing = self._import(session, accepted, standing, now)
        elif license.seq == standing.seq and license.jti != standing.jti:
            raise Malformed(f"The relay knows another issue {license.seq} of the license; {NEWER}.")
        revoked_at = accepted.revoked.licenses.get(license.lid)
        if revoked_at is not None and standing.revoked_at is None:
            self._revoke(session, standing, datetime.fromtimestamp(revoked_at, UTC), now)

    def _import(self, session: Session, accepted: Accepted, before: Standing | None, now: datetime) -> Standing:
        license = accepted.license
        if organizations.find(session, license.sub) is None:
            organizations.add(session, license.sub, license.org, "", now)
        standing = issued(license, accepted.signed_hash, before)
        licenses.put(session, standing)
        deed = Deed(Kind.IMPORTED, ACTOR, datetime.fromtimestamp(license.iat, UTC))
        salt, hashed = self._system.new_salt(), standing.signed_hash
        entry = recorded(deed, subject_of(standing), license.jti, accepted.kid, hashed, salt, now)
        ledger.append(session, entry)
        licenses.add_token(session, license.jti, license.lid, license.seq, accepted.file.license)
        return standing

    def _revoke(self, session: Session, standing: Standing, at: datetime, now: datetime) -> None:
        revoked = replace(standing, revoked_at=at, version=standing.version + 1)
        licenses.put(session, revoked)
        salt, serial = self._system.new_salt(), self._system.new_serial()
        deed = Deed(Kind.REVOKED, ACTOR, at)
        ledger.append(session, recorded(deed, subject_of(revoked), serial, NOTHING_SIGNED, NOTHING_SIGNED, salt, now))


def _as_text(file: UnverifiedLicenseFile) -> str:
    return json.dumps({"v": 1, "keys": file.keys, "license": file.license, "revoked": file.revoked}, indent=2)


def _opened(file: UnverifiedLicenseFile, keys: RelayKeys) -> OpenedFile:
    return open_license_file(_as_text(file), keys.roots())


def _require_shareable(accepted: Accepted, known: Accepted | None) -> None:
    """Raises Malformed unless it is the license that the relay shares, or may begin to."""
    license = accepted.license
    if license.edition is not Edition.PRO:
        raise Malformed("A relay shares a paid license; this one is a trial.")
    if known is not None and known.license.lid != license.lid:
        raise Malformed(
            f"The relay shares the license {known.license.lid}, and the file is of {license.lid};"
            " start another relay with a data folder of its own."
        )
    if license.jti in accepted.revoked.issuances:
        raise Malformed(f"The license file holds an issue that was replaced; {NEWER}.")


def _require_empty(session: Session, license: License) -> None:
    other = next(iter(licenses.page(session, limit=1)), None)
    if other is not None:
        raise SetupRefused(
            f"This data folder belongs to the license {other.license_id}, and the file is of {license.lid};"
            " give the relay a LICENSING_DATA_DIR of its own."
        )
