"""Check-ins: a cluster reports its nodes and gets a signed lease, on the seats its license's pool leaves.

A check-in that changes nothing is answered from two rows and writes nothing. Everything else happens under the
license's lock, so that two clusters never get the same last seat.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from licensing.core import instances, mails, seats
from licensing.core.clusters import HOLD, Holding, Report
from licensing.core.errors import InstanceMismatch, NotFound
from licensing.core.instances import Proof
from licensing.core.keys import Purpose
from licensing.core.leases import CHECK_IN_SECONDS, LEASE_SECONDS, Lease, lease_claims
from licensing.core.licenses import Edition, License
from licensing.core.standings import Standing
from licensing.core.verdicts import Circumstances, Verdict, evaluate
from licensing.services.authentication import Authentication, Bearer
from licensing.services.license_files import LicenseFiles
from licensing.services.signing import KeyStore
from licensing.storage import clusters, licenses, organizations, outbox
from licensing.storage.database import Database
from licensing.system import System


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """The answer to a check-in. `license_file` is there when a newer license than the shown one exists."""

    verdict: Verdict
    unlicensed_nodes: tuple[str, ...]
    next_seconds: int
    lease: str
    keys: str
    license_file: Mapping[str, object] | None


@dataclass(frozen=True, slots=True)
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

        Raises Unauthentic, and InstanceMismatch when the cluster is pinned to another client's key.
        """
        bearer = self._authentication.verify(unverified_token)
        now = self._system.now()
        digest = seats.digest(report.nodes)
        judged = self._unchanged(bearer, report, proof, digest, now)
        if judged is None:
            judged = self._changed(bearer, report, proof, digest, now)
        if judged is None:
            self._authentication.alarm(bearer)
            judged = _unknown(bearer, report, now)
        return self._answer(bearer, report, judged, now)

    def release(self, unverified_token: str, fsid: str, proof: Proof | None) -> None:
        """The seats of Ceph cluster `fsid` are free; raises NotFound when the license holds none for it."""
        bearer = self._authentication.verify(unverified_token)
        now = self._system.now()
        with self._database.write() as session:
            standing = licenses.lock(session, bearer.license.lid)
            held = clusters.with_fsid(session, bearer.license.lid, fsid)
            if standing is None or not held or not self._authentication.is_ours(session, bearer, standing):
                raise NotFound("The license holds no seats for this cluster.")
            for holding in held:
                _check_instance(holding, proof, now)
            for holding in held:
                clusters.note_change(session, holding, "released", now, removed=clusters.nodes(session, holding.id))
                clusters.release(session, holding.id)
            if standing.bound_fsid == fsid:
                licenses.bind(session, standing.license_id, None)
            licenses.touch(session, standing.license_id)

    def _unchanged(
        self, bearer: Bearer, report: Report, proof: Proof | None, digest: str, now: datetime
    ) -> _Judged | None:
        """The answer when nothing has changed since the last grant; None when anything may have."""
        license = bearer.license
        with self._database.read() as session:
            holding = clusters.find(session, license.lid, report.fsid, report.kube_system_uid)
            standing = licenses.find(session, license.lid)
        if holding is None or standing is None or not holding.is_unchanged(standing, digest, now):
            return None
        shows_newest = standing.jti == license.jti and standing.signed_hash == bearer.signed_hash
        if not shows_newest or report.instance_key not in (None, holding.instance_key):
            return None
        if holding.instance_key is not None:
            self._advance(holding, holding.instance_key, proof)
        return _Judged(_evaluate(license, standing, report, holding, now), holding)

    def _advance(self, holding: Holding, pinned: bytes, proof: Proof | None) -> None:
        """The proof's number is spent; raises InstanceMismatch for a proof that is wrong or was used before."""
        spent = instances.check(proof, pinned, holding.instance_number)
        with self._database.write() as session:
            if not clusters.advance_instance(session, holding.id, spent):
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
            before = clusters.find(session, standing.license_id, report.fsid, report.kube_system_uid)
            if before is not None:
                before = _with_instance(session, before, report, proof, now)
            if not _may_use(license, standing, report):
                return _refused(license, standing, report, now)
            holding, kind = self._holding(session, before, standing, report, now)
            judged = self._grant(session, license, standing, holding, kind, report, digest, now)
            if bearer.license.jti != standing.jti and before is not None:
                judged = replace(judged, license_file=self._files.current(session, standing, now))
            return judged

    def _holding(
        self, session: Session, before: Holding | None, standing: Standing, report: Report, now: datetime
    ) -> tuple[Holding, str]:
        """The row to grant on, and what happened to the cluster: it is known, has moved, or is new."""
        twins = clusters.with_fsid(session, standing.license_id, report.fsid)
        twin_lives = any(twin.is_alive(now) for twin in twins if before is None or twin.id != before.id)
        if before is None and twins and not twin_lives:
            moved = replace(twins[-1], kube_system_uid=report.kube_system_uid, instance_key=report.instance_key)
            return replace(moved, instance_number=0, duplicate_since=None), "moved"
        elsewhere = standing.edition is Edition.TRIAL and clusters.alive_on_another_trial(
            session, standing.license_id, report.fsid, now
        )
        if before is not None:
            still = before.duplicate_since is not None and (twin_lives or elsewhere)
            return replace(before, duplicate_since=before.duplicate_since if still else None), "known"
        return self._new_holding(standing, report, now, duplicate=twin_lives or elsewhere), "new"

    def _new_holding(self, standing: Standing, report: Report, now: datetime, *, duplicate: bool) -> Holding:
        return Holding(
            id=self._system.new_id(),
            license_id=standing.license_id,
            fsid=report.fsid,
            kube_system_uid=report.kube_system_uid,
            digest="",
            used=0,
            granted=0,
            expires_at=now,
            first_seen_at=now,
            seen_seq=0,
            seen_version=0,
            over_since=None,
            duplicate_since=now if duplicate else None,
            instance_key=report.instance_key,
            instance_number=0,
        )

    def _grant(
        self,
        session: Session,
        license: License,
        standing: Standing,
        holding: Holding,
        kind: str,
        report: Report,
        digest: str,
        now: datetime,
    ) -> _Judged:
        known = clusters.nodes(session, holding.id)
        nodes = seats.in_order(known, report.nodes)
        held = holding.granted if holding.is_alive(now) else 0
        others = clusters.others(session, holding, now)
        grant = seats.grant(nodes, seats=license.seats, held=held, others=others)
        holding = replace(holding, used=len(nodes), granted=grant.granted)
        verdict = _evaluate(license, standing, report, holding, now)
        holding = replace(
            holding,
            digest=digest,
            expires_at=now + HOLD,
            seen_seq=standing.seq,
            seen_version=standing.version,
            over_since=None if verdict.over_since is None else _moment(verdict.over_since, now),
        )
        clusters.put(session, holding, report, nodes, now)
        if nodes != known or kind != "known":
            added, removed = sorted(set(nodes) - set(known)), sorted(set(known) - set(nodes))
            clusters.note_change(session, holding, "nodes" if kind == "known" else kind, now, added, removed)
        if kind == "new":
            self._welcome(session, standing, report, now)
        return _Judged(verdict, holding, grant.unlicensed)

    def _welcome(self, session: Session, standing: Standing, report: Report, now: datetime) -> None:
        """Binds a trial to its first cluster, and tells the license's contact of every new one."""
        if standing.edition is Edition.TRIAL and standing.bound_fsid is None:
            licenses.bind(session, standing.license_id, report.fsid)
        for contact in organizations.contacts(session, standing.organization_id)[:1]:
            mail = mails.new_cluster(contact.email, contact.name, report.name, report.fsid, len(report.nodes))
            outbox.add(session, self._system.new_id(), mail, now)

    def _answer(self, bearer: Bearer, report: Report, judged: _Judged, now: datetime) -> CheckedIn:
        verdict, holding, seconds = judged.verdict, judged.holding, int(now.timestamp())
        lease = Lease(
            cid=holding.id,
            fsid=report.fsid,
            lid=bearer.license.lid,
            seq=max(holding.seen_seq, bearer.license.seq),
            nonce=report.nonce,
            code=verdict.code,
            restricted=verdict.restricted,
            seats=verdict.seats,
            used=verdict.used,
            granted=verdict.granted,
            iat=seconds,
            exp=min(seconds + LEASE_SECONDS, int(holding.expires_at.timestamp())),
            next=CHECK_IN_SECONDS,
            over_since=verdict.over_since,
        )
        keys = self._keys.current()
        key = keys.key(Purpose.LEASE)
        token = key.sign(key.signing_input(lease_claims(lease, self._issuer)))
        return CheckedIn(verdict, judged.unlicensed, CHECK_IN_SECONDS, token, keys.statement, judged.license_file)


def _evaluate(license: License, standing: Standing, report: Report, holding: Holding, now: datetime) -> Verdict:
    known = Circumstances(
        fsid=report.fsid,
        over_since=_seconds(holding.over_since),
        revoked_at=_seconds(standing.revoked_at),
        suspended_at=_seconds(standing.suspended_at),
        bound_fsid=standing.bound_fsid,
        duplicate_since=_seconds(holding.duplicate_since),
        granted=holding.granted,
        ever_pro=standing.ever_pro,
    )
    return evaluate(license, None, len(report.nodes), now, known)


def _may_use(license: License, standing: Standing, report: Report) -> bool:
    bound_elsewhere = standing.bound_fsid is not None and standing.bound_fsid != report.fsid
    return license.allows_cluster(report.fsid) and not bound_elsewhere


def _refused(license: License, standing: Standing, report: Report, now: datetime) -> _Judged:
    """The answer to a cluster that the license does not belong to: nothing is granted, nothing kept."""
    holding = _nothing_held(license.lid, report, now)
    return _Judged(_evaluate(license, standing, report, holding, now), holding, report.nodes)


def _unknown(bearer: Bearer, report: Report, now: datetime) -> _Judged:
    """The answer to a license that we signed, by its signature, and know nothing of."""
    verdict = evaluate(bearer.license, None, len(report.nodes), now, Circumstances(known=False, granted=0))
    return _Judged(verdict, _nothing_held(bearer.license.lid, report, now), report.nodes)


def _nothing_held(license_id: str, report: Report, now: datetime) -> Holding:
    lease_end = now + timedelta(seconds=LEASE_SECONDS)
    return Holding(
        "", license_id, report.fsid, report.kube_system_uid, "", 0, 0, lease_end, now, 0, 0, None, None, None, 0
    )


def _with_instance(session: Session, holding: Holding, report: Report, proof: Proof | None, now: datetime) -> Holding:
    """The cluster with its pin as it is after this request; raises InstanceMismatch, then nothing has changed.

    The first key shown pins the cluster. A cluster that was silent for a lease may come back with another key, or none.
    """
    if holding.instance_key is None:
        return replace(holding, instance_key=report.instance_key, instance_number=0)
    if holding.is_alive(now):
        return replace(holding, instance_number=instances.check(proof, holding.instance_key, holding.instance_number))
    if report.instance_key != holding.instance_key:
        clusters.note_change(session, holding, "repinned", now)
    return replace(holding, instance_key=report.instance_key, instance_number=0)


def _check_instance(holding: Holding, proof: Proof | None, now: datetime) -> None:
    """Raises InstanceMismatch when the live cluster is pinned and the request does not carry its key's proof."""
    if holding.instance_key is not None and holding.is_alive(now):
        instances.check(proof, holding.instance_key, holding.instance_number)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _moment(seconds: int, like: datetime) -> datetime:
    return datetime.fromtimestamp(seconds, like.tzinfo)
