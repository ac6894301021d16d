"""Check-ins: a cluster reports its nodes and gets a signed lease, on the seats its license's pool leaves.

A check-in that changes nothing is answered from two rows and writes nothing. Everything else happens under the
license's lock, so that two clusters never get the same last seat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import checkins, instances, mails, seats, throttle
from licensing.core.alarms import AlarmKind
from licensing.core.checkins import Arrival
from licensing.core.clusters import Holding, Pool, Report, placed
from licensing.core.errors import InstanceMismatch, NotFound
from licensing.core.instances import Proof
from licensing.core.keys import Purpose
from licensing.core.leases import CHECK_IN_SECONDS, lease_claims
from licensing.core.licenses import Edition, License
from licensing.core.records import record
from licensing.core.standings import Standing
from licensing.core.verdicts import Verdict
from licensing.services.authentication import Authentication, Bearer
from licensing.services.clusters import free, unbind
from licensing.services.license_files import LicenseFiles
from licensing.services.signing import KeyStore
from licensing.services.throttle import spend
from licensing.storage import alarms, clusters, histories, licenses, organizations, outbox
from licensing.storage.database import Database
from licensing.system import System


@record(frozen=True, slots=True)
class CheckedIn:
    """The answer to a check-in. `license_file` is there when a newer license than the shown one exists.

    `pool` is where the cluster counts; a wish that nobody has granted is none.
    """

    verdict: Verdict
    pool: Pool
    unlicensed_nodes: tuple[str, ...]
    next_seconds: int
    lease: str
    keys: str
    license_file: Mapping[str, object] | None


@record(frozen=True, slots=True)
class _Judged:
    """A verdict with what it was judged from."""

    verdict: Verdict
    holding: Holding
    unlicensed: tuple[str, ...] = ()
    license_file: Mapping[str, object] | None = None


class Checkins:
    """What a DCC instance talks to."""

    def __init__(
        self,
        database: Database,
        authentication: Authentication,
        files: LicenseFiles,
        keys: KeyStore,
        system: System,
        issuer: str,
    ) -> None:
        self._database = database
        self._authentication = authentication
        self._files = files
        self._keys = keys
        self._system = system
        self._issuer = issuer

    def check_in(self, unverified_token: str, report: Report, proof: Proof | None) -> CheckedIn:
        """The answer for the reported nodes, always given to an authentic license, however old.

        Raises Unauthentic, InstanceMismatch when the cluster is pinned to another client's key, and TooManyTries where
        more clusters appear in a day than any customer has.
        """
        bearer = self._authentication.verify(unverified_token)
        now = self._system.now()
        digest = seats.digest(report.nodes)
        judged = self._unchanged(bearer, report, proof, digest, now)
        if judged is None:
            judged = self._changed(bearer, report, proof, digest, now)
        if judged is None:
            self._authentication.alarm(bearer)
            judged = _refused(bearer.license, None, report, now)
        return self._answer(bearer.license, report, judged, now)

    def release(self, unverified_token: str, fsid: str, proof: Proof | None) -> None:
        """The seats of Ceph cluster `fsid` are free; raises NotFound when the license holds none for it."""
        bearer = self._authentication.verify(unverified_token)
        now = self._system.now()
        with self._database.write() as session:
            standing = licenses.lock(session, bearer.license.lid)
            held = clusters.with_fsid(session, bearer.license.lid, fsid)
            if standing is None or not held or not self._authentication.is_ours(session, bearer, standing):
                raise NotFound("The license holds no seats for this cluster.")
            released = checkins.to_release(held, proof, now)
            free(session, standing, released, now)
            if len(released) == len(held):
                unbind(session, standing, fsid)

    def _unchanged(
        self, bearer: Bearer, report: Report, proof: Proof | None, digest: str, now: datetime
    ) -> _Judged | None:
        """The answer when nothing has changed since the last grant; None when anything may have."""
        license = bearer.license
        found = clusters.held_under(self._database, license.lid, report.fsid, report.kube_system_uid)
        if found is None:
            return None
        holding, standing = found
        if not holding.is_unchanged(standing, digest, now):
            return None
        shows_newest = standing.jti == license.jti and standing.signed_hash == bearer.signed_hash
        if not shows_newest or report.instance_key not in (None, holding.instance_key):
            return None
        if report.production != holding.production:
            return None
        if holding.instance_key is not None:
            self._advance(holding, holding.instance_key, proof)
        return _Judged(checkins.judge(license, standing, report, holding, now), holding)

    def _advance(self, holding: Holding, pinned: bytes, proof: Proof | None) -> None:
        """The proof's number is spent; raises InstanceMismatch for a proof that is wrong or was used before."""
        number = instances.check(proof, pinned, holding.instance_number)
        with self._database.write() as session:
            if not clusters.advance_instance(session, holding.id, number):
                raise InstanceMismatch("Another request has used this number already.")

    def _changed(
        self, bearer: Bearer, report: Report, proof: Proof | None, digest: str, now: datetime
    ) -> _Judged | None:
        """The answer under the license's lock; None for a license that we did not issue."""
        with self._database.write() as session:
            standing = licenses.lock(session, bearer.license.lid)
            if standing is None or not self._authentication.is_ours(session, bearer, standing):
                return None
            license = self._files.newest(session, bearer.license, standing)
            found = clusters.with_nodes(session, standing.license_id, report.fsid)
            twins, nodes_of = [held for held, _ in found], {held.id: names for held, names in found}
            before = next((held for held in twins if held.kube_system_uid == report.kube_system_uid), None)
            if before is not None:
                before = self._pinned(session, before, report, proof, now)
            if not checkins.may_use(license, standing, report):
                return _refused(license, standing, report, now)
            others = [held for held in twins if before is None or held.id != before.id]
            holding, arrival = self._arrive(session, before, others, report, standing, now)
            if arrival is not Arrival.KNOWN:
                holding = checkins.pinned_anew(holding, report, proof)
            known = nodes_of.get(holding.id, ())
            judged = self._grant(session, license, standing, holding, known, arrival, report, digest, now)
            if bearer.license.jti != standing.jti and before is not None and checkins.held_before(before, license):
                judged = replace(judged, license_file=self._files.current(session, standing, now))
            return judged

    def _pinned(self, session: Session, before: Holding, report: Report, proof: Proof | None, now: datetime) -> Holding:
        after = checkins.pinned(before, report, proof, now)
        if before.instance_key is not None and after.instance_key != before.instance_key:
            clusters.note_change(session, before, "repinned", now)
        return after

    def _arrive(
        self,
        session: Session,
        before: Holding | None,
        twins: list[Holding],
        report: Report,
        standing: Standing,
        now: datetime,
    ) -> tuple[Holding, Arrival]:
        holding, arrival = checkins.arrive(before, twins, self._system.new_id(), report, standing, now)
        if arrival is Arrival.NEW:
            spend(session, throttle.of_new_clusters(standing.license_id), now)
        has_double = any(twin.is_alive(now) for twin in twins) or (
            standing.edition is Edition.TRIAL
            and clusters.alive_on_another_trial(session, standing.license_id, report.fsid, now)
        )
        marked = checkins.marked_duplicate(holding, arrival, has_double, now)
        if marked.duplicate_since is not None and holding.duplicate_since is None:
            alarms.ring(session, AlarmKind.DUPLICATE_CLUSTER, f"{report.fsid} {standing.license_id}", now)
        return marked, arrival

    def _grant(
        self,
        session: Session,
        license: License,
        standing: Standing,
        holding: Holding,
        known: tuple[str, ...],
        arrival: Arrival,
        report: Report,
        digest: str,
        now: datetime,
    ) -> _Judged:
        holding = placed(holding, production=report.production, np_granted=holding.np_granted)
        nodes = seats.in_order(known, report.nodes)
        holding, grant = checkins.granted(holding, nodes, license, clusters.others(session, holding, now), now)
        verdict = checkins.judge(license, standing, report, holding, now)
        holding = checkins.rewritten(holding, digest, verdict, standing, now)
        clusters.put(session, holding, report, nodes, now)
        if nodes != known or arrival is not Arrival.KNOWN:
            kind = clusters.NODES_CHANGED if arrival is Arrival.KNOWN else arrival.value
            gone, new = set(known).difference(nodes), set(nodes).difference(known)
            added, removed = [node for node in nodes if node in new], sorted(gone)
            clusters.note_change(session, holding, kind, now, added, removed)
        if arrival is Arrival.NEW:
            self._welcome(session, standing, report, now)
        if standing.edition is Edition.TRIAL or arrival is Arrival.NEW:
            histories.mark_trial(session, standing.license_id)
        return _Judged(verdict, holding, grant.unlicensed)

    def _welcome(self, session: Session, standing: Standing, report: Report, now: datetime) -> None:
        """Binds a trial to its first cluster, and tells the license's contact of every new one."""
        if standing.edition is Edition.TRIAL and standing.bound_fsid is None:
            licenses.bind(session, standing.license_id, report.fsid)
        for contact in organizations.contacts(session, standing.organization_id)[:1]:
            mail = mails.new_cluster(contact.email, contact.name, report.name, report.fsid, len(report.nodes))
            outbox.add(session, self._system.new_id(), mail, now)

    def _answer(self, license: License, report: Report, judged: _Judged, now: datetime) -> CheckedIn:
        lease = checkins.lease_of(license, report, judged.holding, judged.verdict, now)
        keys = self._keys.current()
        key = keys.key(Purpose.LEASE)
        token = key.sign(key.signing_input(lease_claims(lease, self._issuer)))
        return CheckedIn(
            judged.verdict,
            judged.holding.pool,
            judged.unlicensed,
            CHECK_IN_SECONDS,
            token,
            keys.statement,
            judged.license_file,
        )


def _refused(license: License, standing: Standing | None, report: Report, now: datetime) -> _Judged:
    """The answer to a cluster that the license does not belong to: nothing is granted, nothing kept."""
    holding = checkins.nothing_held(license.lid, report, now)
    return _Judged(checkins.judge(license, standing, report, holding, now), holding, report.nodes)
