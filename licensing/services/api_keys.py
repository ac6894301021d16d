"""API keys: made for machines, shown once, scoped, and gone on their last day.

A key is 256 random bits, so its plain SHA-256 is enough to keep: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from licensing.core.callers import FOR_PERSONS_ONLY, Caller, Permission
from licensing.core.errors import InvalidFields, NotFound, SignInRequired
from licensing.services.organizations import existing
from licensing.storage import api_keys, events
from licensing.storage.api_keys import ApiKey
from licensing.storage.database import Database
from licensing.system import System

PREFIX = "kla_"
MAX_DAYS = 400
"""A year, and time to replace the key in."""
USED_EVERY = timedelta(minutes=1)
"""How often it is written down that a key was used."""
SCOPES = frozenset(Permission) - FOR_PERSONS_ONLY
"""What a key may be for."""


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A key that was made now; `key` is nowhere else."""

    api_key: ApiKey
    key: str = field(repr=False)


class ApiKeys:
    """The keys of machines."""

    def __init__(self, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    def caller(self, key: str) -> Caller:
        """Who comes with this key, until the second before it expires; raises SignInRequired.

        That it was used is written down in a transaction of its own: a request that is refused counts, too.
        """
        now = self._system.now()
        with self._database.read() as session:
            found = api_keys.with_hash(session, _hash(key))
        if found is None or found.revoked_at is not None or now >= found.expires_at:
            raise SignInRequired("The API key is unknown, revoked or expired.")
        if found.last_used_at is None or now - found.last_used_at >= USED_EVERY:
            with self._database.write() as session:
                api_keys.use(session, found.id, now)
        # A scope that this version does not know gives nothing.
        scopes = frozenset(scope for scope in SCOPES if scope in found.scopes)
        return Caller(f"key:{found.id}", scopes, organization_id=found.organization_id)

    def create(
        self, caller: Caller, name: str, scopes: Collection[str], days: int, organization_id: str | None
    ) -> NewApiKey:
        """A key for `days` days, 1 to MAX_DAYS; with an `organization_id` it sees that one customer alone.

        Raises InvalidFields for scopes that no key may have and other numbers of days, NotFound for the organisation.
        """
        now = self._system.now()
        _require_scopes(scopes)
        if not 1 <= days <= MAX_DAYS:
            raise InvalidFields({"days": [f"Must be 1 to {MAX_DAYS}."]})
        key = PREFIX + self._system.new_api_key()
        with self._database.write() as session:
            confined = None if organization_id is None else existing(session, caller, organization_id).id
            expires_at = now + timedelta(days=days)
            made = ApiKey(self._system.new_id(), name, tuple(sorted(scopes)), confined, caller.id, now, expires_at)
            api_keys.add(session, made, _hash(key))
            events.add(session, caller.id, "api_key.created", made.id, now, _details(made))
        return NewApiKey(made, key)

    def list(self, caller: Caller) -> Sequence[ApiKey]:
        """All keys, the newest first; those that are over, too."""
        with self._database.read() as session:
            return api_keys.every(session)

    def revoke(self, caller: Caller, id: str) -> ApiKey:
        """The key is of no use from now on. One that was revoked stays as it was. Raises NotFound."""
        now = self._system.now()
        with self._database.write() as session:
            key = api_keys.lock(session, id)
            if key is None:
                raise NotFound("There is no such API key.")
            if key.revoked_at is not None:
                return key
            api_keys.revoke(session, id, now)
            events.add(session, caller.id, "api_key.revoked", id, now)
            return replace(key, revoked_at=now)


def _require_scopes(scopes: Collection[str]) -> None:
    if not scopes:
        raise InvalidFields({"scopes": ["Must name at least one."]})
    if len(set(scopes)) != len(scopes):
        raise InvalidFields({"scopes": ["Must not name one twice."]})
    if not SCOPES.issuperset(scopes):
        raise InvalidFields({"scopes": [f"May be any of {', '.join(sorted(SCOPES))}."]})


def _details(key: ApiKey) -> dict[str, object]:
    """What the trail says of a new key; its name is free text, and could be somebody's."""
    return {
        "scopes": list(key.scopes),
        "organization_id": key.organization_id,
        "expires_at": int(key.expires_at.timestamp()),
    }


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
