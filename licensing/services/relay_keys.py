"""The keys of a relay: the vendor's public ones, from the license file it was given, and two of its own that sign.

The relay's key signs leases of its license and reports of usage; the log key signs the checkpoints of its own ledger.
Nothing here can sign a license: the vendor's private keys are at the vendor's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.core.errors import KeyUnusable, SetupRefused, Unauthentic
from licensing.core.keys import KeyState, Purpose, RootKey, WorkingKey, build_keyring, name_key, public_bytes
from licensing.core.licenses import License, read_license_file
from licensing.core.relays import ROLE, RelayKey, relay_key, relay_of
from licensing.core.tokens import NUMBER_BITS
from licensing.services.signing import Keys, KeyStore
from licensing.storage import keyfiles
from licensing.verifier import OpenedFile, open_license_file

FOREVER = (1 << NUMBER_BITS) - 1
"""A key that no statement names has no window of its own."""


@dataclass(frozen=True, slots=True)
class RelayedKeys(Keys):
    """The keys, and the license whose seats the relay shares."""

    license: License


class RelayKeys(KeyStore):
    """The folder with the relay's own keys, and the vendor's file beside it, read again whenever that changes."""

    def __init__(
        self, file: Path, folder: Path, roots: Sequence[RootKey], passphrase: bytes | None, *, allow_test: bool
    ) -> None:
        super().__init__(folder, roots, passphrase, allow_test=allow_test)
        self._watched = file
        self._test = allow_test

    def current(self) -> RelayedKeys:
        """As `KeyStore.current`."""
        return cast(RelayedKeys, super().current())  # what `_load` below returns

    def new(self) -> tuple[RelayKey, Path]:
        """A new key pair of this relay, and the file with the public half that the vendor needs."""
        self._require_own_folder()
        key = relay_key(self._generate(ROLE), test=self._test)
        public = self.folder / f"{key.kid}.jwk"
        keyfiles.write_public(public, key.kid, key.x)
        return key, public

    def ensure_log_key(self) -> None:
        """The relay's ledger has a key that signs its checkpoints."""
        self._require_own_folder()
        if not keyfiles.private_kids(self.folder, Purpose.LOG):
            self._generate(Purpose.LOG)

    def lease_key(self, license: License) -> WorkingKey:
        """The relay's key as `license` names it, its private half at hand; raises KeyUnusable."""
        relay = relay_of(license)
        if relay is None:
            raise KeyUnusable(
                "The license names no relay. Run `licensing relay key`, and send the vendor the file that it prints."
            )
        if not keyfiles.private_path(self.folder, relay.kid).exists():
            raise KeyUnusable(f"The license names the relay {relay.kid}, whose key is not in {self.folder}.")
        key = WorkingKey(relay.kid, relay.x, Purpose.LEASE, KeyState.ACTIVE, 0, FOREVER)
        self._signing_key(key)
        return key

    def _load(self) -> RelayedKeys:
        text = keyfiles.read_text(self._watched)
        if text is None:
            raise KeyUnusable("The relay has no license yet; start it with --license FILE.")
        try:
            opened = open_license_file(text, self.roots())
        except Unauthentic as error:
            raise KeyUnusable(f"The license file of the relay can't be used: {error.detail}") from error
        return self._known(opened, read_license_file(text).keys)

    def _known(self, opened: OpenedFile, statement: str) -> RelayedKeys:
        lease, log = self.lease_key(opened.license), self._log_key()
        vendors = [key for key in opened.keyring.keys if key.purpose is not Purpose.LOG]
        keyring = build_keyring(opened.keyring.seq, opened.keyring.iat, (*vendors, log))
        signing = {key.purpose: self._signing_key(key) for key in (lease, log)}
        return RelayedKeys(statement, keyring, signing, opened.license)

    def _log_key(self) -> WorkingKey:
        kids = keyfiles.private_kids(self.folder, Purpose.LOG)
        if not kids:
            raise KeyUnusable(f"There is no log key in {self.folder}; start the relay with --license FILE.")
        private = keyfiles.read_private(keyfiles.private_path(self.folder, kids[0]), self.passphrase)
        x = public_bytes(private.public_key())
        return WorkingKey(kids[0], x, Purpose.LOG, KeyState.ACTIVE, 0, FOREVER)

    def _generate(self, role: str) -> bytes:
        private = Ed25519PrivateKey.generate()
        x = public_bytes(private.public_key())
        keyfiles.write_private(self.folder, name_key(x, role, test=self._test), private, self.passphrase)
        return x

    def _require_own_folder(self) -> None:
        if keyfiles.private_kids(self.folder, Purpose.LICENSE):
            raise SetupRefused(f"{self.folder} is a license server's; give the relay its own LICENSING_DATA_DIR.")
