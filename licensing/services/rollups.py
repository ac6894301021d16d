"""Rollups: what reports add up follows from the ledger, registrations, quotes and clusters, and stays so.

A customer that changed is counted anew as a whole: what she adds to the tallies now, minus what she added before.
Nothing is counted twice, whatever is counted again, and a rebuild is the same from the start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from sqlalchemy.orm import Session

from licensing.core.journeys import told
from licensing.core.tallies import Tallies, difference, merge, share
from licensing.storage import histories, journeys, ledger, tallies, tiers
from licensing.storage.database import Database, take_turns, without_time_limit
from licensing.storage.journeys import JourneyRow, MovementRow, Told

STEP = 200
"""Leaves, and marks, that are counted in one transaction."""
CHUNK = 500
NOTHING: Told = (None, [])
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Freshness:
    """Everything up to `as_of` is counted; `pending` changes are not, told up to 10,000 of each kind."""

    as_of: datetime
    pending: int


class Rollups:
    """Keeps what the reports add up."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now

    def catch_up(self, steps: int | None = None) -> int:
        """Whatever changed is counted, or as much as fits into `steps` transactions; how many customers that were."""
        total = 0
        for number in count():
            if number == steps or not self.freshness().pending:
                return total
            total += self._step()
        return total

    def freshness(self) -> Freshness:
        """How far the reports are behind."""
        with self._database.read() as session:
            pending = histories.pending(session)
            first = histories.first_pending_at(session) if pending else None
        return Freshness(first or self._now(), pending)

    def rebuild(self, progress: Progress = lambda *_: None) -> int:
        """Everything is counted from the start, in one transaction; how many customers there are."""
        with self._database.write() as session:
            without_time_limit(session)
            take_turns(session, "reports")
            leaves, total, done = ledger.size(session), histories.count(session), 0
            sums: Tallies = {}
            tallies.clear(session)
            journeys.clear(session)
            for subjects, counted in self._counted(session):
                journeys.add(session, counted.items())
                for each in counted.values():
                    merge(sums, share(*each))
                done += len(subjects)
                progress(done, total)
            tallies.add(session, sums)
            histories.settle_all(session, leaves)
        return done

    def reconcile(self, progress: Progress = lambda *_: None) -> list[str]:
        """Where what is kept differs from what the ledger and the rest make, a line each; empty when nowhere.

        Each customer is recomputed and compared row by row, and the tallies with the rows. Customers that are not
        counted yet are passed over, so it may run beside a server.
        """
        self.catch_up()
        with self._database.snapshot() as session:
            without_time_limit(session)
            waiting = histories.changed(session, histories.MAX_PENDING).subjects
            total, done = histories.count(session), 0
            found, sums = _strangers(session), Tallies()
            for subjects, counted in self._counted(session):
                kept = journeys.of_subjects(session, subjects)
                for each in kept.values():
                    merge(sums, share(*each))
                for subject in subjects:
                    if subject not in waiting:
                        found += _compared(subject, kept.get(subject, NOTHING), counted.get(subject, NOTHING))
                done += len(subjects)
                progress(done, total)
            wrong = difference(tallies.every(session), sums)
            found += [f"customer {subject}: is kept as an open trial wrongly" for subject in journeys.misfiled(session)]
        return found + [f"{cell}: {by} too many" for cell, by in sorted(wrong.items(), key=str)]

    def _step(self) -> int:
        with self._database.write() as session:
            take_turns(session, "reports")
            changed = histories.changed(session, STEP)
            known = tiers.every(session)
            counted = {
                subject: told(history, known) for subject, history in histories.of(session, changed.subjects).items()
            }
            subjects = {*changed.subjects, *counted, *histories.keys_of(session, counted)}
            kept = journeys.of_subjects(session, subjects)
            new = {subject: each for subject, each in counted.items() if not _is_same(kept.get(subject), each)}
            old = {subject: each for subject, each in kept.items() if subject in new or subject not in counted}
            journeys.forget(session, old)
            journeys.add(session, new.items())
            tallies.add(session, difference(_sum(new), _sum(old)))
            histories.settle(session, changed)
        return len(counted)

    def _counted(self, session: Session) -> Iterator[tuple[list[str], dict[str, Told]]]:
        """Every customer, as she is told from the start."""
        known = tiers.every(session)
        for subjects in histories.subjects(session, CHUNK):
            found = histories.of(session, subjects)
            yield subjects, {subject: told(history, known) for subject, history in found.items()}


def _is_same(one: Told | None, other: Told) -> bool:
    """Whether the rows are equal, in whatever order."""
    return one is not None and one[0] == other[0] and set(one[1]) == set(other[1])


def _sum(counted: Mapping[str, Told]) -> Tallies:
    sums: Tallies = {}
    for each in counted.values():
        merge(sums, share(*each))
    return sums


def _strangers(session: Session) -> list[str]:
    """Rows of customers that do not exist."""
    columns = (JourneyRow.subject, MovementRow.subject)
    subjects = {subject for column in columns for subject in histories.nobodys(session, column)}
    return [f"customer {subject}: counted, and there is no such customer" for subject in sorted(subjects)]


def _compared(subject: str, kept: Told, counted: Told) -> Iterator[str]:
    """What is wrong with the rows of one customer."""
    if kept[0] != counted[0]:
        yield f"customer {subject}: {kept[0]} is kept, and should be {counted[0]}"
    for extra in sorted(set(kept[1]) - set(counted[1]), key=str):
        yield f"customer {subject}: {extra} is kept, and should not be"
    for missing in sorted(set(counted[1]) - set(kept[1]), key=str):
        yield f"customer {subject}: {missing} is missing"
