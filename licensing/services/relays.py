"""Relays: which key may share a license's seats inside a customer's site. What the site runs is `licensing.relay`."""

from __future__ import annotations

from licensing.core.callers import Caller
from licensing.core.errors import LicenseState
from licensing.core.ledger import Kind
from licensing.core.licenses import Edition, License
from licensing.core.relays import RelayKey
from licensing.core.sales import same_again
from licensing.services.deeds import Deeds, Done
from licensing.services.issuing import Deed


class Relays:
    """Names relays' keys in licenses."""

    def __init__(self, deeds: Deeds, *, allow_test: bool) -> None:
        self._deeds = deeds
        self._allow_test = allow_test

    def name(self, caller: Caller, license_id: str, key: RelayKey | None, reason: str) -> Done:
        """The license, signed anew, names this relay's key, or none; it stays so until it is named otherwise.

        A key that is not named any more must not be worth anything: then the issue before goes onto the revoked list.
        Raises NotFound, LicenseState.
        """
        now = self._deeds.system.now()
        with self._deeds.database.write() as session:
            standing, license = self._deeds.locked(session, caller, license_id)
            self._require_change(license, key)
            named = None if key is None else key.claim
            again = same_again(license, self._deeds.system.new_serial(), now)._replace(relay=named)
            details = {"reason": reason, "relay": None if key is None else key.kid}
            deed = Deed(Kind.REISSUED, caller.id, now, details)
            return self._deeds.reissue(session, deed, again, standing, license, now)

    def _require_change(self, license: License, key: RelayKey | None) -> None:
        if license.edition is not Edition.PRO:
            raise LicenseState("A trial has no relay: its seats are for one cluster.")
        if key is None and license.relay is None:
            raise LicenseState("The license names no relay.")
        if key is not None and key.claim == license.relay:
            raise LicenseState(f"The license names the relay {key.kid} already.")
        if key is not None and key.is_test and not self._allow_test:
            raise LicenseState(f"The key {key.kid} is that of a development relay; a production license names none.")
