"""Licenses as staff look through them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from licensing.core.callers import Caller
from licensing.core.explanations import Cursor
from licensing.services.organizations import require_unconfined
from licensing.services.portal_licenses import Held, held
from licensing.storage import license_lists
from licensing.storage.database import Database
from licensing.storage.license_lists import Wanted, cursor_of


@dataclass(frozen=True, slots=True)
class HeldPage:
    """A page of a list; a longer list goes on at `next`."""

    licenses: list[Held]
    next: Cursor | None


class LicenseLists:
    """All licenses, or those with something in common."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def page(self, caller: Caller, wanted: Wanted, after: Cursor | None, limit: int) -> HeldPage:
        """Up to `limit` of them, after the one at `after`. Raises Forbidden to a key confined to one organisation."""
        require_unconfined(caller)
        now = self._now()
        with self._database.read() as session:
            found = license_lists.page(session, wanted, after, limit, now)
            more = cursor_of(found[-1]) if len(found) == limit else None
            return HeldPage(held(session, found, now), more)
