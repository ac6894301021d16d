"""Licenses: show, suspend, reinstate, revoke, sign anew and hand over. What is paid for is in `services.sales`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from licensing.core.callers import Caller
from licensing.core.errors import LicenseState, OrganizationState, Refusal
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition
from licensing.core.revocations import Revocation
from licensing.core.sales import same_again
from licensing.core.standings import Standing
from licensing.services.deeds import Deeds, Done, seen
from licensing.services.issuing import Deed, subject_of
from licensing.services.organizations import existing
from licensing.storage import clusters, ledger, licenses, organizations

AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Shown:
    """All there is to say about a license."""

    standing: Standing
    organization: str
    issuances: list[ledger.Issuance]
    clusters: list[clusters.Seen]


class Licenses:
    """The deeds on licenses that nobody pays for."""

    def __init__(self, deeds: Deeds) -> None:
        self._deeds = deeds
        self._database = deeds.database
        self._now = deeds.system.now

    def reissue(self, caller: Caller, license_id: str, reason: str) -> Done:
        """The same license under a new signature. Raises NotFound, LicenseState."""
        now = self._now()
        with self._database.write() as session:
            standing, license = self._deeds.locked(session, caller, license_id)
            again = same_again(license, self._deeds.system.new_serial(), now)
            return self._deeds.issue(
                session, Deed(Kind.REISSUED, caller.id, now, {"reason": reason}), again, standing, now
            )

    def reissue_signed_by(self, caller: Caller, kid: str, reason: str) -> Iterator[tuple[str, Done | Refusal]]:
        """Every license whose newest token the key signed, under a new signature, each by itself: after a theft.

        One that can't be signed anew (its token was erased) is told with the refusal, and the others go on.
        """
        after = ""
        while True:
            with self._database.read() as session:
                found = licenses.signed_by(session, kid, after, AT_ONCE)
            for license_id in found:
                try:
                    yield license_id, self.reissue(caller, license_id, reason)
                except Refusal as refusal:
                    yield license_id, refusal
            if len(found) < AT_ONCE:
                return
            after = found[-1]

    def transfer(self, caller: Caller, license_id: str, organization_id: str, reason: str) -> Done:
        """A paid license belongs to another organisation, with its clusters. Raises NotFound, LicenseState."""
        now = self._now()
        with self._database.write() as session:
            standing, license = self._deeds.locked(session, caller, license_id)
            if standing.edition is not Edition.PRO:
                raise LicenseState("A trial belongs to who registered for it; it can't be transferred.")
            heir = existing(session, caller, organization_id)
            if heir.id in organizations.family(session, standing.organization_id):
                raise OrganizationState("The license belongs to this organisation already.")
            again = same_again(license, self._deeds.system.new_serial(), now)._replace(sub=heir.id, org=heir.name)
            details = {"reason": reason, "from": standing.organization_id}
            return self._deeds.issue(session, Deed(Kind.TRANSFERRED, caller.id, now, details), again, standing, now)

    def suspend(self, caller: Caller, license_id: str, reason: str) -> Done:
        """The license rests until it is reinstated. Raises NotFound, LicenseState."""
        return self._change(caller, license_id, Kind.SUSPENDED, reason)

    def reinstate(self, caller: Caller, license_id: str, reason: str) -> Done:
        """A suspended license stands again. Raises NotFound, LicenseState."""
        return self._change(caller, license_id, Kind.REINSTATED, reason)

    def revoke(self, caller: Caller, license_id: str, reason: str) -> Done:
        """The license stands no longer: here at once, elsewhere with the next list.

        It takes two people (Deeds.require_second). Raises NotFound, LicenseState, OwnRequest.
        """
        return self._change(caller, license_id, Kind.REVOKED, reason)

    def show(self, caller: Caller, license_id: str) -> Shown:
        """Raises NotFound."""
        with self._database.read() as session:
            standing = seen(session, caller, licenses.find(session, license_id))
            organization = organizations.find(session, standing.organization_id)
            return Shown(
                standing,
                organization.name if organization is not None else "",
                ledger.of_license(session, license_id),
                clusters.seen(session, license_id),
            )

    def standing(self, caller: Caller, license_id: str) -> Standing:
        """Where the license stands. Raises NotFound."""
        with self._database.read() as session:
            return seen(session, caller, licenses.find(session, license_id))

    def cautions(self, caller: Caller, license_id: str) -> tuple[str, ...]:
        """What the salesperson should know of the license as it stands. Raises NotFound."""
        with self._database.read() as session:
            return self._deeds.cautions(session, seen(session, caller, licenses.find(session, license_id)))

    def page(self, caller: Caller, after: str, limit: int, organization_id: str | None = None) -> list[Standing]:
        """Up to `limit` licenses by id, after the id `after`: of one customer, or of all that the caller sees."""
        with self._database.read() as session:
            of = organization_id or caller.organization_id
            family = None if of is None else organizations.family(session, of)
            if family is not None:
                caller.require_sees(family, "There is no such organisation.")
            return licenses.page(session, after, limit, family)

    def file(self, caller: Caller, license_id: str) -> Mapping[str, object]:
        """The license's newest file. Raises NotFound."""
        with self._database.write() as session:
            standing = seen(session, caller, licenses.find(session, license_id))
            return self._deeds.files.current(session, standing, self._now())

    def _change(self, caller: Caller, license_id: str, kind: Kind, reason: str) -> Done:
        """A deed that signs nothing: every cluster is told at its next check-in."""
        now = self._now()
        with self._database.write() as session:
            standing, license = self._deeds.locked(session, caller, license_id)
            if kind is Kind.REVOKED:
                self._deeds.require_second(session, caller, standing)
                changed = replace(standing, revoked_at=now)
                self._deeds.revoke(session, Revocation(int(now.timestamp()), lid=license_id), license, now)
            elif (kind is Kind.SUSPENDED) == (standing.suspended_at is not None):
                raise LicenseState(f"The license is {standing.status}.")
            else:
                changed = replace(standing, suspended_at=now if kind is Kind.SUSPENDED else None)
            changed = replace(changed, version=standing.version + 1)
            licenses.put(session, changed)
            deed = Deed(kind, caller.id, now, {"reason": reason})
            return Done(changed, self._deeds.issuing.note(session, deed, subject_of(changed), now))
