"""The door of the customers' portal: a link by mail, a session, and who it belongs to.

Whoever asks for a link learns nothing: for an unknown address the same is done, and only the mail is taken back.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import mails, throttle
from licensing.core.addresses import Address, fold
from licensing.core.errors import LinkUnknown, SignInRequired
from licensing.core.mails import Mail
from licensing.core.portal import LINKS_COUNTED, MAX_UNUSED_LINKS, Membership, Visitor, opened, usable
from licensing.core.sessions import secret_hash
from licensing.services.throttle import spend
from licensing.storage import organizations, outbox, portal
from licensing.storage.database import Database
from licensing.storage.organizations import Contact
from licensing.system import System

PORTAL_PATH = "/licenses"
ENTER_PATH = f"{PORTAL_PATH}/enter"


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that began now."""

    secret: str = field(repr=False)
    expires_at: datetime


class Portal:
    """Sessions of customers."""

    def __init__(self, database: Database, system: System, public_url: str) -> None:
        self._database = database
        self._system = system
        self._public_url = public_url

    def ask(self, email: str, *, network: str = "") -> None:
        """A mail with a link is on its way, if `email` (valid, normalised) is a contact's.

        Above MAX_UNUSED_LINKS an hour nothing changes, and nobody is told. Raises TooManyTries for a network that asks
        and asks, whatever for.
        """
        now, address = self._system.now(), fold(email)
        link, mail_id = self._system.new_link(), self._system.new_id()
        with self._database.write() as session:
            if network:
                spend(session, throttle.of_portal_links(network), now)
            portal.lock_mailbox(session, address.folded)
            if portal.unused_links(session, address.folded, now - LINKS_COUNTED) >= MAX_UNUSED_LINKS:
                return
            portal.add_link(session, secret_hash(link), address.folded, now)
            contact = _addressed(organizations.of_mailbox(session, address.folded), address)
            with session.begin_nested() as mailing:
                outbox.add(session, mail_id, self._mail(contact, address, link), now)
                session.flush()  # so that it is written, and the work is the same, before it may be taken back
                if contact is None:
                    mailing.rollback()

    def enter(self, link: str) -> Opened:
        """A session for who has the mail's link; no other link of the mailbox works any more.

        Raises LinkUnknown, LinkUsed, LinkExpired.
        """
        now, secret = self._system.now(), self._system.new_session()
        with self._database.write() as session:
            found = portal.find_link(session, secret_hash(link))
            if found is not None:
                portal.lock_mailbox(session, found.folded_email)
            usable_link = usable(portal.find_link(session, secret_hash(link)), now)  # somebody may have been faster
            if not _memberships(session, usable_link.folded_email):
                raise LinkUnknown("Nobody is known by this address any more.")
            portal.use_links(session, usable_link.folded_email, now)
            begun = opened(usable_link.folded_email, now)
            portal.open_session(session, secret_hash(secret), begun)
        return Opened(secret, begun.expires_at)

    def visitor(self, session_secret: str) -> Visitor:
        """Who this session belongs to. Using a session keeps it from ending idle. Raises SignInRequired."""
        now, hashed = self._system.now(), secret_hash(session_secret)
        with self._database.read() as session:
            held = portal.find_session(session, hashed)
            is_live = held is not None and held.is_live(now)
            memberships = _memberships(session, held.folded_email) if held is not None and is_live else ()
        if held is None or not memberships:
            raise SignInRequired("The session has ended; sign in again.")
        if held.is_due(now):
            with self._database.write() as session:
                portal.see(session, hashed, now)
        return Visitor(held.folded_email, memberships)

    def sign_out(self, session_secret: str) -> None:
        """The session has ended, if there was one."""
        with self._database.write() as session:
            portal.end_session(session, secret_hash(session_secret))

    def _mail(self, contact: Contact | None, address: Address, link: str) -> Mail:
        """To the address on record, not the one just typed: folding may err, and a link must not go astray."""
        recipient, name = (address.typed, "") if contact is None else (contact.email, contact.name)
        return mails.portal_link(recipient, name, f"{self._public_url}{ENTER_PATH}?token={link}")


def forget_over(session: Session, now: datetime) -> None:
    """Old links and sessions that are over leave their tables."""
    portal.forget_over(session, now, now - LINKS_COUNTED)


def _addressed(contacts: list[Contact], address: Address) -> Contact | None:
    """The contact spelled as typed, else the first of the mailbox."""
    spelled = [each for each in contacts if each.email.lower() == address.typed.lower()]
    return next(iter(spelled or contacts), None)


def _memberships(session: Session, folded_email: str) -> tuple[Membership, ...]:
    """One for each customer of whom she is a contact."""
    by_customer: dict[str, Membership] = {}
    contacts = organizations.of_mailbox(session, folded_email)
    families = organizations.families(session, (contact.organization_id for contact in contacts))
    for contact in contacts:
        family = families[contact.organization_id]
        by_customer.setdefault(family[0], Membership(contact.id, contact.name, contact.email, family))
    return tuple(by_customer.values())
