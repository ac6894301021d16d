"""Trials: register, confirm by link or code, and have a working license."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import mails
from licensing.core.addresses import Address, DomainKnowledge, fold, speaks_for_itself, trial_key
from licensing.core.errors import DisposableAddress, TrialExists
from licensing.core.ledger import Kind
from licensing.core.mails import Mail
from licensing.core.standings import Standing
from licensing.core.tiers import trial_tier
from licensing.core.trials import (
    CODE_TRIES,
    Pending,
    Registration,
    Source,
    by_code,
    by_link,
    plain_code,
    trial_license,
)
from licensing.services.idempotency import Once, Rendered, once
from licensing.services.issuing import Deed, Issuing
from licensing.services.license_files import LicenseFiles, as_text
from licensing.storage import histories, licenses, organizations, outbox, registrations, tiers
from licensing.storage.database import Database
from licensing.storage.organizations import Organization
from licensing.system import System

CONFIRM_PATH = "/trial/confirm"


@dataclass(frozen=True, slots=True)
class Applicant:
    """What the form says; `email` is valid and normalised."""

    email: str
    name: str
    organization: str
    country: str
    expected_nodes: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A license and its file; `is_new` is False for one that the organisation had already."""

    standing: Standing
    license_file: Mapping[str, object]
    is_new: bool


Render = Callable[[Confirmed], Rendered]
"""How the caller's answer looks: it is kept with the deed for who asks twice."""


class Trials:
    """The way from a form to a license."""

    def __init__(
        self,
        database: Database,
        issuing: Issuing,
        files: LicenseFiles,
        domains: DomainKnowledge,
        system: System,
        public_url: str,
    ) -> None:
        self._database = database
        self._issuing = issuing
        self._files = files
        self._domains = domains
        self._system = system
        self._public_url = public_url

    def register(self, applicant: Applicant, source: Source = Source.PAGE) -> None:
        """A mail is on its way; which one, only its reader learns. Raises DisposableAddress."""
        now = self._system.now()
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
        )
        id, link, code = self._system.new_id(), self._system.new_link(), self._system.new_code()
        with self._database.write() as session:
            registrations.add(session, id, registration, _hash(link), _hash_code(address, code), now)
            histories.mark(session, registration.trial_key)
            for mail in self._mails(session, registration, link, code, now):
                outbox.add(session, self._system.new_id(), mail, now)

    def confirm_link(self, link: str, render: Render, wish: Once | None = None) -> Rendered:
        """The license of the registration that `link` belongs to.

        Raises LinkUnknown, LinkUsed, LinkExpired; TrialExists when a colleague was faster.
        """
        now = self._system.now()
        with self._database.write() as session:
            return once(
                session,
                wish,
                now,
                lambda: render(self._confirm(session, by_link(registrations.by_link(session, _hash(link)), now), now)),
            )

    def confirm_code(self, email: str, code: str, render: Render, wish: Once | None = None) -> Rendered:
        """The license of the mailbox's newest registration, if `code` is its code. Raises CodeRefused, LinkUsed.

        A try is spent before the code is looked at and stays spent, whatever happens then.
        """
        now = self._system.now()
        address = fold(email)
        with self._database.write() as session:
            registrations.spend_try(session, address.folded, CODE_TRIES)
        with self._database.write() as session:
            return once(
                session,
                wish,
                now,
                lambda: render(
                    self._confirm(
                        session,
                        by_code(registrations.newest_of(session, address.folded), _hash_code(address, code), now),
                        now,
                    )
                ),
            )

    def _mails(self, session: Session, registration: Registration, link: str, code: str, now: datetime) -> list[Mail]:
        """What is to be written, and to whom: never more than its reader may know."""
        address, url = registration.address, f"{self._public_url}{CONFIRM_PATH}?token={link}"
        spelled = f"{code[:4]}-{code[4:]}"
        holder = organizations.with_trial_key(session, registration.trial_key)
        if holder is None:
            return [mails.confirmation(address.typed, registration.name, url, spelled)]
        for contact in organizations.contacts(session, holder.id):
            if contact.folded_email == address.folded:
                # To the address on record, not the one just typed: folding may err, and a license must not go astray.
                standing = _license_of(session, holder)
                if standing is None:
                    break
                license_file = as_text(self._files.current(session, standing, now))
                return [mails.license_again(contact.email, contact.name, url, spelled, license_file)]
        asked = [
            mails.colleague_asked(contact.email, contact.name, address.typed)
            for contact in organizations.contacts(session, holder.id)[:1]
        ]
        return [mails.colleague_has_it(address.typed, registration.name), *asked]

    def _confirm(self, session: Session, pending: Pending, now: datetime) -> Confirmed:
        registration, organization_id = pending.registration, self._system.new_id()
        registrations.use(session, pending.id, now)
        name, country = registration.organization, registration.country
        if not organizations.claim_trial(session, organization_id, registration.trial_key, name, country, now):
            return self._again(session, registration, now)
        address = registration.address
        organizations.add_contact(session, self._system.new_id(), organization_id, address, registration.name, now)
        license = trial_license(
            organization_id=organization_id,
            license_id=self._system.new_id(),
            serial=self._system.new_serial(),
            company="" if speaks_for_itself(address, self._domains) else name,
            tier=trial_tier(now, tiers.every(session)),
            now=now,
        )
        details = {"registration": pending.id, "source": registration.source, "country": country}
        deed = Deed(Kind.TRIAL, "registration", now, details)
        standing = self._issuing.issue(session, deed, license, None, now)
        confirmed = Confirmed(standing, self._files.current(session, standing, now), is_new=True)
        self._mail_license(session, registration, confirmed, now)
        return confirmed

    def _mail_license(self, session: Session, registration: Registration, confirmed: Confirmed, now: datetime) -> None:
        seats = confirmed.standing.seats
        mail = mails.license_issued(
            registration.address.typed,
            registration.name,
            f"your free license for up to {seats} storage nodes is ready. It has no end date.",
            as_text(confirmed.license_file),
        )
        outbox.add(session, self._system.new_id(), mail, now)

    def _again(self, session: Session, registration: Registration, now: datetime) -> Confirmed:
        """The license that the same person has already; raises TrialExists to a colleague."""
        holder = organizations.with_trial_key(session, registration.trial_key)
        if holder is None or not _belongs(session, holder.id, registration.address):
            raise TrialExists("Your organisation has had its trial; ask your colleagues to invite you.")
        standing = _license_of(session, holder)
        if standing is None:
            raise TrialExists("Your organisation has had its trial, and has handed the license over.")
        return Confirmed(standing, self._files.current(session, standing, now), is_new=False)


def _license_of(session: Session, holder: Organization) -> Standing | None:
    """The license that the organisation's trial gave it, unless it was transferred."""
    return next(iter(licenses.of_organizations(session, (holder.id,))), None)


def _belongs(session: Session, organization_id: str, address: Address) -> bool:
    return any(contact.folded_email == address.folded for contact in organizations.contacts(session, organization_id))


def _hash(secret: str) -> str:
    """Links are kept as hashes: 256 random bits need no salt."""
    return hashlib.sha256(secret.encode("utf-8")).hexdigest()


def _hash_code(address: Address, code: str) -> str:
    """A code is hashed with its mailbox, so that equal codes do not look equal."""
    return _hash(f"{address.folded}\n{plain_code(code)}")
