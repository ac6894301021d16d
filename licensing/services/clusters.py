"""What sales can do to a single cluster: move it between the pools, free it from a lost key, free its seats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.callers import Caller
from licensing.core.clusters import Holding, placed
from licensing.core.errors import LicenseState, NotFound
from licensing.core.licenses import Edition
from licensing.core.standings import Standing
from licensing.services.deeds import seen
from licensing.storage import clusters, events, histories, licenses
from licensing.storage.clusters import Seen
from licensing.storage.database import Database
from licensing.system import System

NO_CLUSTER = "There is no such cluster under such a license."


@dataclass(frozen=True, slots=True)
class _Deed:
    """What is done to one cluster: `kind` is the line in its history, and `cluster.<kind>` the event."""

    caller: Caller
    kind: str
    reason: str


class Clusters:
    """The deeds on clusters. A deed is on all that runs or ran under one fsid, whatever its kube-system UID."""

    def __init__(self, database: Database, system: System) -> None:
        self._database = database
        self._now = system.now

    def of_license(self, caller: Caller, license_id: str) -> list[Seen]:
        """The license's clusters, first come first. Raises NotFound."""
        with self._database.read() as session:
            _visible(session, caller, licenses.find(session, license_id))
            return clusters.seen(session, license_id)

    def grant_non_production(
        self, caller: Caller, license_id: str, fsid: str, reason: str, *, granted: bool
    ) -> list[Seen]:
        """The cluster's wish for the non-production pool counts, or no longer; what it is now.

        The leave may be given before there is a wish. Raises NotFound, and LicenseState for a trial, for granting under
        a revoked license, and when nothing would change.
        """
        now, deed = self._now(), _Deed(caller, "np-granted" if granted else "np-withdrawn", reason)
        with self._database.write() as session:
            standing, held = _locked(session, caller, license_id, fsid)
            _require_grantable(standing, granted=granted)
            changing = [holding for holding in held if holding.np_granted != granted]
            if not changing:
                raise LicenseState(f"Non-production is {'granted already' if granted else 'not granted'}.")
            for holding in changing:
                after = placed(holding, production=holding.production, np_granted=granted)
                clusters.place(session, after)
                clusters.note_change(session, after, deed.kind, now)
            licenses.touch(session, license_id)
            _note(session, deed, license_id, fsid, now)
            return _of(session, license_id, fsid)

    def reset(self, caller: Caller, license_id: str, fsid: str, reason: str) -> list[Seen]:
        """The cluster is pinned to no client: the next check-in may pin it anew. What it is now. Raises NotFound."""
        now, deed = self._now(), _Deed(caller, "reset", reason)
        with self._database.write() as session:
            _, held = _locked(session, caller, license_id, fsid)
            for holding in held:
                clusters.forget_instance(session, holding.id)
                clusters.note_change(session, holding, deed.kind, now)
            _note(session, deed, license_id, fsid, now)
            return _of(session, license_id, fsid)

    def release(self, caller: Caller, license_id: str, fsid: str, reason: str) -> None:
        """The cluster's seats are free, and a trial that was bound to it is free for another. Raises NotFound."""
        now, deed = self._now(), _Deed(caller, "released", reason)
        with self._database.write() as session:
            standing, held = _locked(session, caller, license_id, fsid)
            free(session, standing, held, now)
            unbind(session, standing, fsid)
            _note(session, deed, license_id, fsid, now)


def free(session: Session, standing: Standing, held: Sequence[Holding], now: datetime) -> None:
    """The seats of these clusters are free, and all others of the license are judged anew."""
    for holding in held:
        clusters.note_change(session, holding, "released", now, removed=clusters.nodes(session, holding.id))
        clusters.release(session, holding.id)
    licenses.touch(session, standing.license_id)
    histories.mark_trial(session, standing.license_id)


def unbind(session: Session, standing: Standing, fsid: str) -> None:
    """A trial that was bound to Ceph cluster `fsid` binds itself to the next one that checks in."""
    if standing.bound_fsid == fsid:
        licenses.bind(session, standing.license_id, None)


def _locked(session: Session, caller: Caller, license_id: str, fsid: str) -> tuple[Standing, list[Holding]]:
    standing = _visible(session, caller, licenses.lock(session, license_id))
    held = clusters.with_fsid(session, license_id, fsid)
    if not held:
        raise NotFound(NO_CLUSTER)
    return standing, held


def _visible(session: Session, caller: Caller, standing: Standing | None) -> Standing:
    try:
        return seen(session, caller, standing)
    except NotFound as unseen:
        raise NotFound(NO_CLUSTER) from unseen  # the same words, whichever of the two there is not


def _require_grantable(standing: Standing, *, granted: bool) -> None:
    if standing.edition is Edition.TRIAL:
        raise LicenseState("A trial has no seats for non-production.")
    if granted:
        standing.require_not_revoked()


def _note(session: Session, deed: _Deed, license_id: str, fsid: str, now: datetime) -> None:
    details = {"fsid": fsid, "reason": deed.reason}
    events.add(session, deed.caller.id, f"cluster.{deed.kind}", license_id, now, details)


def _of(session: Session, license_id: str, fsid: str) -> list[Seen]:
    return [cluster for cluster in clusters.seen(session, license_id) if cluster.fsid == fsid]
