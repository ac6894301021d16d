"""What a person does with her own account: another password, a second factor. Each gives her session a new secret.

A session may be stolen, and its owner's password and codes be guessed in it: the throttle counts here, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import throttle as limits
from licensing.core.errors import CodeRefused, InvalidFields, StaffState
from licensing.core.passwords import require_acceptable
from licensing.core.second_factors import base32, uri
from licensing.core.sessions import Owed, secret_hash
from licensing.services import passwords, throttle
from licensing.services.sign_in import Opened, SignedIn, SignIn, held, require_nothing_owed, take_code
from licensing.storage import events, sessions, staff
from licensing.storage.database import Database
from licensing.system import System


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A second factor for an authenticator app, as a link and for typing in; it is shown once."""

    uri: str = field(repr=False)
    secret: str = field(repr=False)


class OwnAccount:
    """The account of whoever is signed in."""

    def __init__(self, database: Database, sign_in: SignIn, system: System) -> None:
        self._database = database
        self._sign_in = sign_in
        self._system = system

    def change_password(self, session_secret: str, old: str, new: str) -> Opened:
        """A new session with the new password; every other of the account has ended.

        Raises SignInRequired, InvalidFields for `old_password` and `new_password`, TooManyTries.
        """
        now, hashed = self._system.now(), secret_hash(session_secret)
        with self._database.read() as session:
            signed_in = held(session, hashed, now)
            require_nothing_owed(signed_in.owes, Owed.PASSWORD)
            tries = limits.of_session_owner(signed_in.member.id)
            throttle.require_few(session, tries, now)
            known = staff.credentials(session, signed_in.member.id).password_hash
        require_acceptable(new, old, signed_in.member.email)
        is_right = passwords.matches(known, old)
        fresh = passwords.hashed(new) if is_right else ""
        with self._database.write() as session:
            throttle.require_few_in_turn(session, tries, now)
            throttle.count(session, tries, now, failed=not is_right)
            if is_right:
                member = _locked(session, hashed, now).member
                staff.set_password(session, member.id, fresh, for_one_use=False)
                sessions.end_all(session, member.id)
                events.add(session, signed_in.caller.id, "staff.password_changed", member.id, now)
                return self._sign_in.reopen(session, member.id, signed_in.session.second_factor, now)
        raise InvalidFields({"old_password": ["Is not the password."]})

    def begin_second_factor(self, session_secret: str) -> Enrolment:
        """A second factor that waits for its first code. Raises SignInRequired, SignInIncomplete, StaffState."""
        now, secret = self._system.now(), self._system.new_totp_secret()
        with self._database.write() as session:
            signed_in = _locked(session, secret_hash(session_secret), now)
            member = signed_in.member
            require_nothing_owed(signed_in.owes, Owed.ENROLMENT)
            if member.has_second_factor:
                raise StaffState("The account has a second factor; an administrator can reset it.")
            staff.begin_second_factor(session, member.id, secret)
        return Enrolment(uri(secret, member.email), base32(secret))

    def confirm_second_factor(self, session_secret: str, code: str) -> Opened:
        """A new session in which the second factor was shown; it is confirmed with that, if it was not before.

        Raises SignInRequired, SignInIncomplete, CodeRefused, TooManyTries, and StaffState where none waits for a code.
        """
        now, hashed = self._system.now(), secret_hash(session_secret)
        with self._database.write() as session:
            tries = limits.of_session_owner(held(session, hashed, now).member.id)
            throttle.require_few_in_turn(session, tries, now)
            signed_in = _locked(session, hashed, now)
            require_nothing_owed(signed_in.owes, Owed.ENROLMENT, Owed.SECOND_FACTOR)
            member = signed_in.member
            credentials = staff.credentials(session, member.id)
            if credentials.totp_secret is None or signed_in.session.second_factor:
                raise StaffState("No second factor waits for its code in this session.")
            is_right = take_code(session, member.id, credentials, code, now)
            throttle.count(session, tries, now, failed=not is_right)
            if is_right:
                sessions.end(session, hashed)
                if not member.has_second_factor:
                    events.add(session, signed_in.caller.id, "staff.second_factor_confirmed", member.id, now)
                return self._sign_in.reopen(session, member.id, True, now)
        raise CodeRefused("The code is wrong, or was used before.")


def _locked(session: Session, hashed: str, now: datetime) -> SignedIn:
    """Whose session it is; she stays as she is until the transaction ends. Raises SignInRequired."""
    staff.lock(session, held(session, hashed, now).member.id)
    return held(session, hashed, now)  # an administrator may have ended it while we waited
