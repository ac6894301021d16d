"""Signing in and out: the throttle first, then password and code, then a session with a secret nobody had before.

Passwords are hashed outside of transactions: nobody waits for a lock while Argon2 takes its time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import throttle as limits
from licensing.core.callers import PERMISSIONS, Caller, Role
from licensing.core.errors import SignInIncomplete, SignInRefused, SignInRequired
from licensing.core.second_factors import matching_step
from licensing.core.sessions import LIFETIME, Owed, StaffSession, owed, secret_hash
from licensing.services import passwords, throttle
from licensing.storage import sessions, staff
from licensing.storage.database import Database
from licensing.storage.staff import Credentials, StaffMember
from licensing.system import System

REFUSED = "Address, password or code is wrong."
NOBODY = ""
"""The id that no account has."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that began now; `owes` is what must be done in it first."""

    secret: str = field(repr=False)
    owes: tuple[Owed, ...]
    role: Role
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose session it is."""

    member: StaffMember
    session: StaffSession
    owes: tuple[Owed, ...]

    @property
    def caller(self) -> Caller:
        """What the ledger and the services know of her."""
        member = self.member
        permissions = PERMISSIONS[member.role]
        return Caller(f"staff:{member.id}", permissions, member.discount_limit, seat_limit=member.seat_limit)


class SignIn:
    """Sessions of staff."""

    def __init__(self, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    def sign_in(self, email: str, password: str, code: str | None, address: str) -> Opened:
        """A session for who knows the password, and the code where the account has a second factor.

        `address` is where the request comes from. Raises SignInRefused in the same words, after the same work, whatever
        is wrong; TooManyTries before any of that.
        """
        now, tries = self._system.now(), limits.of_sign_in(email, address)
        with self._database.read() as session:
            throttle.require_few(session, tries, now)
            member = staff.by_email(session, email)
            staff_id = NOBODY if member is None else member.id
            known = staff.credentials(session, staff_id).password_hash
        is_right = passwords.matches(known, password)
        with self._database.write() as session:
            throttle.require_few_in_turn(session, tries, now)
            opened = self._opened(session, staff_id, known if is_right else None, code, now)
            throttle.count(session, tries, now, failed=opened is None)
            if opened is None:
                throttle.watch(session, limits.watched_sign_ins(email, address), now)
        if opened is None:
            raise SignInRefused(REFUSED)
        if known is not None and passwords.is_outdated(known):
            self._rehash(known, password)  # only now: before, it would tell by its time that the password was right
        return opened

    def open(self, session: Session, staff_id: str, second_factor: bool, now: datetime) -> str:
        """The secret of a new session, in the caller's transaction. Raises SignInRefused for a disabled account."""
        return self.reopen(session, staff_id, second_factor, now).secret

    def reopen(self, session: Session, staff_id: str, second_factor: bool, now: datetime) -> Opened:
        """The same, with all that is to be told of it."""
        member = staff.lock(session, staff_id)
        if member is None or member.disabled_at is not None:
            raise SignInRefused(REFUSED)
        secret = self._system.new_session()
        opened = StaffSession(staff_id, now, now + LIFETIME, second_factor)
        sessions.add(session, secret_hash(secret), staff_id, second_factor, now, opened.expires_at)
        return Opened(secret, owed_in(member, opened), member.role, opened.expires_at)

    def sign_out(self, session_secret: str) -> None:
        """The session has ended, if there was one."""
        with self._database.write() as session:
            sessions.end(session, secret_hash(session_secret))

    def caller(self, session_secret: str) -> Caller:
        """Who this session belongs to; raises SignInRequired, and SignInIncomplete while something is owed."""
        signed_in = self.who(session_secret)
        require_nothing_owed(signed_in.owes)
        return signed_in.caller

    def who(self, session_secret: str) -> SignedIn:
        """The same while something is owed. Using a session keeps it from ending idle. Raises SignInRequired."""
        now, hashed = self._system.now(), secret_hash(session_secret)
        with self._database.read() as session:
            signed_in = held(session, hashed, now)
        if signed_in.session.is_due(now):
            with self._database.write() as session:
                sessions.see(session, hashed, now)
        return signed_in

    def _rehash(self, known: str, password: str) -> None:
        fresh = passwords.hashed(password)
        with self._database.write() as session:
            staff.rehash(session, known, fresh)

    def _opened(
        self, session: Session, staff_id: str, known: str | None, code: str | None, now: datetime
    ) -> Opened | None:
        """The session, unless the password (None: it was wrong) or the code is wrong, or the account was disabled or
        reset since the password was read."""
        member = staff.lock(session, staff_id)
        credentials = staff.credentials(session, staff_id)
        if known is None or credentials.password_hash != known or member is None or member.disabled_at is not None:
            return None
        if member.has_second_factor and not take_code(session, staff_id, credentials, code, now):
            return None
        return self.reopen(session, staff_id, member.has_second_factor, now)


def held(session: Session, hashed: str, now: datetime) -> SignedIn:
    """Whose session has this secret's hash; raises SignInRequired."""
    found = sessions.find(session, hashed)
    member = staff.find(session, found.staff_id) if found is not None and found.is_live(now) else None
    if found is None or member is None or member.disabled_at is not None:
        raise SignInRequired("The session has ended; sign in again.")
    return SignedIn(member, found, owed_in(member, found))


def take_code(session: Session, staff_id: str, credentials: Credentials, code: str | None, now: datetime) -> bool:
    """Whether the code is right; it is used up then. The person's row must be locked: no code is taken twice."""
    if code is None or credentials.totp_secret is None:
        return False
    step = matching_step(credentials.totp_secret, code, now, credentials.totp_last_step)
    if step is None:
        return False
    staff.use_second_factor(session, staff_id, step)
    return True


def owed_in(member: StaffMember, session: StaffSession) -> tuple[Owed, ...]:
    """What she owes in this session."""
    return owed(
        member.role,
        must_change_password=member.must_change_password,
        has_second_factor=member.has_second_factor,
        shown=session.second_factor,
    )


def require_nothing_owed(owes: tuple[Owed, ...], *but: Owed) -> None:
    """Raises SignInIncomplete, unless what is owed is what is about to be done."""
    for each in owes:
        if each not in but:
            raise SignInIncomplete(f"First do what the session owes: {each}.")
