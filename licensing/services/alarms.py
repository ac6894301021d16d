"""Alarms: who is told of them, and who has looked. They ring where something happens (`storage.alarms.ring`)."""

from __future__ import annotations

from licensing.core import mails
from licensing.core.alarms import MAILED_AT_ONCE, meaning
from licensing.core.callers import Caller, Permission
from licensing.core.errors import NotFound
from licensing.storage import alarms, events, outbox, staff
from licensing.storage.alarms import Alarm
from licensing.storage.database import Database
from licensing.system import System


class Alarms:
    """What rang, for people."""

    def __init__(self, database: Database, system: System, public_url: str) -> None:
        self._database = database
        self._system = system
        self._public_url = public_url

    def page(self, caller: Caller, limit: int) -> list[Alarm]:
        """The alarms, those that nobody has looked at first."""
        caller.require(Permission.LEDGER_READ)
        with self._database.read() as session:
            return alarms.every(session, limit)

    def look_at(self, caller: Caller, kind: str, subject: str) -> None:
        """The caller has looked at it, and the trail says so. Raises NotFound where no such alarm is open."""
        caller.require(Permission.LEDGER_READ)
        now = self._system.now()
        with self._database.write() as session:
            if not alarms.look_at(session, kind, subject, caller.id, now):
                raise NotFound("There is no such alarm, or somebody has looked at it already.")
            events.add(session, caller.id, "alarm.seen", subject, now, {"kind": kind})

    def tell(self) -> int:
        """One mail to each admin tells of the alarms that are new; how many alarms that were."""
        now = self._system.now()
        with self._database.write() as session:
            told = alarms.tell(session, now)
            lines = [f"{meaning(each.kind)}\n{each.kind}: {each.subject}" for each in told[:MAILED_AT_ONCE]]
            for admin in filter(None, (staff.find(session, id) for id in staff.enabled_admins(session) if told)):
                mail = mails.alarms_rang(
                    admin.email, admin.name, lines, len(told), f"{self._public_url}/console/alarms"
                )
                outbox.add(session, self._system.new_id(), mail, now)
        return len(told)
