"""Registrations for a trial: who asks, and the mail that only the mailbox's owner can read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import mails, throttle
from licensing.core.addresses import Address, DomainKnowledge, fold, trial_key
from licensing.core.errors import DisposableAddress, TooManyTries
from licensing.core.mails import Mail
from licensing.core.trials import NO_LIKENESS, Likeness, Registration, Source, code_hash, link_hash, spelled_code
from licensing.services.throttle import spend
from licensing.storage import histories, licenses, organizations, outbox, registrations
from licensing.storage.database import Database
from licensing.system import System

TRIAL_PATH = "/trial"
CONFIRM_PATH = f"{TRIAL_PATH}/confirm"
NOBODY = ""
"""The id that no organisation has."""


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

    def __init__(self, database: Database, domains: DomainKnowledge, system: System, public_url: str) -> None:
        self._database = database
        self._domains = domains
        self._system = system
        self._public_url = public_url

    def register(self, applicant: Applicant, source: Source = Source.PAGE, *, network: str = "") -> str:
        """A mail is on its way; which one, only its reader learns. The registration's id.

        `network` is the address that the request came from. Raises DisposableAddress, and TooManyTries for a mailbox
        that was written to several times just now, and where a network or an organisation registers all day.
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
        now = self._system.now()
        with self._database.write() as session:
            others = throttle.of_registrations(network, registration.trial_key) if network else ()
            spend(session, throttle.of_registration(address.folded), now, *others)
            return self._write(session, registration, now, registration.likeness(throttle.network_of(network)))

    def again(self, email: str) -> None:
        """What was mailed to this mailbox is mailed once more, with a new link and code.

        Nothing happens where nobody has registered, where it is confirmed, and where there were several mails just
        now; and nobody is told which: the same is done for everybody, and then taken back.
        """
        now, address = self._system.now(), fold(email)
        with self._database.write() as session:
            try:
                spend(session, throttle.of_registration(address.folded), now)
            except TooManyTries:
                return
            pending = registrations.newest_of(session, address.folded)
            is_awaited = pending is not None and pending.used_at is None and now < pending.link_expires_at
            with session.begin_nested() as mailing:
                self._write(session, self._nobodys(address) if pending is None else pending.registration, now)
                session.flush()  # so that it is written, and the work is the same, before it may be taken back
                if not is_awaited:
                    mailing.rollback()

    def _write(
        self, session: Session, registration: Registration, now: datetime, likeness: Likeness = NO_LIKENESS
    ) -> str:
        id, link, code = self._system.new_id(), self._system.new_link(), self._system.new_code()
        hashes = link_hash(link), code_hash(registration.address, code)
        registrations.add(session, id, registration, *hashes, now, likeness)
        histories.mark(session, registration.trial_key)
        letters = self._mails(session, registration, link, code)
        outbox.add_each(session, [(self._system.new_id(), *letter) for letter in letters], now)
        return id

    def _mails(
        self, session: Session, registration: Registration, link: str, code: str
    ) -> list[tuple[Mail, str | None]]:
        """What is to be written, and to whom, with the license whose file it brings: never more than its reader may
        know.

        The same is looked up for everybody, and files are made when the mail leaves: who has a license already must
        not show in how long the answer takes.
        """
        address, url = registration.address, f"{self._public_url}{CONFIRM_PATH}?token={link}"
        spelled = spelled_code(code)
        holder = organizations.with_trial_key(session, registration.trial_key)
        holder_id = NOBODY if holder is None else holder.id
        contacts, standing = organizations.contacts(session, holder_id), licenses.first_of(session, holder_id)
        if holder is None:
            return [(mails.confirmation(address.typed, registration.name, url, spelled), None)]
        known = next((each for each in contacts if each.folded_email == address.folded), None)
        if known is not None and standing is not None:
            # To the address on record, not the one just typed: folding may err, and a license must not go astray.
            return [(mails.license_again(known.email, known.name, url, spelled), standing.license_id)]
        asked = [(mails.colleague_asked(each.email, each.name, address.typed), None) for each in contacts[:1]]
        return [(mails.colleague_has_it(address.typed, registration.name), None), *asked]

    def _nobodys(self, address: Address) -> Registration:
        """A registration that nobody asked for."""
        return Registration(address, "", "", "", 0, trial_key(address, self._domains), Source.PAGE)
