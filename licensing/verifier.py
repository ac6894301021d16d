"""What a client imports: verification of a license file, with nothing but `cryptography` installed.

    >>> opened = open_license_file(text, TRUSTED_ROOTS)                    # doctest: +SKIP
    >>> evaluate(opened.license, None, nodes=4, now=now, known=opened.circumstances(fsid)).code   # doctest: +SKIP
    <Code.VALID: 'VALID'>

`verify` proves authenticity and never looks at the time; `evaluate` judges time and numbers and never at signatures.
Keep the keyring and the revoked list of the highest `seq` you have seen, and hand them to `open_license_file`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from licensing.core.codes import Code, Warning
from licensing.core.errors import Reason, Unauthentic
from licensing.core.keys import Keyring, RootKey, newest, open_statement, read_root
from licensing.core.leases import Lease, verify_lease
from licensing.core.licenses import License, read_license_file, verify_license
from licensing.core.relays import lease_headers
from licensing.core.revocations import RevokedList, verify_revoked
from licensing.core.roots import TRUSTED_ROOTS
from licensing.core.tokens import Headers
from licensing.core.verdicts import Circumstances, Verdict, evaluate

__all__ = [
    "TRUSTED_ROOTS",
    "Circumstances",
    "Code",
    "Keyring",
    "Lease",
    "License",
    "OpenedFile",
    "Reason",
    "RevokedList",
    "RootKey",
    "Unauthentic",
    "Verdict",
    "Warning",
    "evaluate",
    "lease_headers",
    "open_license_file",
    "open_statement",
    "read_root",
    "verify",
    "verify_lease",
    "verify_revoked",
]


def verify(unverified_token: object, keyring: Keyring) -> License:
    """The license that `unverified_token` proves under `keyring`, however old; raises Unauthentic with a reason."""
    return verify_license(unverified_token, keyring.headers)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A verified license file: the license, and the newest keyring and revoked list known."""

    license: License
    keyring: Keyring
    revoked: RevokedList | None

    def lease_headers(self) -> Headers:
        """What to verify this license's leases with: the keyring's headers, and that of the relay it names, if any."""
        return lease_headers(self.license, self.keyring)

    def circumstances(
        self,
        fsid: str | None = None,
        *,
        over_since: int | None = None,
        compliant_at: int | None = None,
        newest_iat: int | None = None,
    ) -> Circumstances:
        """What this file adds to an evaluation; the arguments are what the client remembers (Unix seconds)."""
        revoked = self.revoked
        return Circumstances(
            fsid=fsid,
            over_since=over_since,
            compliant_at=compliant_at,
            newest_iat=newest_iat,
            keys_iat=self.keyring.iat,
            revoked_at=revoked.revoked_at(self.license) if revoked is not None else None,
            revoked_list_iat=revoked.iat if revoked is not None else None,
        )


def open_license_file(
    text: str | bytes,
    roots: Iterable[RootKey],
    *,
    keyring: Keyring | None = None,
    revoked: RevokedList | None = None,
) -> OpenedFile:
    """The verified contents of a license file; raises Unauthentic.

    `keyring` and `revoked` are the newest the client has seen before; a file never takes it back behind them.
    """
    unverified = read_license_file(text)
    keyring = newest(keyring, open_statement(unverified.keys, roots))
    license = verify(unverified.license, keyring)
    return OpenedFile(license, keyring, _newest_list(unverified.revoked, keyring, revoked))


def _newest_list(unverified_list: str | None, keyring: Keyring, known: RevokedList | None) -> RevokedList | None:
    """The list of the higher `seq`. One under a key that was revoked since proves nothing, and is passed over."""
    if unverified_list is None:
        return known
    try:
        listed = verify_revoked(unverified_list, keyring.headers)
    except Unauthentic as error:
        if error.reason is not Reason.KEY_REVOKED:
            raise
        return known
    return listed if known is None or listed.seq >= known.seq else known
