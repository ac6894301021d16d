"""How a mail leaves: into a folder (development) or to an SMTP server."""

from __future__ import annotations

import os
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from licensing.core.errors import SetupRefused
from licensing.core.mail_html import as_html
from licensing.core.mails import Mail
from licensing.services.outbox import Transport, Undeliverable
from licensing.system import System

SMTP_TIMEOUT_SECONDS = 20


@dataclass(frozen=True, slots=True)
class FolderTransport:
    """Each mail becomes a file `<id>.eml`; ids sort by time."""

    folder: Path
    sender: str
    system: System

    def send(self, id: str, mail: Mail) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f".{id}.new"
        fresh.write_bytes(bytes(_message(id, mail, self.sender, self.system)))
        fresh.replace(self.folder / f"{id}.eml")

    def describe(self) -> str:
        return f"files in {self.folder}"

    def reach(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK):
            raise Undeliverable(f"{self.folder} can't be written")


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """Hands each mail to an SMTP server; `tls` from the first byte, else STARTTLS where the server offers it."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool
    sender: str
    system: System

    def send(self, id: str, mail: Mail) -> None:
        message = _message(id, mail, self.sender, self.system)
        try:
            with self._connect() as server:
                if not self.tls and server.has_extn("starttls"):
                    server.starttls(context=ssl.create_default_context())
                if self.user is not None:
                    server.login(self.user, self.password or "")
                server.send_message(message)
        except (OSError, smtplib.SMTPException) as error:
            raise Undeliverable(f"{type(error).__name__} from {self.host}:{self.port}") from error

    def describe(self) -> str:
        return f"SMTP server {self.host}:{self.port}"

    def reach(self) -> None:
        try:
            with self._connect() as server:
                server.noop()
        except (OSError, smtplib.SMTPException) as error:
            raise Undeliverable(f"{type(error).__name__} from {self.host}:{self.port}") from error

    def _connect(self) -> smtplib.SMTP:
        if self.tls:
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(self.host, self.port, timeout=SMTP_TIMEOUT_SECONDS, context=context)
        server = smtplib.SMTP(self.host, self.port, timeout=SMTP_TIMEOUT_SECONDS)
        server.ehlo_or_helo_if_needed()
        return server


def open_transport(url: str, sender: str, system: System) -> Transport:
    """The transport that `url` names: file:///folder, smtp://[user:password@]host[:port] or smtps://…"""
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path:
        return FolderTransport(Path(unquote(parts.path)), sender, system)
    if parts.scheme in ("smtp", "smtps") and parts.hostname:
        tls = parts.scheme == "smtps"
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return SmtpTransport(parts.hostname, parts.port or (465 if tls else 25), user, password, tls, sender, system)
    raise SetupRefused("LICENSING_MAIL_URL must be file:///folder, smtp://host:port or smtps://host:port.")


def _message(id: str, mail: Mail, sender: str, system: System) -> EmailMessage:
    """The message; a retry has the same Message-ID, so that a reader's server can drop a double."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = mail.recipient
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(system.now())
    message["Message-ID"] = f"<{id}@{parseaddr(sender)[1].rpartition('@')[2] or 'localhost'}>"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: no out-of-office answers, please
    # Plain where it can be: a person who reads the file finds the link in one piece.
    message.set_content(mail.text, cte="7bit" if mail.text.isascii() else None)
    message.add_alternative(as_html(mail.subject, mail.text), subtype="html", cte="base64")
    for name, content in mail.attachments:
        message.add_attachment(content.encode("utf-8"), maintype="application", subtype="json", filename=name)
    return message
