"""The people who run this server."""

from __future__ import annotations

from dataclasses import dataclass

from argon2 import PasswordHasher

from licensing.storage import staff
from licensing.storage.database import Database
from licensing.system import System

FIRST_ADMIN = "admin@localhost"
_hasher = PasswordHasher()  # Argon2id with the library's parameters (RFC 9106 §4, second choice)


@dataclass(frozen=True, slots=True)
class NewAdmin:
    """The first admin, and the password that is shown once and must be changed at the first sign-in."""

    email: str
    password: str


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
            staff.add(session, self._system.new_id(), FIRST_ADMIN, "admin", _hasher.hash(password), self._system.now())
        return NewAdmin(FIRST_ADMIN, password)
