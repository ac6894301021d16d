"""The people who run this server: who is let in, as what, and who no longer.

Whatever takes something from a person ends her sessions at once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.callers import SEAT_LIMIT, Caller, Role
from licensing.core.errors import NotFound, StaffState
from licensing.services import passwords
from licensing.storage import events, sessions, staff
from licensing.storage.database import Database, take_turns
from licensing.storage.staff import StaffMember
from licensing.system import System

FIRST_ADMIN = "admin@localhost"
NO_MEMBER = "There is no such account."


@dataclass(frozen=True, slots=True)
class NewAdmin:
    """The first admin, and the password that is shown once and must be changed at the first sign-in."""

    email: str
    password: str


@dataclass(frozen=True, slots=True)
class LetIn:
    """A person, and the one-time password to tell her; it is shown once."""

    member: StaffMember
    one_time_password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Changes:
    """What changes about an account; None stays as it is. `discount_limit` is 0 to 100 percent."""

    name: str | None = None
    role: Role | None = None
    discount_limit: int | None = None
    seat_limit: int | None = None


class Staff:
    """Accounts of staff."""

    def __init__(self, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    def ensure_admin(self) -> NewAdmin | None:
        """There is somebody who may do everything; the new admin if there was nobody."""
        password = self._system.new_password()
        with self._database.write() as session:
            if staff.count(session):
                return None
            hashed = passwords.hashed(password)
            staff.add(session, self._system.new_id(), FIRST_ADMIN, Role.ADMIN, hashed, self._system.now())
        return NewAdmin(FIRST_ADMIN, password)

    def list(self) -> list[StaffMember]:
        """All accounts, disabled ones too, by address."""
        with self._database.read() as session:
            return staff.every(session)

    def find(self, id_or_email: str) -> StaffMember:
        """The account; raises NotFound."""
        with self._database.read() as session:
            member = staff.by_email(session, id_or_email) if "@" in id_or_email else staff.find(session, id_or_email)
        if member is None:
            raise NotFound(NO_MEMBER)
        return member

    def add(
        self, caller: Caller, email: str, name: str, role: Role, discount_limit: int, seat_limit: int = SEAT_LIMIT
    ) -> LetIn:
        """A new account. Raises StaffState when the address, in whatever case, has one."""
        now, id = self._system.now(), self._system.new_id()
        password = self._system.new_password()
        hashed = passwords.hashed(password)
        with self._database.write() as session:
            _take_turns(session)
            if staff.by_email(session, email) is not None:
                raise StaffState("The address has an account already.")
            staff.add(session, id, email, role, hashed, now, name, discount_limit, seat_limit)
            events.add(session, caller.id, "staff.added", id, now, _details(role, discount_limit, seat_limit))
            return LetIn(_locked(session, id), password)

    def change(self, caller: Caller, id: str, changes: Changes) -> StaffMember:
        """The account as it is now; another role ends its sessions. Raises NotFound, StaffState."""
        now = self._system.now()
        with self._database.write() as session:
            _take_turns(session)
            member = _locked(session, id)
            role = changes.role or member.role
            discount = member.discount_limit if changes.discount_limit is None else changes.discount_limit
            seats = member.seat_limit if changes.seat_limit is None else changes.seat_limit
            if role is not member.role:
                _require_other(caller, member, "Nobody changes her own role.")
                _require_not_last_admin(session, member)
                sessions.end_all(session, id)
            name = member.name if changes.name is None else changes.name
            staff.change(session, id, name, role, discount, seats)
            events.add(session, caller.id, "staff.changed", id, now, _details(role, discount, seats))
            return _locked(session, id)

    def reset(self, caller: Caller, id: str) -> LetIn:
        """The account with a new one-time password, without second factor and single sign-on; its sessions have ended.

        Raises NotFound, and StaffState for one's own account: whoever stole a session would keep it that way.
        """
        now, password = self._system.now(), self._system.new_password()
        hashed = passwords.hashed(password)
        with self._database.write() as session:
            member = _locked(session, id)
            _require_other(caller, member, "Nobody resets her own account; change the password instead.")
            staff.set_password(session, id, hashed, for_one_use=True)
            staff.forget_factors(session, id)
            sessions.end_all(session, id)
            events.add(session, caller.id, "staff.reset", id, now)
            return LetIn(_locked(session, id), password)

    def disable(self, caller: Caller, id: str) -> StaffMember:
        """The account is of no use from now on; its sessions have ended. Raises NotFound, StaffState."""
        now = self._system.now()
        with self._database.write() as session:
            _take_turns(session)
            member = _locked(session, id)
            if member.disabled_at is not None:
                raise StaffState("The account is disabled already.")
            _require_other(caller, member, "Nobody disables herself.")
            _require_not_last_admin(session, member)
            sessions.end_all(session, id)
            return _set_disabled(session, caller, id, "staff.disabled", now, now)

    def enable(self, caller: Caller, id: str) -> StaffMember:
        """The account may sign in again, with what it had. Raises NotFound, StaffState."""
        now = self._system.now()
        with self._database.write() as session:
            if _locked(session, id).disabled_at is None:
                raise StaffState("The account is enabled already.")
            return _set_disabled(session, caller, id, "staff.enabled", None, now)


def _details(role: Role, discount_limit: int, seat_limit: int) -> dict[str, object]:
    return {"role": role, "discount_limit": discount_limit, "seat_limit": seat_limit}


def _take_turns(session: Session) -> None:
    # Two admins who disable each other at once must not both succeed, nor one address get two accounts.
    take_turns(session, "staff")


def _locked(session: Session, id: str) -> StaffMember:
    member = staff.lock(session, id)
    if member is None:
        raise NotFound(NO_MEMBER)
    return member


def _require_other(caller: Caller, member: StaffMember, why: str) -> None:
    if caller.id == f"staff:{member.id}":
        raise StaffState(why)


def _require_not_last_admin(session: Session, member: StaffMember) -> None:
    if staff.enabled_admins(session) == [member.id]:
        raise StaffState("This is the last administrator; nobody else could let people in.")


def _set_disabled(
    session: Session, caller: Caller, id: str, action: str, disabled_at: datetime | None, now: datetime
) -> StaffMember:
    staff.set_disabled(session, id, disabled_at)
    events.add(session, caller.id, action, id, now)
    return _locked(session, id)
