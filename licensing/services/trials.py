"""Trials: a registration is confirmed by link or code, and its organisation has a working license."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import mails
from licensing.core.addresses import Address, DomainKnowledge, fold, speaks_for_itself
from licensing.core.errors import TrialExists
from licensing.core.ledger import Kind
from licensing.core.portal import opened
from licensing.core.sessions import secret_hash
from licensing.core.standings import Standing
from licensing.core.tiers import trial_tier
from licensing.core.trials import (
    ALIKE_WITHIN,
    CODE_TRIES,
    Pending,
    Registration,
    Source,
    by_code,
    by_link,
    code_hash,
    link_hash,
    trial_license,
)
from licensing.services.idempotency import Once, Rendered, once
from licensing.services.issuing import Deed, Issuing
from licensing.services.license_files import LicenseFiles, as_text
from licensing.storage import histories, licenses, organizations, outbox, portal, registrations, tiers
from licensing.storage.database import Database
from licensing.system import System


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A license and its file; `is_new` is False for one that the organisation had already."""

    standing: Standing
    license_file: Mapping[str, object]
    is_new: bool


@dataclass(frozen=True, slots=True)
class Welcome:
    """A confirmed trial on a page: the license, and the secret of a session in the portal for whose mailbox it is."""

    license_id: str
    source: Source
    session_secret: str


Render = Callable[[Confirmed], Rendered]
"""How the caller's answer looks: it is kept with the deed for who asks twice."""


class Trials:
    """The way from a mail to a license."""

    def __init__(
        self, database: Database, issuing: Issuing, files: LicenseFiles, domains: DomainKnowledge, system: System
    ) -> None:
        self._database = database
        self._issuing = issuing
        self._files = files
        self._domains = domains
        self._system = system

    def confirm_link(self, link: str, render: Render, wish: Once | None = None) -> Rendered:
        """The license of the registration that `link` belongs to.

        Raises LinkUnknown, LinkUsed, LinkExpired; TrialExists when a colleague was faster.
        """
        now = self._system.now()
        with self._database.write() as session:
            return once(session, wish, now, lambda: render(self._confirm(session, _of_link(session, link, now), now)))

    def confirm_code(self, email: str, code: str, render: Render, wish: Once | None = None) -> Rendered:
        """The license of the mailbox's newest registration, if `code` is its code. Raises CodeRefused, LinkUsed.

        A try is spent before the code is looked at and stays spent, whatever happens then.
        """
        now, address = self._system.now(), fold(email)
        self._spend_try(address)
        with self._database.write() as session:
            return once(
                session, wish, now, lambda: render(self._confirm(session, _of_code(session, address, code, now), now))
            )

    def enter_by_link(self, link: str) -> Welcome:
        """As `confirm_link`; whoever confirms has shown that the mailbox is hers, and is signed in to the portal."""
        now = self._system.now()
        with self._database.write() as session:
            return self._enter(session, _of_link(session, link, now), now)

    def enter_by_code(self, email: str, code: str) -> Welcome:
        """As `confirm_code`, and signed in likewise."""
        now, address = self._system.now(), fold(email)
        self._spend_try(address)
        with self._database.write() as session:
            return self._enter(session, _of_code(session, address, code, now), now)

    def _spend_try(self, address: Address) -> None:
        with self._database.write() as session:
            registrations.spend_try(session, address.folded, CODE_TRIES)

    def _enter(self, session: Session, pending: Pending, now: datetime) -> Welcome:
        confirmed = self._confirm(session, pending, now)
        secret, registration = self._system.new_session(), pending.registration
        portal.open_session(session, secret_hash(secret), opened(registration.address.folded, now))
        return Welcome(confirmed.standing.license_id, registration.source, secret)

    def _confirm(self, session: Session, pending: Pending, now: datetime) -> Confirmed:
        registration, organization_id = pending.registration, self._system.new_id()
        registrations.use(session, pending.id, now)
        name, country = registration.organization, registration.country
        if not organizations.claim_trial(session, organization_id, registration.trial_key, name, country, now):
            return self._again(session, registration, now)
        histories.mark(session, *registrations.find_alike(session, pending.id, now - ALIKE_WITHIN))
        address = registration.address
        contact_id = self._system.new_id()
        organizations.add_contact(
            session, contact_id, organization_id, address, registration.name, now, news=registration.news
        )
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
        standing = license_of_registrant(session, registration)
        return Confirmed(standing, self._files.current(session, standing, now), is_new=False)


def license_of_registrant(session: Session, registration: Registration) -> Standing:
    """The license that the trial of her organisation gave it; raises TrialExists to a colleague of who has it."""
    holder = organizations.with_trial_key(session, registration.trial_key)
    if holder is None or not _belongs(session, holder.id, registration.address):
        raise TrialExists("Your organisation has had its trial; ask your colleagues to invite you.")
    standing = licenses.first_of(session, holder.id)
    if standing is None:
        raise TrialExists("Your organisation has had its trial, and has handed the license over.")
    return standing


def _of_link(session: Session, link: str, now: datetime) -> Pending:
    return by_link(registrations.by_link(session, link_hash(link)), now)


def _of_code(session: Session, address: Address, code: str, now: datetime) -> Pending:
    return by_code(registrations.newest_of(session, address.folded), code_hash(address, code), now)


def _belongs(session: Session, organization_id: str, address: Address) -> bool:
    return any(contact.folded_email == address.folded for contact in organizations.contacts(session, organization_id))
