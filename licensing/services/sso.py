"""Single sign-on: staff sent to the identity provider, and let in when they come back (OpenID Connect Core 1.0 §3.1).

The provider says who it is; whether she may come in is said here alone. Nobody is created: an account must exist and be
enabled. It is found by the provider's subject, and the first time by an address that the provider has verified.
"""

from __future__ import annotations

import hmac
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from licensing.core.errors import NotFound, SignInRefused
from licensing.core.sessions import secret_hash
from licensing.services.sign_in import SignIn
from licensing.storage import events, sign_in_flows, staff
from licensing.storage.database import Database
from licensing.storage.sign_in_flows import PendingFlow
from licensing.storage.staff import StaffMember
from licensing.system import System

log = logging.getLogger(__name__)

FLOW_LIFETIME = timedelta(minutes=10)
CALLBACK_PATH = "/sign-in/sso/callback"
NOT_BEGUN = "This sign-in was not begun in this browser, was used already, or took too long; begin again."
NO_ACCOUNT = "There is no account here for this sign-in; ask whoever looks after the accounts."


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the provider says it is. `subject` is hers for good; `verified_email` may change hands."""

    subject: str = field(repr=False)
    verified_email: str | None = field(repr=False)
    second_factor: bool


class IdentityProvider(Protocol):
    """The provider that staff signs in at."""

    def sign_in_url(self, state: str, flow: PendingFlow) -> str:
        """Where to send the browser; raises Busy, SetupRefused."""

    def identity(self, code: str, flow: PendingFlow) -> Identity:
        """Whom the provider gave `code` to, proved by its ID token; raises SignInRefused, Busy, SetupRefused."""


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and the state that it must come back with."""

    url: str
    state: str = field(repr=False)


class SingleSignOn:
    """Sign-in by way of the identity provider, where one is set up."""

    def __init__(self, database: Database, provider: IdentityProvider | None, sign_in: SignIn, system: System) -> None:
        self._database = database
        self._provider = provider
        self._sign_in = sign_in
        self._system = system

    @property
    def is_offered(self) -> bool:
        return self._provider is not None

    def begin(self) -> Begun:
        """A flow that waits FLOW_LIFETIME for its answer. Raises NotFound without a provider, Busy."""
        provider, now = self._required(), self._system.now()
        state = self._system.new_flow_secret()
        flow = PendingFlow(self._system.new_flow_secret(), self._system.new_flow_secret(), now + FLOW_LIFETIME)
        url = provider.sign_in_url(state, flow)
        with self._database.write() as session:
            sign_in_flows.add(session, secret_hash(state), flow, now)
        return Begun(url, state)

    def finish(self, state: str, browser_state: str, code: str) -> str:
        """The secret of a new session for whoever comes back with `code`; empty when the provider gave none.

        `browser_state` is what the browser kept when the flow began. The flow is used up, whatever comes of it. Raises
        NotFound without a provider, SignInRefused, Busy.
        """
        provider, now = self._required(), self._system.now()
        flow = self._take(state, browser_state, now)
        if not code:
            raise SignInRefused("The identity provider did not let you in.")
        identity = provider.identity(code, flow)  # outside of transactions: nobody waits for a lock while we ask
        with self._database.write() as session:
            member = _member(session, identity, now)
            return self._sign_in.open(session, member.id, identity.second_factor, now)

    def _required(self) -> IdentityProvider:
        if self._provider is None:
            raise NotFound("Single sign-on is not set up here.")
        return self._provider

    def _take(self, state: str, browser_state: str, now: datetime) -> PendingFlow:
        """The browser's own flow. A stranger's state uses nothing up: she must not end what others began."""
        if not state or not hmac.compare_digest(secret_hash(state), secret_hash(browser_state)):
            raise SignInRefused(NOT_BEGUN)
        with self._database.write() as session:
            flow = sign_in_flows.take(session, secret_hash(state))
        if flow is None or now >= flow.expires_at:
            raise SignInRefused(NOT_BEGUN)
        return flow


def _member(session: Session, identity: Identity, now: datetime) -> StaffMember:
    """The enabled account that is hers, linked from now on. Raises SignInRefused in the same words for all others."""
    member = staff.by_subject(session, identity.subject)
    if member is None:
        member = _linked(session, identity, now)
    if member is None or member.disabled_at is not None:
        raise SignInRefused(NO_ACCOUNT)
    return member


def _linked(session: Session, identity: Identity, now: datetime) -> StaffMember | None:
    """The account with her verified address, unless it is disabled or another subject's."""
    found = None if identity.verified_email is None else staff.by_email(session, identity.verified_email)
    member = None if found is None else staff.lock(session, found.id)
    if member is None or member.disabled_at is not None:
        return None
    linked = staff.link_subject(session, member.id, identity.subject)
    if linked is None:
        log.warning("single sign-on: account %s is linked to another subject", member.id)
        return None
    events.add(session, f"staff:{member.id}", "staff.linked", member.id, now)
    return linked
