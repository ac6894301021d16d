"""What every deed on a license has in common: the lock, the leaf, the mail, and what becomes of the issue before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import mails
from licensing.core.callers import OPERATOR, Caller
from licensing.core.errors import LicenseState, NotFound
from licensing.core.ledger import Kind
from licensing.core.licenses import License
from licensing.core.revocations import Revocation, leaves_list_at
from licensing.core.sales import Charge, ends_at, lowers_rights, peak_above
from licensing.core.standings import Standing
from licensing.services.issuing import Deed, Issuing
from licensing.services.license_files import LicenseFiles
from licensing.services.revocations import RevokedLists
from licensing.storage import clusters, ledger, licenses, organizations, outbox
from licensing.storage.database import Database
from licensing.system import System

NO_LICENSE = "There is no such license."
NOBODY_TOLD = "Nobody was written to: the customer has no contact."


@dataclass(frozen=True, slots=True)
class Done:
    """What a deed came to: where the license stands, the deed's serial, and what the salesperson should know.

    `standing` is None for an imported sale that had ended before: no license was ever signed for it.
    """

    standing: Standing | None
    serial: str
    charge: Charge | None = None
    warnings: tuple[str, ...] = ()


class Deeds:
    """The common parts, for `services.licenses` and `services.sales`."""

    def __init__(
        self, database: Database, issuing: Issuing, files: LicenseFiles, revoked_lists: RevokedLists, system: System
    ) -> None:
        self.database = database
        self.issuing = issuing
        self.files = files
        self.system = system
        self._revoked_lists = revoked_lists

    def locked(self, session: Session, caller: Caller, license_id: str) -> tuple[Standing, License]:
        """The license, locked against others, and its newest claims. Raises NotFound, LicenseState when revoked."""
        return self.standing(session, caller, licenses.lock(session, license_id))

    def standing(self, session: Session, caller: Caller, found: Standing | None) -> tuple[Standing, License]:
        """The license that was found, and its newest claims. Raises NotFound, LicenseState when revoked."""
        standing = seen(session, caller, found)
        standing.require_not_revoked()
        return standing, self.files.license(self.files.token(session, standing))

    def require_second(self, session: Session, caller: Caller, standing: Standing) -> None:
        """The license may end for good: somebody suspended it, and the caller is somebody else.

        A suspension can be taken back, a revocation can't: so the one is the request, the other its approval. Raises
        LicenseState, OwnRequest.
        """
        if caller is OPERATOR:
            return
        suspended_by = None
        if standing.suspended_at is not None:
            suspended_by = ledger.actor_of_last(session, standing.license_id, Kind.SUSPENDED)
        if suspended_by is None:
            raise LicenseState("To end a license takes two people: one suspends it, another one ends it then.")
        caller.require_other(suspended_by, "You suspended the license; somebody else must end it.")

    def issued(self, session: Session, serial: str) -> License:
        """What was issued under the serial. Raises NotFound when its token was erased."""
        token = licenses.token(session, serial)
        if token is None:
            raise NotFound("The license's token was erased.")
        return self.files.license(token)

    def issue(
        self, session: Session, deed: Deed, license: License, previous: Standing | None, now: datetime, *more: str
    ) -> Done:
        """`license` is issued and mailed. `more` are warnings that come along."""
        standing = self.issuing.issue(session, deed, license, previous, now)
        recipients = organizations.contacts(session, standing.organization_id)[:1]
        for contact in recipients:
            mail = mails.license_issued(contact.email, contact.name, sentence(license), None)
            outbox.add(session, self.system.new_id(), mail, now, license.lid)
        return Done(standing, license.jti, deed.charge, (*more, *(() if recipients else (NOBODY_TOLD,))))

    def reissue(
        self, session: Session, deed: Deed, fresh: License, standing: Standing, old: License, now: datetime, *more: str
    ) -> Done:
        """Issues `fresh` in place of `old`; where it lowers rights, the old issuance goes onto the revoked list."""
        done = self.issue(session, deed, fresh, standing, now, *more)
        if lowers_rights(old, fresh):
            self.revoke(session, Revocation(int(now.timestamp()), jti=old.jti), old, now)
        return done

    def revoke(self, session: Session, entry: Revocation, license: License, now: datetime) -> None:
        """Puts an issuance or a whole license onto the revoked list, until nobody could use it any more."""
        leaves = leaves_list_at(license.exp, license.grace.exp)
        leaves_at = None if leaves is None else datetime.fromtimestamp(leaves, tz=now.tzinfo)
        self._revoked_lists.revoke(session, entry, now, leaves_at)

    def cautions(self, session: Session, standing: Standing) -> tuple[str, ...]:
        """What the salesperson should know of the license as it stands: the warnings of the deed before."""
        recipients = organizations.contacts(session, standing.organization_id)
        peak = clusters.peak(session, standing.license_id)
        return (*peak_above(peak, standing.seats), *(() if recipients else (NOBODY_TOLD,)))


def seen(session: Session, caller: Caller, standing: Standing | None) -> Standing:
    """The license, if there is one and the caller may know of it; raises NotFound in the same words for both."""
    if standing is None:
        raise NotFound(NO_LICENSE)
    caller.require_sees(organizations.family(session, standing.organization_id), NO_LICENSE)
    return standing


def sentence(license: License) -> str:
    """What the mail that brings a license says of it."""
    end = ends_at(license)
    term = "" if end is None else f", until {end.date().isoformat()}"
    return f"your license for {license.seats} storage nodes is ready{term}."
