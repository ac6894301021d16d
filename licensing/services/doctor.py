"""The doctor: looks at everything an installation stands on, changes nothing, and says what to do."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from licensing.core.errors import Refusal
from licensing.services.health import Health
from licensing.services.ledger import Ledger
from licensing.services.outbox import Transport, Undeliverable
from licensing.storage import alarms, clocks, metrics, schema
from licensing.storage.database import Database

CLOCKS_APART = timedelta(seconds=60)
MAIL_LATE = timedelta(hours=1)
LITTLE_BYTES, TOO_LITTLE_BYTES = 2 * 2**30, 200 * 2**20
OTHERS = stat.S_IRWXG | stat.S_IRWXO


class State(StrEnum):
    """How a part is. A warning can wait until tomorrow."""

    WELL = "well"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, and what it needs."""

    part: str
    state: State
    says: str


@dataclass(frozen=True, slots=True)
class Installation:
    """What the settings say, as far as one can look at it."""

    in_production: bool
    data: Path
    keys: Path
    high_water: Path
    public_url: str
    proxies: int
    has_terms: bool
    secret_files: tuple[Path, ...]


Look = Callable[[], Iterator[Finding]]


class Doctor:
    """Looks at one installation."""

    def __init__(
        self,
        installation: Installation,
        database: Database,
        ledger: Ledger,
        health: Health,
        transport: Transport,
        now: Callable[[], datetime],
    ) -> None:
        self._installation = installation
        self._database = database
        self._ledger = ledger
        self._health = health
        self._transport = transport
        self._now = now

    def examine(self) -> list[Finding]:
        """A finding or more for each part; those that are well, too."""
        looks: dict[str, Look] = {
            "settings": self._settings,
            "folders": self._folders,
            "disk": self._disk,
            "database": self._reachable,
            "schema": self._schema,
            "durability": self._durability,
            "rights": self._rights,
            "keys": self._keys,
            "ledger": self._consistent,
            "clock": self._clock,
            "outbox": self._outbox,
            "webhooks": self._webhooks,
            "mail": self._mail,
            "worker": self._worker,
            "alarms": self._alarms,
        }
        return [finding for part, look in looks.items() for finding in _found(part, look)]

    def _settings(self) -> Iterator[Finding]:
        asked, parts = self._installation, urlsplit(self._installation.public_url)
        if asked.in_production and (parts.scheme != "https" or _is_local(parts.hostname or "")):
            yield _problem("settings", f"Browsers and clients can't use {asked.public_url}: set LICENSING_PUBLIC_URL.")
        if asked.in_production and parts.scheme == "https" and asked.proxies == 0:
            yield _warning(
                "settings", "Something before this server speaks TLS, and no proxy is set: LICENSING_PROXIES."
            )
        if asked.in_production and not asked.has_terms:
            yield _warning("settings", "Who registers agrees to nothing: LICENSING_TERMS_URL, LICENSING_PRIVACY_URL.")
        if not asked.in_production and not _is_local(parts.hostname or ""):
            yield _warning("settings", "Others can reach a development server: LICENSING_MODE=production.")
        for path in asked.secret_files:
            if not os.access(path, os.R_OK):
                yield _problem("settings", f"{path} can't be read by this account.")

    def _folders(self) -> Iterator[Finding]:
        for folder in (self._installation.data, self._installation.keys):
            if not folder.is_dir():
                yield _problem("folders", f"{folder} is no folder.")
            elif folder.stat().st_mode & OTHERS:
                yield _problem("folders", f"Others can look into {folder}: chmod 0700 {folder}")
        if not os.access(self._installation.data, os.W_OK):
            yield _problem("folders", f"{self._installation.data} can't be written by this account.")

    def _disk(self) -> Iterator[Finding]:
        free = shutil.disk_usage(self._installation.data).free
        if free < LITTLE_BYTES:
            state = State.PROBLEM if free < TOO_LITTLE_BYTES else State.WARNING
            yield Finding("disk", state, f"{free // 2**20} MiB are free under {self._installation.data}: make room.")

    def _reachable(self) -> Iterator[Finding]:
        with self._database.read() as session:
            clocks.of_database(session)
        return iter(())

    def _schema(self) -> Iterator[Finding]:
        schema.assert_current(self._database)
        for difference in schema.differences(self._database):
            yield _problem("schema", f"The tables are not those of the migrations: {difference}")

    def _durability(self) -> Iterator[Finding]:
        self._database.assert_durable()
        return iter(())

    def _rights(self) -> Iterator[Finding]:
        if self._installation.in_production:
            self._database.assert_not_owner()
        return iter(())

    def _keys(self) -> Iterator[Finding]:
        if (problem := self._health.problems().get("keys")) is not None:
            yield _problem("keys", problem)
        if (warning := self._health.warnings().get("keys")) is not None:
            yield _warning("keys", warning)

    def _consistent(self) -> Iterator[Finding]:
        if (problem := self._ledger.problem()) is not None:
            yield _problem("ledger", f"{problem} Run: licensing ledger audit")
        if not self._installation.high_water.exists():
            yield _warning(
                "ledger",
                f"{self._installation.high_water} is missing: a rollback would not be noticed. The worker makes it.",
            )

    def _clock(self) -> Iterator[Finding]:
        now = self._now()
        with self._database.read() as session:
            theirs, newest = clocks.of_database(session), clocks.of_ledger(session)
        if abs(theirs - now) > CLOCKS_APART:
            yield _warning(
                "clock", f"The database's clock says {theirs:%Y-%m-%dT%H:%M:%SZ}, this machine's {now:%H:%M:%S}."
            )
        if newest is not None and newest - now > CLOCKS_APART:
            yield _problem(
                "clock", f"The ledger has a deed of {newest:%Y-%m-%dT%H:%M:%SZ}, which is to come: set the clock."
            )

    def _outbox(self) -> Iterator[Finding]:
        with self._database.read() as session:
            _, _, oldest = metrics.mails(session)
        if (warning := self._health.warnings().get("outbox")) is not None:
            yield _warning("outbox", warning)
        if oldest is not None and self._now() - oldest > MAIL_LATE:
            yield _warning("outbox", f"A mail has waited since {oldest:%Y-%m-%dT%H:%M:%SZ}.")

    def _webhooks(self) -> Iterator[Finding]:
        if (warning := self._health.warnings().get("webhooks")) is not None:
            yield _warning("webhooks", warning)

    def _mail(self) -> Iterator[Finding]:
        try:
            self._transport.reach()
        except Undeliverable as error:
            yield _problem("mail", f"Mails would not leave ({error}): look at LICENSING_MAIL_URL and that server.")

    def _worker(self) -> Iterator[Finding]:
        if (warning := self._health.warnings().get("worker")) is not None:
            yield _warning("worker", f"{warning}. Start licensing serve or licensing work.")

    def _alarms(self) -> Iterator[Finding]:
        with self._database.read() as session:
            rang = alarms.counts(session)
        for kind, count in sorted(rang.items()):
            yield _warning("alarms", f"{count} × {kind}: look at /console/alarms.")


def _found(part: str, look: Look) -> list[Finding]:
    """What a look found; a look that failed is a problem of its part."""
    try:
        found = list(look())
    except Refusal as refusal:
        return [_problem(part, refusal.detail)]
    except OSError as error:
        return [_problem(part, f"It can't be reached: {error.strerror or type(error).__name__}.")]
    return found or [Finding(part, State.WELL, "")]


def _problem(part: str, says: str) -> Finding:
    return Finding(part, State.PROBLEM, says)


def _warning(part: str, says: str) -> Finding:
    return Finding(part, State.WARNING, says)


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
