"""A person's rights to what we know of her: to see it, and to have it erased (GDPR art. 15 and 17)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import throttle
from licensing.core.callers import Caller
from licensing.core.errors import OrganizationState
from licensing.core.portal import Membership, Visitor, actor, must_be_reachable
from licensing.services.organizations import Organizations
from licensing.services.throttle import spend
from licensing.storage import events, licenses, organizations, privacy
from licensing.storage.database import Database
from licensing.system import System


class Privacy:
    """What a visitor of the portal may ask about herself."""

    def __init__(self, database: Database, customers: Organizations, system: System) -> None:
        self._database = database
        self._customers = customers
        self._now = system.now

    def export(self, visitor: Visitor) -> Mapping[str, object]:
        """Everything that is known of this mailbox, as plain values and datetimes."""
        with self._database.snapshot() as session:
            contacts = privacy.contacts(session, visitor.folded_email)
            registrations = privacy.registrations(session, visitor.folded_email)
            spellings = {str(line["email"]) for line in (*contacts, *registrations)} | {visitor.folded_email}
            return {
                "address": visitor.folded_email,
                "exported_at": self._now(),
                "contacts": contacts,
                "registrations": registrations,
                "quote_requests": privacy.quote_requests(session, [str(line["contact_id"]) for line in contacts]),
                "mails": privacy.mails(session, spellings),
                "portal_sessions": privacy.sessions(session, visitor.folded_email),
                "portal_links": privacy.links(session, visitor.folded_email),
            }

    def download(self, visitor: Visitor) -> Mapping[str, object]:
        """The same, to take along. Raises TooManyTries."""
        with self._database.write() as session:
            spend(session, throttle.of_exports(visitor.folded_email), self._now())
        return self.export(visitor)

    def set_news(self, visitor: Visitor, *, wanted: bool) -> None:
        """Whether we may write to her about more than her licenses, from now on."""
        now = self._now()
        with self._database.write() as session:
            ids = [each.contact_id for each in visitor.memberships]
            organizations.set_news(session, ids, now if wanted else None)
            for each in visitor.memberships:
                events.add(session, actor(each), "contact.news", each.contact_id, now, {"wanted": wanted})

    def erase(self, visitor: Visitor) -> None:
        """She is nobody from now on, wherever she was a contact, and signed out everywhere; the ledger says so.

        Raises OrganizationState while she is the only one whom we can write to about a license that is paid for.
        """
        now, membership = self._now(), visitor.memberships[0]
        with self._database.joined() as session:
            organizations.lock(session, visitor.organization_ids)
            for each in visitor.memberships:
                _require_another(session, each, visitor.folded_email, now)
            caller = Caller(actor(membership), frozenset())
            self._customers.erase(caller, membership.family[0], membership.contact_id, ())


def _require_another(session: Session, membership: Membership, folded_email: str, now: datetime) -> None:
    contacts = organizations.contacts(session, membership.family[0])
    if any(each.folded_email != folded_email for each in contacts):
        return
    held = licenses.of_organizations(session, membership.family)
    if any(must_be_reachable(each, now) for each in held):
        raise OrganizationState(
            "You are the only person we can write to about a license that is paid for. Invite a colleague on the"
            " license's page first; then you can be erased at once."
        )
