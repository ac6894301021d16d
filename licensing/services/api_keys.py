"""API keys: made for machines, shown once, scoped, and gone on their last day."""

from __future__ import annotations

from licensing.core.callers import Caller
from licensing.core.errors import SignInRequired
from licensing.storage.database import Database
from licensing.system import System

PREFIX = "kla_"


class ApiKeys:
    """The keys of machines."""

    def __init__(self, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    def caller(self, key: str) -> Caller:
        """Who comes with this key; raises SignInRequired."""
        raise SignInRequired("The API key is unknown, revoked or expired.")
