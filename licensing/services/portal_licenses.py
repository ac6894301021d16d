"""What a visitor of the portal sees: the licenses of the organisations whose contact she is, and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from licensing.core.errors import NotFound
from licensing.core.portal import Membership, State, Visitor, is_silent, state_of
from licensing.core.standings import Standing
from licensing.services.clusters import NO_CLUSTER
from licensing.services.deeds import NO_LICENSE
from licensing.services.license_files import LicenseFiles
from licensing.storage import cluster_outlines, ledger, licenses, organizations, quote_requests
from licensing.storage.cluster_outlines import Outline
from licensing.storage.database import Database
from licensing.storage.ledger import Issuance
from licensing.storage.organizations import Contact
from licensing.storage.quote_requests import QuoteRequest
from licensing.system import System

NEWEST_DEEDS = 100


@dataclass(frozen=True, slots=True)
class Held:
    """A license in a list: how it stands now, and how many of its seats are in use."""

    standing: Standing
    organization: str
    state: State
    used: int


@dataclass(frozen=True, slots=True)
class ClusterShown:
    """A cluster; `is_silent` is whether it has certainly not checked in for a day, and may be released."""

    outline: Outline
    is_alive: bool
    is_silent: bool


@dataclass(frozen=True, slots=True)
class NodesShown:
    """A cluster with its nodes in order of appearance; the first `granted` of them hold seats, if it is alive."""

    cluster: ClusterShown
    nodes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LicenseShown:
    """All that a customer may know of a license. `deeds` are the newest first; `request` waits for a quote."""

    held: Held
    clusters: list[ClusterShown]
    deeds: list[Issuance]
    people: list[Contact]
    request: QuoteRequest | None


class PortalLicenses:
    """Licenses as their customers see them."""

    def __init__(self, database: Database, files: LicenseFiles, system: System) -> None:
        self._database = database
        self._files = files
        self._now = system.now

    def page(self, visitor: Visitor, after: str, limit: int) -> list[Held]:
        """Up to `limit` of her licenses by id, after the id `after`."""
        now = self._now()
        with self._database.read() as session:
            standings = licenses.page(session, after, limit, visitor.organization_ids)
            return held(session, standings, now)

    def show(self, visitor: Visitor, license_id: str, start: int, limit: int) -> LicenseShown:
        """The license with up to `limit` of its clusters from number `start` on. Raises NotFound."""
        now = self._now()
        with self._database.read() as session:
            standing, membership = visible(visitor, licenses.find(session, license_id))
            clusters = cluster_outlines.page(session, license_id, start, limit)
            deeds = [each for each in ledger.of_license(session, license_id) if _is_theirs(each, membership)]
            return LicenseShown(
                held(session, [standing], now)[0],
                [_shown(each, now) for each in clusters],
                deeds[: -NEWEST_DEEDS - 1 : -1],
                organizations.contacts(session, standing.organization_id),
                quote_requests.open_of_license(session, license_id),
            )

    def cluster(self, visitor: Visitor, license_id: str, fsid: str) -> list[NodesShown]:
        """Ceph cluster `fsid` with its nodes, once for each Kubernetes it ran in. Raises NotFound."""
        now = self._now()
        with self._database.read() as session:
            visible(visitor, licenses.find(session, license_id))
            found = cluster_outlines.with_nodes(session, license_id, fsid)
        if not found:
            raise NotFound(NO_CLUSTER)
        return [NodesShown(_shown(outline, now), nodes) for outline, nodes in found]

    def find(self, visitor: Visitor, license_id: str) -> Held:
        """The license alone. Raises NotFound."""
        with self._database.read() as session:
            standing, _ = visible(visitor, licenses.find(session, license_id))
            return held(session, [standing], self._now())[0]

    def file(self, visitor: Visitor, license_id: str) -> Mapping[str, object]:
        """The license's newest file. Raises NotFound."""
        now = self._now()
        with self._database.write() as session:
            standing, _ = visible(visitor, licenses.find(session, license_id))
            return self._files.current(session, standing, now)


def visible(visitor: Visitor, standing: Standing | None) -> tuple[Standing, Membership]:
    """The license, and the visitor as a contact of its customer; raises NotFound in the same words for both."""
    if standing is None:
        raise NotFound(NO_LICENSE)
    return standing, visitor.membership(standing.organization_id, NO_LICENSE)


def _shown(outline: Outline, now: datetime) -> ClusterShown:
    return ClusterShown(outline, now < outline.expires_at, is_silent(outline.last_seen_at, now))


def _is_theirs(deed: Issuance, membership: Membership) -> bool:
    """Not a deed of the time before the license was transferred to this customer."""
    return deed.organization_id in membership.family


def held(session: Session, standings: list[Standing], now: datetime) -> list[Held]:
    """The licenses, with what people need to know of each."""
    names = organizations.names(session, [each.organization_id for each in standings])
    used = cluster_outlines.seats_used(session, [each.license_id for each in standings], now)
    return [
        Held(each, names.get(each.organization_id, ""), state_of(each, now), used.get(each.license_id, 0))
        for each in standings
    ]
