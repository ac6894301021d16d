"""Whether a license token is that which the relay shares: by the vendor's signature and its license id.

The vendor's ledger is not at hand. A relay knows the issues that were carried to it by their leaves; an issue that
never was (an older one, on a cluster that was there before the relay) stands by its signature as long as its key does.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from licensing.core.errors import NotFound
from licensing.core.standings import Standing
from licensing.services.authentication import Authentication, Bearer
from licensing.services.relay_keys import RelayKeys


class RelayAuthentication(Authentication):
    """As Authentication, for one license alone."""

    _keys: RelayKeys

    def verify(self, unverified_token: str) -> Bearer:
        """The license that the token proves; raises Unauthentic, and NotFound for one that is not shared here."""
        bearer = super().verify(unverified_token)
        if bearer.license.lid != self._keys.current().license.lid:
            raise NotFound("This relay shares another license.")
        return bearer

    def is_ours(self, session: Session, bearer: Bearer, standing: Standing | None) -> bool:
        """Whether the token was carried here, or is another issue of the same license under a key that stands."""
        if standing is not None and bearer.license.jti != standing.jti and not bearer.key_revoked:
            return True
        return super().is_ours(session, bearer, standing)
