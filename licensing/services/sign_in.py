"""Signing in: passwords, second factors, sessions, and the throttle before them."""

from __future__ import annotations

from licensing.core.callers import Caller
from licensing.core.errors import SignInRequired
from licensing.storage.database import Database
from licensing.system import System


class SignIn:
    """Sessions of staff."""

    def __init__(self, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    def caller(self, session_secret: str) -> Caller:
        """Who this session belongs to; raises SignInRequired, and SignInIncomplete while something is owed."""
        raise SignInRequired("Sign in first.")
