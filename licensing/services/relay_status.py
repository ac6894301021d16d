"""What a relay shows of itself: the license, its seats, and the clusters that hold them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from licensing.core.clusters import Pool
from licensing.core.errors import NotFound
from licensing.core.standings import Standing
from licensing.services.relay_keys import RelayKeys
from licensing.storage import clusters, keyfiles, licenses
from licensing.storage.clusters import Seen
from licensing.storage.database import Database


@dataclass(frozen=True, slots=True)
class Status:
    """How things stand at `now`. `clusters` are those whose grant has not run out; `problem` is a file's refusal."""

    now: datetime
    organization: str
    standing: Standing
    clusters: list[Seen]
    problem: str | None

    def granted(self, pool: Pool) -> int:
        """Seats in use in the pool."""
        return sum(cluster.granted for cluster in self.clusters if cluster.pool is pool)


class RelayStatus:
    """Reads how things stand."""

    def __init__(self, database: Database, keys: RelayKeys, problem: Path, now: Callable[[], datetime]) -> None:
        self._database = database
        self._keys = keys
        self._problem = problem
        self._now = now

    def current(self) -> Status:
        """How things stand now. Raises NotFound before a license was carried in."""
        license, now = self._keys.current().license, self._now()
        with self._database.read() as session:
            standing = licenses.find(session, license.lid)
            if standing is None:
                raise NotFound("The relay has no license yet.")
            alive = [cluster for cluster in clusters.seen(session, license.lid) if now < cluster.expires_at]
        return Status(now, license.org, standing, alive, keyfiles.read_text(self._problem))
