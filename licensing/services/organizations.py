"""Organisations and their contacts: create, find, change, merge, and erase a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.addresses import fold
from licensing.core.callers import Caller
from licensing.core.errors import NotFound
from licensing.services.issuing import Issuing
from licensing.storage import events, organizations
from licensing.storage.database import Database
from licensing.storage.organizations import Organization
from licensing.system import System

NO_ORGANIZATION = "There is no such organisation."


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to write to; `email` is valid and normalised."""

    email: str
    name: str


class Organizations:
    """The customers' book."""

    def __init__(self, database: Database, issuing: Issuing, system: System) -> None:
        self._database = database
        self._issuing = issuing
        self._system = system

    def create(
        self, caller: Caller, name: str, country: str, domain: str | None, contact: Person | None
    ) -> Organization:
        """A new customer. Nobody is asked whether there is one of that name: see `search` first."""
        now = self._system.now()
        with self._database.write() as session:
            id = self._system.new_id()
            organizations.add(session, id, name, country, now, domain)
            if contact is not None:
                self._add_contact(session, id, contact, now)
            events.add(session, caller.id, "organization.created", id, now)
            return existing(session, caller, id)

    def _add_contact(self, session: Session, organization_id: str, person: Person, now: datetime) -> str:
        id = self._system.new_id()
        organizations.add_contact(session, id, organization_id, fold(person.email), person.name, now)
        return id


def existing(session: Session, caller: Caller, organization_id: str) -> Organization:
    """The customer of that id, or the one it was merged into. Raises NotFound in the same words for foreign ones."""
    family = organizations.family(session, organization_id)
    caller.require_sees(family, NO_ORGANIZATION)
    organization = organizations.find(session, family[0])
    if organization is None:
        raise NotFound(NO_ORGANIZATION)
    return organization
