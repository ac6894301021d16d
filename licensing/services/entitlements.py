"""Entitlements: what support may give to who calls, by organisation, mailbox or license."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.addresses import fold
from licensing.core.callers import Caller
from licensing.core.entitlements import Entitlement, entitlement
from licensing.core.errors import NotFound
from licensing.core.standings import Standing
from licensing.services.organizations import existing
from licensing.storage import licenses, organizations, supports
from licensing.storage.database import Database
from licensing.storage.organizations import Organization

NO_CUSTOMER = "There is no such customer."


@dataclass(frozen=True, slots=True)
class Entitled:
    """A customer, her licenses, and what she may ask for."""

    organization: Organization
    licenses: list[Standing]
    entitlement: Entitlement


class Entitlements:
    """Answers "may she have this?"."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def of_organization(self, caller: Caller, organization_id: str) -> Entitled:
        """Raises NotFound."""
        with self._database.read() as session:
            return self._entitled(session, caller, organization_id)

    def of_license(self, caller: Caller, license_id: str) -> Entitled:
        """Raises NotFound."""
        with self._database.read() as session:
            standing = licenses.find(session, license_id)
            return self._entitled(session, caller, None if standing is None else standing.organization_id)

    def of_email(self, caller: Caller, email: str) -> Entitled:
        """By a contact's mailbox; of several customers the best entitled. Raises NotFound."""
        with self._database.read() as session:
            found = organizations.with_contact(session, fold(email).folded)
            if caller.organization_id is not None:
                found = [id for id in found if id in organizations.family(session, caller.organization_id)]
            entitled = [self._entitled(session, caller, id) for id in found]
            if not entitled:
                raise NotFound(NO_CUSTOMER)
            return max(entitled, key=lambda each: each.entitlement.level.rank)

    def _entitled(self, session: Session, caller: Caller, organization_id: str | None) -> Entitled:
        try:
            organization = existing(session, caller, organization_id or "")
        except NotFound as error:
            raise NotFound(NO_CUSTOMER) from error
        held = licenses.of_organizations(session, organizations.family(session, organization.id))
        return Entitled(organization, held, entitlement(held, supports.levels(session), self._now()))
