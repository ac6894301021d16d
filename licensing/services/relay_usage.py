"""The usage of a relay's license, signed for the talk about its renewal."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.clusters import Pool
from licensing.core.keys import Purpose
from licensing.core.ledger import Kind
from licensing.core.usage import Usage, by_day, require_period, signed_usage
from licensing.services.relay_keys import RelayKeys
from licensing.storage import ledger, usage
from licensing.storage.database import Database


class RelayUsage:
    """Tells what was used."""

    def __init__(self, database: Database, keys: RelayKeys, now: Callable[[], datetime], issuer: str) -> None:
        self._database = database
        self._keys = keys
        self._now = now
        self._issuer = issuer

    def export(self, start: datetime, end: datetime) -> Mapping[str, object]:
        """The signed file of the days from `start` to `end`, midnights both, the latter not included.

        Raises PeriodRefused for days that are not over, or too many of them.
        """
        keys, now = self._keys.current(), self._now()
        require_period(int(start.timestamp()), int(end.timestamp()), int(now.timestamp()))
        with self._database.snapshot() as session:
            told = self._usage(session, keys.license.lid, start, end, now)
        key = keys.key(Purpose.LEASE)
        return signed_usage(told, key.kid, key.signer.sign)

    def _usage(self, session: Session, license_id: str, start: datetime, end: datetime, now: datetime) -> Usage:
        changes = usage.changes(session, license_id, end)
        clusters = usage.clusters(session, license_id, list(dict.fromkeys(each.cluster_id for each in changes)))
        production = {each.cid for each in clusters if each.pool == Pool.PRODUCTION}
        first, last = int(start.timestamp()), int(end.timestamp())
        days = by_day(changes, clusters, production, _seats(session, license_id), first, last)
        return Usage(self._issuer, license_id, int(now.timestamp()), first, last, tuple(clusters), days)


def _seats(session: Session, license_id: str) -> Callable[[int], int]:
    """What the license covered at a time, by the issues that were carried in; 0 before the first."""
    deeds = [each for each in ledger.of_license(session, license_id) if each.kind is Kind.IMPORTED]
    times = [int(each.recorded_at.timestamp()) for each in deeds]
    seats = [0, *(each.seats or 0 for each in deeds)]
    return lambda at: seats[bisect_right(times, at - 1)]
