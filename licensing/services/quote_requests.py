"""Requests for a quote that customers made in the portal: sales see those that wait, and settle them."""

from __future__ import annotations

from licensing.core.callers import Caller
from licensing.core.errors import NotFound
from licensing.services.organizations import require_unconfined
from licensing.storage import events, quote_requests
from licensing.storage.database import Database
from licensing.storage.quote_requests import OpenRequest
from licensing.system import System


class QuoteRequests:
    """What customers wait for."""

    def __init__(self, database: Database, system: System) -> None:
        self._database = database
        self._now = system.now

    def page(self, caller: Caller, limit: int) -> list[OpenRequest]:
        """The `limit` requests that have waited longest."""
        require_unconfined(caller)
        with self._database.read() as session:
            return quote_requests.open_requests(session, limit)

    def settle(self, caller: Caller, id: str) -> None:
        """Somebody has dealt with the request. Raises NotFound when none of that id waits."""
        require_unconfined(caller)
        now = self._now()
        with self._database.write() as session:
            settled = quote_requests.settle(session, id, now)
            if settled is None:
                raise NotFound("There is no such request, or it was dealt with.")
            events.add(session, caller.id, "quote.request_settled", settled.organization_id, now)
