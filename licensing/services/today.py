"""The start page of staff: what waits for somebody today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from licensing.core.callers import Caller, Permission
from licensing.core.leads import Lead, lead, ranked
from licensing.core.licenses import Edition
from licensing.core.portal import State
from licensing.services.organizations import require_unconfined
from licensing.services.portal_licenses import Held, held
from licensing.storage import alarms, leads, license_lists, quote_requests, report_rows, today
from licensing.storage.alarms import Alarm
from licensing.storage.database import Database
from licensing.storage.license_lists import Wanted
from licensing.storage.quote_requests import OpenRequest
from licensing.storage.today import DeadMail, FullTrial, WaitingQuote

FIRST = 5
FULL = 10
ENDING_DAYS, ENDED_DAYS = 90, 30
ENDING = Wanted(Edition.PRO, State.ACTIVE, None, ENDING_DAYS)
ENDED = Wanted(Edition.PRO, State.ENDED, None, ENDED_DAYS)

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[Row]):
    """How many there are, and the first of them."""

    count: int
    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Day:
    """What waits. None is what the caller may not know of."""

    leads: Waiting[Lead] | None = None
    quotes: Waiting[WaitingQuote] | None = None
    requests: Waiting[OpenRequest] | None = None
    full_trials: Waiting[FullTrial] | None = None
    ending: Waiting[Held] | None = None
    ended: Waiting[Held] | None = None
    alarms: Waiting[Alarm] | None = None
    dead_mails: Waiting[DeadMail] | None = None


class Today:
    """One look at everything."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def of(self, caller: Caller) -> Day:
        """What waits, as far as the caller may know. Raises Forbidden to a key confined to one organisation."""
        require_unconfined(caller)
        now = self._now()
        with self._database.read() as session:
            return Day(
                leads=_if(caller, Permission.REPORTS_READ, lambda: _leads(session)),
                full_trials=_if(caller, Permission.REPORTS_READ, lambda: today.full_trials(session, FULL)),
                quotes=_if(caller, Permission.QUOTES_READ, lambda: today.waiting_quotes(session, FIRST, now)),
                requests=_if(caller, Permission.QUOTES_READ, lambda: _requests(session)),
                ending=_if(caller, Permission.LICENSES_READ, lambda: _licenses(session, ENDING, now)),
                ended=_if(caller, Permission.LICENSES_READ, lambda: _licenses(session, ENDED, now)),
                alarms=_if(caller, Permission.LEDGER_READ, lambda: alarms.open_ones(session, FIRST)),
                dead_mails=_if(caller, Permission.STAFF_MANAGE, lambda: today.dead_mails(session, FIRST)),
            )


def _if(caller: Caller, permission: Permission, ask: Callable[[], tuple[int, list[Row]]]) -> Waiting[Row] | None:
    return Waiting(*ask()) if permission in caller.permissions else None


def _leads(session: Session) -> tuple[int, list[Lead]]:
    """As services.reports ranks them, but asking only for sets of signals that somebody shows."""
    weights, shown = leads.weights(session), today.open_by_signals(session)
    found: list[Lead] = []
    ranks = ranked(shown, weights)
    for _, sets in ranks:
        if len(found) >= FIRST:
            break
        found += [lead(trial, weights) for trial in report_rows.open_trials(session, sets, FIRST - len(found))]
    return sum(shown[signals] for _, sets in ranks for signals in sets), found


def _requests(session: Session) -> tuple[int, list[OpenRequest]]:
    return today.waiting_requests(session), quote_requests.open_requests(session, FIRST)


def _licenses(session: Session, wanted: Wanted, now: datetime) -> tuple[int, list[Held]]:
    first = license_lists.page(session, wanted, None, FIRST, now)
    return license_lists.count(session, wanted, now), held(session, first, now)
