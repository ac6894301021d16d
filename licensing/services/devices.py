"""Registering from a DCC's own screen: the DCC asks for codes, a person claims one, the DCC fetches its license."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from licensing.core import throttle
from licensing.core.devices import (
    CLAIMED_LIFE,
    CODE_LIFE,
    INTERVAL_SECONDS,
    KEPT,
    Grant,
    answer_to,
    interval_after,
    refused,
    typed,
)
from licensing.core.errors import CodeRefused, DeviceError, TrialExists
from licensing.core.licenses import Edition
from licensing.core.sessions import secret_hash
from licensing.core.standings import Standing
from licensing.core.trials import Registration, Source, link_hash, plain_code, spelled_code
from licensing.services.license_files import LicenseFiles
from licensing.services.registrations import Applicant, Registrations
from licensing.services.throttle import count, require_room, spend
from licensing.services.trials import license_of_registrant
from licensing.storage import devices, registrations
from licensing.storage.database import Database
from licensing.system import System

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a DCC gets: its own secret, and the code to show, BCDF-GHJK."""

    device_code: str = field(repr=False)
    user_code: str = field(repr=False)
    lives_seconds: int
    interval_seconds: int


class Devices:
    """Codes on screens, and who they belong to."""

    def __init__(self, database: Database, registrations: Registrations, files: LicenseFiles, system: System) -> None:
        self._database = database
        self._registrations = registrations
        self._files = files
        self._system = system

    def ask(self, fsid: str, cluster_name: str, address: str) -> Asked:
        """New codes for the cluster that asks from `address`. Raises TooManyTries."""
        now, secret = self._system.now(), self._system.new_link()
        with self._database.write() as session:
            spend(session, throttle.of_device_codes_asked(address), now)
            code = self._free_code(session)
            ends, interval = now + CODE_LIFE, INTERVAL_SECONDS
            grant = Grant(secret_hash(secret), fsid, cluster_name, address, now, ends, None, interval, None, None)
            devices.add(session, grant, _code_hash(code))
        return Asked(secret, spelled_code(code), int(CODE_LIFE.total_seconds()), interval)

    def fetch(self, device_code: str) -> Mapping[str, object]:
        """The license file, once the person has confirmed; as often as it is asked for within the code's life.

        Raises DeviceRefused with what the DCC has to do. That it has asked is written down in any case.
        """
        now = self._system.now()
        with self._database.write() as session:
            grant = devices.find(session, secret_hash(device_code))
            answer = DeviceError.INVALID_GRANT if grant is None else self._answer(session, grant, now)
        if isinstance(answer, DeviceError):
            raise refused(answer)
        return answer

    def look_up(self, user_code: str, address: str) -> Grant:
        """The cluster that shows this code, for a person at `address`. Raises CodeRefused, TooManyTries."""
        return self._with_code(user_code, address, lambda session, grant, now: grant)

    def claim(self, user_code: str, address: str, applicant: Applicant) -> None:
        """The person has registered for the cluster's trial; her mail is on its way.

        Raises CodeRefused, TooManyTries, DisposableAddress.
        """

        def register(session: Session, grant: Grant, now: datetime) -> None:
            registration_id = self._registrations.register(applicant, Source.DEVICE_CODE, network=address)
            devices.claim(session, grant, registration_id, now + CLAIMED_LIFE)

        self._with_code(user_code, address, register)

    def refuse(self, user_code: str, address: str) -> None:
        """The cluster is told that nobody here knows it. Raises CodeRefused, TooManyTries."""
        self._with_code(user_code, address, devices.refuse)

    def _with_code(self, user_code: str, address: str, act: Callable[[Session, Grant, datetime], Result]) -> Result:
        """What `act` makes of the code's grant; a wrong code counts against its address."""
        now, limit = self._system.now(), throttle.of_device_codes_typed(address)
        with self._database.joined() as session:
            require_room(session, limit, now)
            found = devices.with_user_code(session, _code_hash(plain_code(user_code)))
            try:
                return act(session, typed(found, now), now)
            except CodeRefused as refusal:
                wrong = refusal
                count(session, (limit,), now, failed=True)
        raise wrong

    def _answer(self, session: Session, grant: Grant, now: datetime) -> DeviceError | Mapping[str, object]:
        early = answer_to(grant, now)
        devices.polled(session, grant, now, interval_after(grant, early))
        if early is not None:
            return early
        pending = registrations.find(session, str(grant.registration_id))
        if pending is None or pending.used_at is None:
            return DeviceError.AUTHORIZATION_PENDING
        standing = _trial_of(session, pending.registration)
        if standing is None:
            return DeviceError.ACCESS_DENIED
        devices.fetched(session, grant, now)
        return self._files.current(session, standing, now)

    def _free_code(self, session: Session) -> str:
        code = self._system.new_code()
        while not devices.is_free(session, _code_hash(code)):
            code = self._system.new_code()
        return code


def forget_over(session: Session, now: datetime) -> None:
    """Codes that expired long ago leave their table."""
    devices.forget_before(session, now - KEPT)


def _trial_of(session: Session, registration: Registration) -> Standing | None:
    """Her organisation's trial; nothing else is ever handed out by a code."""
    try:
        standing = license_of_registrant(session, registration)
    except TrialExists:
        return None
    return standing if standing.edition is Edition.TRIAL and standing.revoked_at is None else None


def _code_hash(code: str) -> str:
    return link_hash(f"device code\n{code}")
