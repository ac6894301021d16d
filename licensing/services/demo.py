"""The demo: two years of a company that does not exist, played through the real services under a simulated clock.

So the ledger, its audit and the reports hold as they would for a real one. The keys are made at the start of the two
years and rotated like any others: what was signed has to lie within the time of its key, so that a house that has keys
of today can't be given a past. One transaction a day; whoever interrupts it starts again in another folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from licensing.core.callers import OPERATOR
from licensing.core.conversions import MovementLine
from licensing.core.demo import Draw
from licensing.core.errors import SetupRefused
from licensing.core.funnels import By, FunnelLine
from licensing.core.milestones import COUNTED, Aim
from licensing.core.movements import What
from licensing.core.periods import FIRST, Every, Period
from licensing.services import demo_office
from licensing.services.demo_customers import direct, trial
from licensing.services.demo_people import House, Scene, Stage, Story, hire
from licensing.storage import demo, keyfiles, ledger, staff

DAYS = 730
MONDAY = 0
DIRECT, PAST = 70, 100
"""Of how many trials there is one who buys without, and one who bought before there was this server."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Played:
    """What there is now: the funnel of all who ever registered, how many bought without a trial, and all customers by
    the tier of their first purchase. `manager` and `one_time_password` are for looking at it.
    """

    first: datetime
    funnel: FunnelLine
    direct: int
    customers: Mapping[str, int]
    deeds: int
    manager: str
    one_time_password: str


def first_day(end: datetime) -> datetime:
    """The Monday two years before `end`, or the last one before that: so that all demos have the same weekends."""
    day = end - timedelta(days=DAYS)
    return day - timedelta(days=day.weekday() - MONDAY)


class Demo:
    """Plays in a house that was built on a StagedSystem of `scene`, which stands at the first day."""

    def __init__(self, house: House, scene: Scene) -> None:
        self._house = house
        self._scene = scene

    def require_unused(self, *files: Path) -> None:
        """Raises SetupRefused unless there is nothing yet: no leaf, no account, no keys, and none of `files`."""
        folder = self._house.keys.folder
        with self._house.database.read() as session:
            rows = ledger.size(session) + staff.count(session)
        found = [path for path in (folder / keyfiles.STATEMENT, folder / keyfiles.ROOT, *files) if path.exists()]
        if rows or found:
            raise SetupRefused(
                "The demo needs an installation that was never used: its past would lie before your keys. Give it"
                " another folder, and the server after it the same: LICENSING_DATA_DIR=demo licensing demo"
            )

    def play(self, seed: int, trials: int, end: datetime, progress: Progress = lambda *_: None) -> Played:
        """The two years have happened, nobody was written to, and the reports have counted everything."""
        house, first = self._house, self._scene.time
        team = hire(house.staff)
        stage = Stage(house, self._scene, Draw(str(seed)), team, first, end)
        for story in _stories(stage, trials):
            stage.tell(story)
        days = (end - first).days
        for day in range(days):
            with house.database.joined() as session:
                stage.play(first + timedelta(days=day + 1))
                demo.forget_mails(session)
            progress(day, days)
        self._scene.time = end
        house.rollups.rebuild()
        house.ledger.checkpoint()
        progress(days, days)
        return self._told(stage)

    def _told(self, stage: Stage) -> Played:
        ever, reports = Period(FIRST, stage.end + timedelta(days=1)), self._house.reports
        [funnel] = map(FunnelLine._make, reports.funnel(OPERATOR, ever, By.ALL).lines)
        moved = map(MovementLine._make, reports.conversions(OPERATOR, ever, Every.YEAR).lines)
        bought = [line for line in moved if line.what in COUNTED[Aim.NEW_CUSTOMERS]]
        tiers = sorted({line.tier for line in bought})
        with self._house.database.read() as session:
            deeds = ledger.size(session)
        return Played(
            first=stage.first,
            funnel=funnel,
            direct=sum(line.movements for line in bought if line.what is What.DIRECT),
            customers={tier: sum(line.movements for line in bought if line.tier == tier) for tier in tiers},
            deeds=deeds,
            manager=stage.team.address,
            one_time_password=stage.team.one_time_password,
        )


def _stories(stage: Stage, trials: int) -> list[Story]:
    """Everything that begins by itself."""
    directs, past = max(1, trials // DIRECT), max(2, trials // PAST)
    return [
        demo_office.prices(stage),
        demo_office.keys(stage),
        demo_office.past(stage, trials + directs, past),
        demo_office.goal(stage, trials),
        *(trial(stage, number) for number in range(trials)),
        *(direct(stage, number) for number in range(trials, trials + directs)),
    ]
