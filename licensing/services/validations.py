"""Validation: the code for a license and a node count, without side effects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from licensing.core.verdicts import Circumstances, Verdict, evaluate
from licensing.services.authentication import Authentication
from licensing.services.license_files import LicenseFiles
from licensing.storage import licenses
from licensing.storage.database import Database


@dataclass(frozen=True, slots=True)
class Validated:
    """The verdict for the nodes there are, and for those that are planned."""

    verdict: Verdict
    planned: Verdict | None


class Validations:
    """Answers "what would this license be worth?"."""

    def __init__(
        self, database: Database, authentication: Authentication, files: LicenseFiles, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._authentication = authentication
        self._files = files
        self._now = now

    def validate(self, unverified_token: str, nodes: int, nodes_planned: int | None, fsid: str | None) -> Validated:
        """The verdicts for one cluster that had all seats to itself; raises Unauthentic."""
        bearer = self._authentication.verify(unverified_token)
        now = self._now()
        license, known = bearer.license, Circumstances(known=False)
        with self._database.read() as session:
            standing = licenses.find(session, license.lid)
            if standing is not None and self._authentication.is_ours(session, bearer, standing):
                license, known = self._files.newest(session, license, standing), standing.circumstances(fsid)
        if not known.known:
            self._authentication.alarm(bearer)
        planned = None if nodes_planned is None else evaluate(license, None, nodes_planned, now, known)
        return Validated(evaluate(license, None, nodes, now, known), planned)
