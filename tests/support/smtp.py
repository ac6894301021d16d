"""A real SMTP server in a thread, and what it was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.servers import free_port


class Mailbox(Message):
    """Takes every mail, or answers with `refusal`; with `drops` it is gone before it says that it took one, and with
    `stalls` it says nothing for so many seconds.
    """

    def __init__(self) -> None:
        super().__init__(EmailMessage)
        self.mails: list[Any] = []
        self.refusal: str | None = None
        self.drops = False
        self.stalls = 0.0

    async def handle_DATA(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        await asyncio.sleep(self.stalls)
        answer = await super().handle_DATA(server, session, envelope)
        if self.drops and server.transport is not None:
            server.transport.close()
        return str(answer)

    def handle_message(self, message: Any) -> None:
        self.mails.append(message)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refusal is not None:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"


@dataclass(frozen=True, slots=True)
class MailServer:
    """A running server; `url` is what LICENSING_MAIL_URL takes."""

    mailbox: Mailbox
    port: int

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"


@contextmanager
def running_mail_server() -> Iterator[MailServer]:
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield MailServer(mailbox, controller.port)
    finally:
        controller.stop()
