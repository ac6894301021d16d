"""Activation: a cluster that can't reach us is judged by its request file, and its license file is carried to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core import throttle
from licensing.core.activations import ActivationRequest, check_code
from licensing.core.callers import Caller
from licensing.core.errors import InvalidFields, NotFound
from licensing.core.licenses import Edition
from licensing.core.portal import Visitor, actor
from licensing.core.standings import Standing
from licensing.core.verdicts import Verdict, evaluate
from licensing.services.authentication import Authentication
from licensing.services.deeds import NO_LICENSE, seen
from licensing.services.license_files import LicenseFiles
from licensing.services.portal_licenses import visible
from licensing.services.throttle import spend
from licensing.storage import cluster_outlines, events, licenses
from licensing.storage.database import Database
from licensing.system import System

ACTION = "license.activated"


@dataclass(frozen=True, slots=True)
class Activated:
    """The answer to a request. `code` is the check code of the license file that is carried back."""

    request: ActivationRequest
    verdict: Verdict
    license_file: Mapping[str, object]
    code: str


class Activations:
    """Requests on files. Each leaves a line in the trail: it is all we learn of such a cluster."""

    def __init__(self, database: Database, authentication: Authentication, files: LicenseFiles, system: System) -> None:
        self._database = database
        self._authentication = authentication
        self._files = files
        self._now = system.now

    def by_token(self, unverified_token: str, request: ActivationRequest) -> Activated:
        """For whoever has the license.

        Raises Unauthentic, NotFound, TooManyTries; InvalidFields for another license's request.
        """
        bearer = self._authentication.verify(unverified_token)
        license_id = bearer.license.lid
        with self._database.write() as session:
            standing = licenses.lock(session, license_id)
            is_ours = standing is not None and self._authentication.is_ours(session, bearer, standing)
            if standing is not None and is_ours:
                spend(session, throttle.of_activations(license_id), self._now())
                return self._activate(session, standing, request, f"license:{license_id}")
        self._authentication.alarm(bearer)
        raise NotFound(NO_LICENSE)

    def by_visitor(self, visitor: Visitor, license_id: str, request: ActivationRequest) -> Activated:
        """For a customer in the portal. Raises NotFound, InvalidFields."""
        with self._database.write() as session:
            standing, membership = visible(visitor, licenses.lock(session, license_id))
            return self._activate(session, standing, request, actor(membership))

    def by_caller(self, caller: Caller, license_id: str, request: ActivationRequest) -> Activated:
        """For staff. Raises NotFound, InvalidFields."""
        with self._database.write() as session:
            standing = seen(session, caller, licenses.lock(session, license_id))
            return self._activate(session, standing, request, caller.id)

    def _activate(self, session: Session, standing: Standing, request: ActivationRequest, by: str) -> Activated:
        """The verdict for this cluster alone: seats that other live clusters hold are not there for it.

        A trial that no cluster has used yet is bound to this one.
        """
        now, license_id = self._now(), standing.license_id
        if request.license_id not in (None, license_id):
            raise InvalidFields({"request": ["The request is for another license."]})
        if standing.edition is Edition.TRIAL and standing.bound_fsid is None:
            licenses.bind(session, license_id, request.fsid)
            standing = replace(standing, bound_fsid=request.fsid)
        license = self._files.license(self._files.token(session, standing))
        elsewhere = cluster_outlines.granted_elsewhere(session, license_id, request.fsid, now)
        granted = min(request.nodes, max(0, license.seats - elsewhere))
        verdict = evaluate(license, None, request.nodes, now, standing.circumstances(request.fsid, granted=granted))
        _note(session, license_id, request, by, now)
        license_file = self._files.current(session, standing, now)
        return Activated(request, verdict, license_file, check_code(license_file))


def _note(session: Session, license_id: str, request: ActivationRequest, by: str, now: datetime) -> None:
    """A line in the trail, unless the same request left one already."""
    details = {
        "fsid": request.fsid,
        "kube_system_uid": request.kube_system_uid,
        "nodes": request.nodes,
        "peak": request.peak,
        "code": request.code,
    }
    if all(each.action != ACTION or each.details != details for each in events.of_subject(session, license_id)):
        events.add(session, by, ACTION, license_id, now, details)
