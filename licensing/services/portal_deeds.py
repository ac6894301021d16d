"""What a visitor of the portal does with her organisation's licenses. What she may do is decided here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from licensing.core import mails, throttle
from licensing.core.addresses import fold
from licensing.core.errors import InvalidFields, NotFound, OrganizationState, QuoteState
from licensing.core.portal import MAX_CONTACTS, Membership, Visitor, actor, require_silent
from licensing.core.standings import Standing
from licensing.services.clusters import NO_CLUSTER, free, unbind
from licensing.services.organizations import Person
from licensing.services.portal import PORTAL_PATH
from licensing.services.portal_licenses import visible
from licensing.services.throttle import spend
from licensing.storage import (
    cluster_outlines,
    clusters,
    events,
    histories,
    licenses,
    organizations,
    outbox,
    quote_requests,
)
from licensing.storage.database import Database
from licensing.storage.organizations import Contact
from licensing.storage.quote_requests import QuoteRequest
from licensing.system import System


class PortalDeeds:
    """Deeds of customers. Each leaves a line in the trail, with the contact's id."""

    def __init__(self, database: Database, system: System, public_url: str) -> None:
        self._database = database
        self._system = system
        self._public_url = public_url

    def release(self, visitor: Visitor, license_id: str, fsid: str) -> None:
        """The seats of a dead cluster are free. Raises NotFound, and LicenseState for one that may be alive."""
        now = self._system.now()
        with self._database.write() as session:
            standing, membership = _locked(session, visitor, license_id)
            held = clusters.with_fsid(session, license_id, fsid)
            if not held:
                raise NotFound(NO_CLUSTER)
            require_silent(cluster_outlines.written_at(session, license_id, fsid), now)
            free(session, standing, held, now)
            unbind(session, standing, fsid)
            details = {"fsid": fsid, "reason": "released by the customer"}
            events.add(session, actor(membership), "cluster.released", license_id, now, details)

    def ask_for_quote(self, visitor: Visitor, license_id: str, seats: int, note: str) -> None:
        """Sales see that she wants a price.

        Raises NotFound, QuoteState while an earlier request waits, and TooManyTries.
        """
        now, id = self._system.now(), self._system.new_id()
        with self._database.write() as session:
            _, membership = _locked(session, visitor, license_id)
            if quote_requests.open_of_license(session, license_id) is not None:
                raise QuoteState("A request for this license waits already; somebody will write to you.")
            customer = membership.family[0]
            spend(session, throttle.of_quote_requests(license_id), now)
            request = QuoteRequest(id, customer, license_id, membership.contact_id, seats, note, now)
            quote_requests.add(session, request)
            histories.mark(session, customer)
            events.add(session, actor(membership), "quote.asked_for", customer, now, {"seats": seats})

    def invite(self, visitor: Visitor, license_id: str, person: Person) -> None:
        """A colleague is a contact of the license's customer, and has a mail that says how to sign in.

        Raises NotFound, InvalidFields for who is a contact already, OrganizationState above MAX_CONTACTS.
        """
        now, id = self._system.now(), self._system.new_id()
        with self._database.write() as session:
            _, membership = visible(visitor, licenses.find(session, license_id))
            customer = organizations.lock(session, membership.family[:1])[membership.family[0]]
            _require_room(organizations.contacts(session, customer.id), person)
            organizations.add_contact(session, id, customer.id, fold(person.email), person.name, now)
            mail = mails.invitation(
                person.email, person.name, membership.email, customer.name, f"{self._public_url}{PORTAL_PATH}"
            )
            outbox.add(session, self._system.new_id(), mail, now)
            events.add(session, actor(membership), "contact.invited", customer.id, now, {"contact": id})


def _locked(session: Session, visitor: Visitor, license_id: str) -> tuple[Standing, Membership]:
    return visible(visitor, licenses.lock(session, license_id))


def _require_room(contacts: Sequence[Contact], person: Person) -> None:
    folded = fold(person.email).folded
    if any(each.folded_email == folded for each in contacts):
        raise InvalidFields({"email": ["Can sign in already."]})
    if len(contacts) >= MAX_CONTACTS:
        raise OrganizationState(f"The organisation has {len(contacts)} of {MAX_CONTACTS} people; ask us for more.")
