"""Sending what the outbox holds: at least once, with patience, and never inside a request."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from licensing.core.callers import Caller
from licensing.core.errors import NotFound, Refusal
from licensing.core.mails import LICENSE_FILE_NAME, Mail
from licensing.services.license_files import LicenseFiles, as_text
from licensing.storage import events, licenses, outbox
from licensing.storage.database import Database

log = logging.getLogger(__name__)

RETRIES = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 30, 60, 120, 240, 480, 960, 1440, 1440))
"""How long to wait after each failed try; after the last the mail is given up and shown as dead."""
HANDOVER = timedelta(minutes=5)
"""A mail taken by a worker that died is due again after this."""
BATCH = 20
NO_MAIL = "There is no such mail, or none that was given up."


class Undeliverable(Exception):
    """The mail did not leave this time. The text names no recipient."""


class Transport(Protocol):
    """How a mail leaves."""

    def send(self, id: str, mail: Mail) -> None:
        """The mail is with the next server; raises Undeliverable."""

    def describe(self) -> str:
        """Where mails go, for a person."""

    def reach(self) -> None:
        """The next server answers; raises Undeliverable. No mail leaves."""


class Outbox:
    """The outbox and the way out of it."""

    def __init__(
        self, database: Database, transport: Transport, files: LicenseFiles, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._transport = transport
        self._files = files
        self._now = now

    def deliver_due(self, is_over: Callable[[], bool] = lambda: False) -> int:
        """Sends the mails that are due; how many left. One that fails is tried again later.

        Once `is_over`, no other mail is begun: what was taken is due at once for the next worker.
        """
        now = self._now()
        with self._database.write() as session:
            queued = outbox.take_due(session, now, now + HANDOVER, BATCH)
        delivered = 0
        while queued and not is_over():
            delivered += self._deliver(queued.pop(0))
        if queued:
            with self._database.write() as session:
                outbox.give_back(session, [item.id for item in queued], now)
        return delivered

    def page(self, state: outbox.MailState | None, after: str, limit: int) -> list[outbox.Listed]:
        """The newest mails made before the one with id `after`; of one state, or of all."""
        with self._database.read() as session:
            return outbox.page(session, state, after, limit)

    def show(self, id: str) -> tuple[outbox.Listed, str]:
        """A mail and what it says. Raises NotFound."""
        with self._database.read() as session:
            found = outbox.text_of(session, id)
        if found is None:
            raise NotFound(NO_MAIL)
        return found

    def retry(self, caller: Caller, id: str) -> None:
        """A mail that was given up is sent again. Raises NotFound for any other."""
        now = self._now()
        with self._database.write() as session:
            if not outbox.retry(session, id, now):
                raise NotFound(NO_MAIL)
            events.add(session, caller.id, "mail.retried", id, now)

    def _deliver(self, item: outbox.Queued) -> bool:
        try:
            self._transport.send(item.id, self._whole(item))
        except (Undeliverable, OSError) as error:
            self._postpone(item, str(error))
            return False
        with self._database.write() as session:
            outbox.sent(session, item.id, self._now())
        return True

    def _whole(self, item: outbox.Queued) -> Mail:
        """The mail with the license file that is current now, where it is to bring one; raises Undeliverable."""
        if item.license_id is None:
            return item.mail
        try:
            with self._database.write() as session:
                standing = licenses.find(session, item.license_id)
                if standing is None:
                    raise Undeliverable("The license that the mail is about is gone.")
                text = as_text(self._files.current(session, standing, self._now()))
        except Refusal as refusal:
            raise Undeliverable(f"The license file can't be made: {refusal.detail}") from refusal
        return replace(item.mail, attachments=(*item.mail.attachments, (LICENSE_FILE_NAME, text)))

    def _postpone(self, item: outbox.Queued, problem: str) -> None:
        now = self._now()
        retry_at = now + RETRIES[item.tries - 1] if item.tries <= len(RETRIES) else None
        log.warning("mail %s did not leave (try %d): %s", item.id, item.tries, problem)
        with self._database.write() as session:
            outbox.failed(session, item.id, problem, retry_at, now)
