"""Milestones: what is to be reached by a day, how it stands, and who counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.callers import Caller
from licensing.core.errors import NotFound
from licensing.core.explanations import ReportedMovement
from licensing.core.milestones import COUNTED, Aim, Milestone, Standing, standing
from licensing.services.organizations import require_unconfined
from licensing.storage import events, milestones, report_rows, reports
from licensing.storage.database import Database
from licensing.system import System

NO_MILESTONE = "There is no such milestone."
MAX_COUNTING = 500


@dataclass(frozen=True, slots=True)
class Standings:
    """A milestone, and how each of its targets stands."""

    milestone: Milestone
    targets: list[Standing]


@dataclass(frozen=True, slots=True)
class Counting:
    """The same, with the movements that count for each target: the first 500 of each."""

    standings: Standings
    behind: Mapping[Aim, list[ReportedMovement]]


class Milestones:
    """The milestones; they stand as far as the rollups are counted."""

    def __init__(self, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    def every(self, caller: Caller) -> list[Standings]:
        """How all stand, the earliest day first."""
        require_unconfined(caller)
        now = self._system.now()
        with self._database.read() as session:
            return _standings(session, milestones.every(session), now)

    def show(self, caller: Caller, milestone_id: str) -> Counting:
        """How one stands, and who counts. Raises NotFound."""
        require_unconfined(caller)
        with self._database.read() as session:
            milestone = _existing(session, milestone_id)
            behind = {
                aim: report_rows.movements(session, milestone.period, COUNTED[aim], None, None, None, MAX_COUNTING)
                for aim in milestone.targets
            }
            [standings] = _standings(session, [milestone], self._system.now())
            return Counting(standings, behind)

    def set(
        self, caller: Caller, name: str, counts_from: datetime, day: datetime, targets: Mapping[Aim, int]
    ) -> Standings:
        """A new milestone, and how it stands. Raises MilestoneRefused."""
        return self._put(caller, Milestone(self._system.new_id(), name, counts_from, day, targets), "set")

    def change(self, caller: Caller, milestone: Milestone) -> Standings:
        """The milestone of this id is another one from now on. Raises NotFound, MilestoneRefused."""
        return self._put(caller, milestone, "changed")

    def remove(self, caller: Caller, milestone_id: str) -> None:
        """There is no such milestone any more. Raises NotFound."""
        require_unconfined(caller)
        now = self._system.now()
        with self._database.write() as session:
            _existing(session, milestone_id)
            milestones.remove(session, milestone_id)
            events.add(session, caller.id, "milestone.removed", milestone_id, now, {})

    def _put(self, caller: Caller, milestone: Milestone, deed: str) -> Standings:
        require_unconfined(caller)
        milestone.require_valid()
        now = self._system.now()
        with self._database.write() as session:
            if deed == "changed":
                _existing(session, milestone.id)
            milestones.put(session, milestone)
            targets = {str(aim): target for aim, target in milestone.targets.items()}
            events.add(
                session,
                caller.id,
                f"milestone.{deed}",
                milestone.id,
                now,
                {"day": str(milestone.day.date()), **targets},
            )
            return _standings(session, [milestone], now)[0]


def _existing(session: Session, milestone_id: str) -> Milestone:
    milestone = milestones.find(session, milestone_id)
    if milestone is None:
        raise NotFound(NO_MILESTONE)
    return milestone


def _standings(session: Session, every: Sequence[Milestone], now: datetime) -> list[Standings]:
    wanted = [(milestone.period, COUNTED[aim]) for milestone in every for aim in milestone.targets]
    attained = iter(reports.moved(session, wanted))
    return [
        Standings(milestone, [standing(milestone, aim, next(attained), now) for aim in milestone.targets])
        for milestone in every
    ]
