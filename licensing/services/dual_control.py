"""Deeds that take two people: each shows password and second factor at the command line, and may do it.

Where nobody else can be found in time, one may break the glass: with a reason, an alarm, and a mail to every admin.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from licensing.core.alarms import AlarmKind
from licensing.core.callers import Role
from licensing.core.errors import SignInRefused, TwoPeopleNeeded
from licensing.services.sign_in import SignIn
from licensing.storage import alarms
from licensing.storage.database import Database
from licensing.system import System

MAY_AGREE = (Role.ADMIN, Role.MANAGER)
FROM_THE_COMMAND_LINE = "restore"
"""The address that tries to sign in are counted under."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account, and what she signs in with."""

    email: str
    password: str = field(repr=False)
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Agreement:
    """The people who agree to a deed; or why one alone does it."""

    people: Sequence[Person] = ()
    break_glass: str | None = None


NOBODY_ASKED = Agreement()
Agree = Callable[[Agreement, str], Mapping[str, str]]
"""What the record says of an agreement to a deed on a subject; raises TwoPeopleNeeded, SignInRefused."""


class DualControl:
    """Asks for the agreement of two people with accounts in this database."""

    def __init__(self, database: Database, system: System) -> None:
        self._database = database
        self._system = system
        self._sign_in = SignIn(database, system)

    def agreed(self, agreement: Agreement, subject: str) -> Mapping[str, str]:
        """What the record of the deed on `subject` says of the agreement.

        Raises TwoPeopleNeeded, and SignInRefused for somebody who did not prove who she is, or may not.
        """
        if agreement.break_glass is not None:
            with self._database.write() as session:
                alarms.ring(session, AlarmKind.GLASS_BROKEN, subject, self._system.now())
            return {"break_glass": agreement.break_glass}
        agreed = sorted(self.proved(agreement.people))
        if len(agreed) < 2:
            raise TwoPeopleNeeded("Two people must agree to this (--agreed-by, twice); or one breaks the glass.")
        return {"agreed_by": " ".join(agreed)}

    def proved(self, people: Sequence[Person]) -> set[str]:
        """The ids of the people; raises SignInRefused unless each showed password and second factor, and may agree."""
        return {self._proved(person) for person in people}

    def _proved(self, person: Person) -> str:
        opened = self._sign_in.sign_in(person.email, person.password, person.code, FROM_THE_COMMAND_LINE)
        signed_in = self._sign_in.who(opened.secret)
        self._sign_in.sign_out(opened.secret)
        if opened.owes or not signed_in.session.second_factor or opened.role not in MAY_AGREE:
            raise SignInRefused("Who agrees is a manager or an administrator with a second factor.")
        return signed_in.caller.id
