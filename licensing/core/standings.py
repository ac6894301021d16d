"""Where a license stands by the server's book: what its newest issue says, and what was done to it since."""

from __future__ import annotations

from datetime import UTC, datetime

from licensing.core.errors import LicenseState
from licensing.core.licenses import Edition, License
from licensing.core.records import record
from licensing.core.verdicts import Circumstances


@record(frozen=True, slots=True)
class Standing:
    """One license. `version` rises with every deed and release, so that a check-in sees whether anything changed.

    `jti` and `signed_hash` name its newest issuance and the SHA-256 hex of what was signed. `bound_fsid` is the Ceph
    cluster that a trial's first check-in bound it to. `ever_pro` stays true once a paid license was issued.
    `relay_kid` and `relay_x` (base64url) are the key of the relay that shares its seats, if there is one.
    """

    license_id: str
    organization_id: str
    edition: Edition
    tier: str
    support: str
    seats: int
    np_seats: int
    seq: int
    jti: str
    signed_hash: str
    starts_at: datetime
    ends_at: datetime | None
    ever_pro: bool
    version: int
    suspended_at: datetime | None
    revoked_at: datetime | None
    bound_fsid: str | None
    created_at: datetime
    relay_kid: str | None = None
    relay_x: str | None = None

    @property
    def status(self) -> str:
        """`revoked`, `suspended` or `active`; the end date is judged apart."""
        if self.revoked_at is not None:
            return "revoked"
        return "suspended" if self.suspended_at is not None else "active"

    def is_paid_at(self, now: datetime) -> bool:
        """Whether its seats are paid for at `now`, or will be when its term starts."""
        lasts = self.ends_at is None or self.ends_at > now
        return self.edition is Edition.PRO and self.revoked_at is None and lasts

    def circumstances(
        self,
        fsid: str | None,
        *,
        granted: int | None = None,
        over_since: datetime | None = None,
        duplicate_since: datetime | None = None,
    ) -> Circumstances:
        """What the server's book adds to an evaluation for the cluster `fsid`; the rest is of that cluster's row."""
        return Circumstances(
            fsid=fsid,
            over_since=_seconds(over_since),
            revoked_at=_seconds(self.revoked_at),
            suspended_at=_seconds(self.suspended_at),
            bound_fsid=self.bound_fsid,
            duplicate_since=_seconds(duplicate_since),
            granted=granted,
            ever_pro=self.ever_pro,
        )

    def require_not_revoked(self) -> None:
        """Raises LicenseState when nothing can be issued under the license any more."""
        if self.revoked_at is not None:
            raise LicenseState(f"The license {self.license_id} is revoked; issue a new one.")


def issued(license: License, signed_hash: str, previous: Standing | None) -> Standing:
    """Where a license stands once `license` was issued; `previous` is where it stood before, None for a new one."""
    return Standing(
        license_id=license.lid,
        organization_id=license.sub,
        edition=license.edition,
        tier=license.tier,
        support=license.support,
        seats=license.seats,
        np_seats=license.np_seats,
        seq=license.seq,
        jti=license.jti,
        signed_hash=signed_hash,
        starts_at=_moment(license.nbf),
        ends_at=None if license.exp is None else _moment(license.exp),
        ever_pro=license.edition is Edition.PRO or (previous is not None and previous.ever_pro),
        version=1 if previous is None else previous.version + 1,
        suspended_at=None if previous is None else previous.suspended_at,
        revoked_at=None,
        bound_fsid=_binding(license, previous),
        created_at=_moment(license.iat) if previous is None else previous.created_at,
        relay_kid=None if license.relay is None else license.relay[0],
        relay_x=None if license.relay is None else license.relay[1],
    )


def _binding(license: License, previous: Standing | None) -> str | None:
    """A trial stays bound to its cluster; a paid license is bound by its own claims alone."""
    return previous.bound_fsid if previous is not None and license.edition is Edition.TRIAL else None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
