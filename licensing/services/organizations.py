"""Organisations and their contacts: create, find, change, merge, and erase a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.addresses import fold
from licensing.core.callers import Caller
from licensing.core.errors import Forbidden, InvalidFields, NotFound, OrganizationState
from licensing.core.ledger import Kind
from licensing.core.standings import Standing
from licensing.services.issuing import Deed, Issuing, Subject
from licensing.storage import (
    events,
    histories,
    ledger,
    licenses,
    organizations,
    outbox,
    portal,
    quote_requests,
    registrations,
)
from licensing.storage.database import Database
from licensing.storage.events import Event
from licensing.storage.organizations import Contact, Organization
from licensing.system import System

NO_ORGANIZATION = "There is no such organisation."
NO_CONTACT = "There is no such contact."


@dataclass(frozen=True, slots=True)
class Person:
    """Whom to write to; `email` is valid and normalised."""

    email: str
    name: str


@dataclass(frozen=True, slots=True)
class Customer:
    """An organisation with all that belongs to it; `merged` are the ids of its duplicates.

    `issuances` are those of all of them, in the order of the ledger.
    """

    organization: Organization
    contacts: list[Contact]
    licenses: list[Standing]
    merged: tuple[str, ...]
    events: list[Event]
    issuances: list[ledger.Issuance]


class Organizations:
    """The customers' book."""

    def __init__(self, database: Database, issuing: Issuing, system: System) -> None:
        self._database = database
        self._issuing = issuing
        self._system = system

    def create(
        self, caller: Caller, name: str, country: str, domain: str | None, contact: Person | None
    ) -> Organization:
        """A new customer. Whether there is one of that name already is for people to see: search first."""
        require_unconfined(caller)
        now, id = self._system.now(), self._system.new_id()
        with self._database.write() as session:
            organizations.add(session, id, name, country, now, domain)
            if contact is not None:
                self._add_contact(session, id, contact, now)
            events.add(session, caller.id, "organization.created", id, now)
            return existing(session, caller, id)

    def show(self, caller: Caller, organization_id: str) -> Customer:
        """Raises NotFound. A merged organisation is shown as the one it was merged into."""
        with self._database.read() as session:
            organization = existing(session, caller, organization_id)
            head, *merged = organizations.family(session, organization.id)
            return Customer(
                organization,
                organizations.contacts(session, head),
                licenses.of_organizations(session, (head, *merged)),
                tuple(merged),
                events.of_subject(session, head),
                ledger.of_organizations(session, (head, *merged)),
            )

    def search(self, caller: Caller, query: str, limit: int) -> list[Organization]:
        """The customers most like what somebody typed, the best first."""
        with self._database.read() as session:
            return organizations.search(session, query, limit, _within(session, caller))

    def page(self, caller: Caller, before: str, limit: int) -> list[Organization]:
        """The newest `limit` customers created before the one with id `before`."""
        with self._database.read() as session:
            return organizations.page(session, before, limit, _within(session, caller))

    def change(self, caller: Caller, organization_id: str, **values: str | None) -> Organization:
        """The organisation has another `name`, `country` or `domain`. Raises NotFound."""
        now = self._system.now()
        with self._database.write() as session:
            organization = existing(session, caller, organization_id)
            if values:
                organizations.change(session, organization.id, **values)
                histories.mark(session, organization.id)
                details = {"changed": sorted(values)}
                events.add(session, caller.id, "organization.changed", organization.id, now, details)
            return existing(session, caller, organization.id)

    def add_contact(self, caller: Caller, organization_id: str, person: Person) -> str:
        """The id of a new contact. Raises NotFound."""
        now = self._system.now()
        with self._database.write() as session:
            organization = existing(session, caller, organization_id)
            return self._add_contact(session, organization.id, person, now)

    def merge(self, caller: Caller, duplicate_id: str, survivor_id: str) -> Organization:
        """Two that are one customer: whatever belongs to the duplicate is found under the survivor from now on.

        Nothing of its history is rewritten: licenses and issuances keep the organisation they were made for. Raises
        NotFound, and OrganizationState for one that was merged before.
        """
        require_unconfined(caller)
        now = self._system.now()
        with self._database.write() as session:
            found = organizations.lock(session, (duplicate_id, survivor_id))
            duplicate, survivor = found.get(duplicate_id), found.get(survivor_id)
            if duplicate is None or survivor is None:
                raise NotFound(NO_ORGANIZATION)
            if duplicate.id == survivor.id or duplicate.merged_into or survivor.merged_into:
                raise OrganizationState("Two organisations are merged, and neither may have been merged before.")
            organizations.merge(session, duplicate.id, survivor.id)
            histories.mark(session, duplicate.id, survivor.id)
            for subject, other in ((duplicate.id, survivor.id), (survivor.id, duplicate.id)):
                events.add(session, caller.id, "organization.merged", subject, now, {"with": other})
            return survivor

    def erase(self, caller: Caller, organization_id: str, contact_id: str, serials: Sequence[str]) -> None:
        """The person is nobody from now on, wherever she was a contact: the ledger says so, and who she was is gone.

        Contacts, registrations and mails are blank. `serials` are issuances of the customer whose private records name
        her; the records go, too. Raises NotFound, and InvalidFields for an issuance that is not the customer's.
        """
        now = self._system.now()
        with self._database.write() as session:
            organization = existing(session, caller, organization_id)
            contacts = {contact.id: contact for contact in organizations.contacts(session, organization.id)}
            person = contacts.get(contact_id)
            if person is None:
                raise NotFound(NO_CONTACT)
            spellings = registrations.erase(session, person.folded_email, now)
            portal.forget_mailbox(session, person.folded_email)
            for contact in organizations.of_mailbox(session, person.folded_email):
                spellings.add(contact.email)
                quote_requests.erase_notes(session, contact.id)
                organizations.erase_contact(session, contact, now)
                self._note_erased(session, caller, contact, contact.organization_id, now)
            for spelling in spellings:
                outbox.erase(session, spelling, now)
            family = organizations.family(session, organization.id)
            for serial in serials:
                issuance = ledger.find(session, serial)
                is_theirs = issuance is not None and issuance.organization_id in family
                if not is_theirs or not ledger.erase_record(session, serial):
                    raise InvalidFields({"issuances": ["Must name issuances of this customer that have a record."]})
                self._note_erased(session, caller, person, organization.id, now, serial)

    def _note_erased(
        self,
        session: Session,
        caller: Caller,
        contact: Contact,
        organization_id: str,
        now: datetime,
        serial: str | None = None,
    ) -> None:
        deed = Deed(Kind.ERASED, caller.id, now, {"contact": contact.id}, refers_to=serial)
        self._issuing.note(session, deed, Subject(organization_id=organization_id), now)

    def _add_contact(self, session: Session, organization_id: str, person: Person, now: datetime) -> str:
        id = self._system.new_id()
        organizations.add_contact(session, id, organization_id, fold(person.email), person.name, now)
        return id


def existing(session: Session, caller: Caller, organization_id: str) -> Organization:
    """The customer of that id, or the one it was merged into. Raises NotFound in the same words for foreign ones."""
    customer = organizations.customer(session, organization_id)
    caller.require_sees(tuple(each.id for each in customer), NO_ORGANIZATION)
    if not customer:
        raise NotFound(NO_ORGANIZATION)
    return customer[0]


def _within(session: Session, caller: Caller) -> tuple[str, ...] | None:
    """The ids that the caller may know of; None for all."""
    return None if caller.organization_id is None else organizations.family(session, caller.organization_id)


def require_unconfined(caller: Caller) -> None:
    """Raises Forbidden to a key that is confined to one organisation."""
    if caller.organization_id is not None:
        raise Forbidden("This key is confined to one organisation.")
