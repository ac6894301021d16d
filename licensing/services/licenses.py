"""Licenses: sell, convert, renew, re-issue and revoke. Each is one deed, one leaf, and where it signs one mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy.orm import Session

from licensing.core import mails
from licensing.core.addresses import fold
from licensing.core.errors import LicenseState, NotFound
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition, License
from licensing.core.revocations import Revocation, leaves_list_at
from licensing.core.sales import Term, expanding_kind, first_sale, renewal, same_again
from licensing.core.standings import Standing
from licensing.core.tiers import tier_for
from licensing.services.issuing import Deed, Issuing
from licensing.services.license_files import LicenseFiles, as_text
from licensing.services.revocations import RevokedLists
from licensing.storage import clusters, ledger, licenses, organizations, outbox, tiers
from licensing.storage.database import Database
from licensing.system import System


@dataclass(frozen=True, slots=True)
class Buyer:
    """Whom a license is sold to for the first time; `email` is valid and normalised."""

    organization: str
    country: str
    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Shown:
    """All there is to say about a license."""

    standing: Standing
    organization: str
    issuances: list[ledger.Issuance]
    clusters: list[clusters.Seen]


class Licenses:
    """The deeds on licenses. `actor` is who does it, for the private record."""

    def __init__(
        self, database: Database, issuing: Issuing, files: LicenseFiles, revoked_lists: RevokedLists, system: System
    ) -> None:
        self._database = database
        self._issuing = issuing
        self._files = files
        self._revoked_lists = revoked_lists
        self._system = system

    def sell(self, buyer: Buyer, term: Term, actor: str) -> Standing:
        """A paid license for a new organisation. Raises TermRefused."""
        now = self._system.now()
        organization_id = self._system.new_id()
        with self._database.write() as session:
            tier = tier_for(Edition.PRO, term.seats, now, tiers.every(session))
            organizations.add(session, organization_id, buyer.organization, buyer.country, now)
            address = fold(buyer.email)
            organizations.add_contact(session, self._system.new_id(), organization_id, address, buyer.name, now)
            ids = (organization_id, self._system.new_id(), self._system.new_serial())
            license = first_sale(*ids, company=buyer.organization, tier=tier, term=term, now=now)
            return self._issue(session, Deed(Kind.SOLD, actor, now, {}), license, None, now)

    def convert(self, license_id: str, term: Term, actor: str) -> Standing:
        """A trial becomes a paid license of the same id. Raises NotFound, LicenseState, TermRefused."""
        with self._database.write() as session:
            standing, license = self._locked(session, license_id)
            if standing.edition is not Edition.TRIAL:
                raise LicenseState(f"The license {license_id} is paid already; renew it.")
            return self._renew(session, standing, license, Kind.CONVERTED, term, actor)

    def renew(self, license_id: str, term: Term, actor: str) -> Standing:
        """A paid license gets another term and number of seats. Raises NotFound, LicenseState, TermRefused."""
        with self._database.write() as session:
            standing, license = self._locked(session, license_id)
            if standing.edition is not Edition.PRO:
                raise LicenseState(f"The license {license_id} is a trial; convert it.")
            return self._renew(session, standing, license, Kind.RENEWED, term, actor)

    def resize(self, license_id: str, seats: int, actor: str) -> Standing:
        """A paid license gets more or fewer seats within its term. Raises NotFound, LicenseState, TermRefused."""
        now = self._system.now()
        with self._database.write() as session:
            standing, license = self._locked(session, license_id)
            kind = expanding_kind(license, seats)
            tier = tier_for(Edition.PRO, seats, now, tiers.every(session))
            again = same_again(license, self._system.new_serial(), now)
            resized = again._replace(seats=seats, tier=tier.name, support=tier.support)
            return self._reissue(session, Deed(kind, actor, now, {}), resized, standing, license, now)

    def reissue(self, license_id: str, reason: str, actor: str) -> Standing:
        """The same license under a new signature. Raises NotFound, LicenseState."""
        now = self._system.now()
        with self._database.write() as session:
            standing, license = self._locked(session, license_id)
            again = same_again(license, self._system.new_serial(), now)
            return self._issue(session, Deed(Kind.REISSUED, actor, now, {"reason": reason}), again, standing, now)

    def revoke(self, license_id: str, reason: str, actor: str) -> Standing:
        """The license stands no longer: here at once, elsewhere with the next list. Raises NotFound, LicenseState."""
        now = self._system.now()
        with self._database.write() as session:
            standing, license = self._locked(session, license_id)
            standing = replace(standing, revoked_at=now, version=standing.version + 1)
            licenses.put(session, standing)
            entry = Revocation(int(now.timestamp()), lid=license_id)
            self._revoked_lists.revoke(session, entry, now, _leaves(license))
            self._issuing.note(session, Deed(Kind.REVOKED, actor, now, {"reason": reason}), standing, now)
            return standing

    def show(self, license_id: str) -> Shown:
        """Raises NotFound."""
        with self._database.read() as session:
            standing = licenses.find(session, license_id)
            if standing is None:
                raise NotFound(f"There is no license {license_id}.")
            organization = organizations.find(session, standing.organization_id)
            return Shown(
                standing,
                organization.name if organization is not None else "",
                ledger.of_license(session, license_id),
                clusters.seen(session, license_id),
            )

    def page(self, after: str, limit: int) -> list[Standing]:
        """Up to `limit` licenses by id, after the id `after`."""
        with self._database.read() as session:
            return licenses.page(session, after, limit)

    def file(self, license_id: str) -> Mapping[str, object]:
        """The license's newest file. Raises NotFound."""
        with self._database.write() as session:
            standing = licenses.find(session, license_id)
            if standing is None:
                raise NotFound(f"There is no license {license_id}.")
            return self._files.current(session, standing, self._system.now())

    def _locked(self, session: Session, license_id: str) -> tuple[Standing, License]:
        """The license, locked against others, and its newest claims; raises NotFound, LicenseState."""
        standing = licenses.lock(session, license_id)
        if standing is None:
            raise NotFound(f"There is no license {license_id}.")
        standing.require_not_revoked()
        return standing, self._files.license(self._files.token(session, standing))

    def _renew(
        self, session: Session, standing: Standing, license: License, kind: Kind, term: Term, actor: str
    ) -> Standing:
        now = self._system.now()
        tier = tier_for(Edition.PRO, term.seats, now, tiers.every(session))
        organization = organizations.find(session, standing.organization_id)
        company = license.org if organization is None or license.org else organization.name
        renewed = renewal(license, self._system.new_serial(), company=company, tier=tier, term=term, now=now)
        return self._reissue(session, Deed(kind, actor, now, {}), renewed, standing, license, now)

    def _reissue(
        self, session: Session, deed: Deed, fresh: License, standing: Standing, old: License, now: datetime
    ) -> Standing:
        """Issues `fresh` in place of `old`; where it lowers rights, the old issuance goes onto the revoked list."""
        issued = self._issue(session, deed, fresh, standing, now)
        if old.edition is Edition.PRO and fresh.seats < old.seats:
            entry = Revocation(int(now.timestamp()), jti=old.jti)
            self._revoked_lists.revoke(session, entry, now, _leaves(old))
        return issued

    def _issue(
        self, session: Session, deed: Deed, license: License, previous: Standing | None, now: datetime
    ) -> Standing:
        standing = self._issuing.issue(session, deed, license, previous, now)
        text = as_text(self._files.current(session, standing, now))
        sentence = f"your license for {license.seats} storage nodes is ready."
        for contact in organizations.contacts(session, standing.organization_id)[:1]:
            mail = mails.license_issued(contact.email, contact.name, sentence, text)
            outbox.add(session, self._system.new_id(), mail, now)
        return standing


def _leaves(license: License) -> datetime | None:
    seconds = leaves_list_at(license.exp, license.grace.exp)
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)
