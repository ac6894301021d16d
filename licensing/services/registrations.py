"""Registrations for a trial: who asks, and the mail that only the mailbox's owner can read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import mails, throttle
from licensing.core.addresses import DomainKnowledge, fold, trial_key
from licensing.core.errors import DisposableAddress, TooManyTries
from licensing.core.mails import Mail
from licensing.core.trials import Registration, Source, code_hash, link_hash, spelled_code
from licensing.services.license_files import LicenseFiles, as_text
from licensing.services.throttle import spend
from licensing.storage import histories, licenses, organizations, outbox, registrations
from licensing.storage.database import Database
from licensing.system import System

TRIAL_PATH = "/trial"
CONFIRM_PATH = f"{TRIAL_PATH}/confirm"


@dataclass(frozen=True, slots=True)
class Applicant:
    """What the form says; `email` is valid and normalised. `news` is whether we may write about more than this."""

    email: str
    name: str
    organization: str
    country: str
    expected_nodes: int
    news: bool = False


class Registrations:
    """The way from a form to a mail."""

    def __init__(
        self, database: Database, files: LicenseFiles, domains: DomainKnowledge, system: System, public_url: str
    ) -> None:
        self._database = database
        self._files = files
        self._domains = domains
        self._system = system
        self._public_url = public_url

    def register(self, applicant: Applicant, source: Source = Source.PAGE) -> str:
        """A mail is on its way; which one, only its reader learns. The registration's id.

        Raises DisposableAddress, and TooManyTries for a mailbox that was written to several times just now.
        """
        address = fold(applicant.email)
        if self._domains.is_disposable(address.domain):
            raise DisposableAddress("Addresses of throw-away mail services can't register; use your own.")
        registration = Registration(
            address=address,
            name=applicant.name,
            organization=applicant.organization,
            country=applicant.country,
            expected_nodes=applicant.expected_nodes,
            trial_key=trial_key(address, self._domains),
            source=source,
            news=applicant.news,
        )
        with self._database.write() as session:
            return self._register(session, registration, self._system.now())

    def again(self, email: str) -> None:
        """What was mailed to this mailbox is mailed once more, with a new link and code.

        Nothing happens where nobody has registered, where it is confirmed, and where there were several mails just
        now; and nobody is told which.
        """
        now = self._system.now()
        with self._database.write() as session:
            pending = registrations.newest_of(session, fold(email).folded)
            if pending is None or pending.used_at is not None or now >= pending.link_expires_at:
                return
            try:
                self._register(session, pending.registration, now)
            except TooManyTries:
                return

    def _register(self, session: Session, registration: Registration, now: datetime) -> str:
        spend(session, throttle.of_registration(registration.address.folded), now)
        id, link, code = self._system.new_id(), self._system.new_link(), self._system.new_code()
        registrations.add(session, id, registration, link_hash(link), code_hash(registration.address, code), now)
        histories.mark(session, registration.trial_key)
        for mail in self._mails(session, registration, link, code, now):
            outbox.add(session, self._system.new_id(), mail, now)
        return id

    def _mails(self, session: Session, registration: Registration, link: str, code: str, now: datetime) -> list[Mail]:
        """What is to be written, and to whom: never more than its reader may know."""
        address, url = registration.address, f"{self._public_url}{CONFIRM_PATH}?token={link}"
        spelled = spelled_code(code)
        holder = organizations.with_trial_key(session, registration.trial_key)
        if holder is None:
            return [mails.confirmation(address.typed, registration.name, url, spelled)]
        for contact in organizations.contacts(session, holder.id):
            if contact.folded_email == address.folded:
                # To the address on record, not the one just typed: folding may err, and a license must not go astray.
                standing = licenses.first_of(session, holder.id)
                if standing is None:
                    break
                license_file = as_text(self._files.current(session, standing, now))
                return [mails.license_again(contact.email, contact.name, url, spelled, license_file)]
        asked = [
            mails.colleague_asked(contact.email, contact.name, address.typed)
            for contact in organizations.contacts(session, holder.id)[:1]
        ]
        return [mails.colleague_has_it(address.typed, registration.name), *asked]
