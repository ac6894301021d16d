"""The keys in use: the published statement, the keyring it makes, and the private halves that sign.

The statement is read again when its file has changed, which is looked for at most once a second: a rotation needs no
restart, and a busy server does not ask the file system at every request. A private key is used only after it was found
to be the one that the statement publishes. `Signer` is what the other services see: a file's key, as here, or what asks
another process or a module (`PrivateHalves`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.core.errors import KeyUnusable, Unauthentic
from licensing.core.keys import (
    TYPE_OF,
    Keyring,
    Purpose,
    RootKey,
    WorkingKey,
    is_worthless,
    open_statement,
    public_bytes,
)
from licensing.core.licenses import verify_license
from licensing.core.passphrases import require_strong
from licensing.core.revocations import verify_revoked
from licensing.core.tokens import Headers, assemble, header_segment, signing_input
from licensing.storage import keyfiles
from licensing.system import ticks

LOOK_SECONDS = 1.0
"""How long a changed statement may go unseen by a running server; `services.keys.HANDOVER` is far longer."""


class Signer(Protocol):
    """Signs with one key."""

    def sign(self, data: bytes, /) -> bytes:
        """The 64-byte Ed25519 signature of `data`."""


@dataclass(frozen=True, slots=True)
class PrivateHalves:
    """Private keys that are not files of this process: what signs with a key, and what makes a new one.

    `generate` gives a new key's public half and names the key by it; None where keys are made elsewhere.
    `ask` raises Busy when nothing can be signed now.
    """

    signer: Callable[[WorkingKey], Signer]
    generate: Callable[[Callable[[bytes], str]], bytes] | None
    ask: Callable[[], None]


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The active key of a purpose; `header` is the header text of the tokens it signs, empty for the log key."""

    kid: str
    x: bytes
    header: str
    signer: Signer

    def signing_input(self, claims: Mapping[str, object]) -> str:
        return signing_input(self.header, claims)

    def sign(self, signed: str) -> str:
        """The token of a signing input."""
        return assemble(signed, self.signer.sign(signed.encode("ascii")))


@dataclass(frozen=True, slots=True)
class Keys:
    """One consistent state: the statement, its keyring, and the private keys for it."""

    statement: str
    keyring: Keyring
    signing: Mapping[Purpose, SigningKey]

    def key(self, purpose: Purpose) -> SigningKey:
        """The key that signs for `purpose`; raises KeyUnusable when none is active."""
        key = self.signing.get(purpose)
        if key is None:
            raise KeyUnusable(
                f"No {purpose} key is active; run: licensing keys new {purpose} && licensing keys rotate {purpose}"
            )
        return key

    def log_keys(self) -> list[bytes]:
        """The public log keys, of now and before."""
        return [key.x for key in self.keyring.keys if key.purpose is Purpose.LOG]

    def signed_license(self, signed: str) -> str:
        """The license token of a signing input, checked as a client will check it; raises KeyUnusable."""
        token = self.key(Purpose.LICENSE).sign(signed)
        return self._checked(token, verify_license)

    def signed_revoked(self, signed: str) -> str:
        """The revoked list of a signing input, checked likewise."""
        token = self.key(Purpose.REVOCATION).sign(signed)
        return self._checked(token, verify_revoked)

    def _checked(self, token: str, verify: Callable[[object, Headers], object]) -> str:
        try:
            verify(token, self.keyring.headers)
        except Unauthentic as error:
            raise KeyUnusable(f"What we signed would not be accepted: {error.detail}") from error
        return token


class KeyStore:
    """The folder of key files, and the keys read from it."""

    def __init__(
        self,
        folder: Path,
        roots: Sequence[RootKey],
        passphrase: bytes | None,
        *,
        allow_test: bool,
        protected: bool = False,
        elsewhere: PrivateHalves | None = None,
    ) -> None:
        """With `protected` private key files must be encrypted well, under a passphrase that can't be guessed.

        With `elsewhere` no private key file is opened.
        """
        self.folder = folder
        self.passphrase = passphrase
        self.elsewhere = elsewhere
        self._watched = folder / keyfiles.STATEMENT
        self._roots = roots
        self._allow_test = allow_test
        self._protected = protected
        self._lock = Lock()
        self._stamp: tuple[int, int] | None = None
        self._look_at = 0.0
        self._keys: Keys | None = None
        self.problem: str | None = None

    def current(self) -> Keys:
        """The keys of now; raises KeyUnusable while there have never been any.

        When a new statement or key file can't be used, the old keys go on and `problem` says why: verifying and
        check-ins must not stop for it.
        """
        if self._keys is not None and ticks() < self._look_at:
            return self._keys
        self._look_at = ticks() + LOOK_SECONDS
        stamp = self._file_stamp()
        if self._keys is not None and stamp == self._stamp:
            return self._keys
        with self._lock:
            try:
                self._keys = self._load()
                self.problem = None
            except KeyUnusable as error:
                self.problem = error.detail
                if self._keys is None:
                    raise
            self._stamp = stamp
            return self._keys

    def look_again(self) -> None:
        """The next who asks for the keys has them from the files as they are then."""
        self._look_at = 0.0

    def roots(self) -> list[RootKey]:
        """The roots trusted here: the compiled-in ones and the folder's own."""
        own = self.folder / keyfiles.ROOT
        roots = [*self._roots, *([keyfiles.read_root_file(own)] if own.exists() else [])]
        if not self._allow_test and any(is_worthless(root.kid, root.x) for root in roots):
            raise KeyUnusable(
                "A production server does not sign under a TEST- root; hold the root ceremony (keys/README.md)."
            )
        return roots

    def _file_stamp(self) -> tuple[int, int] | None:
        try:
            status = self._watched.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino

    def _load(self) -> Keys:
        statement = keyfiles.read_text(self.folder / keyfiles.STATEMENT)
        if statement is None:
            raise KeyUnusable(f"There is no key statement in {self.folder}; run: licensing keys statement")
        try:
            keyring = open_statement(statement, self.roots())
        except Unauthentic as error:
            raise KeyUnusable(f"The key statement in {self.folder} can't be used: {error.detail}") from error
        active = [key for purpose in Purpose if (key := keyring.active(purpose)) is not None]
        return Keys(statement, keyring, {key.purpose: self._signing_key(key) for key in active})

    def _signing_key(self, key: WorkingKey) -> SigningKey:
        if not self._allow_test and is_worthless(key.kid, key.x):
            raise KeyUnusable(f"A production server does not sign with the test key {key.kid}.")
        typ = TYPE_OF.get(key.purpose)
        header = header_segment(key.kid, typ) if typ is not None else ""
        return SigningKey(key.kid, key.x, header, self._signer(key))

    def _signer(self, key: WorkingKey) -> Signer:
        if self.elsewhere is not None:
            return self.elsewhere.signer(key)
        path = keyfiles.private_path(self.folder, key.kid)
        private: Ed25519PrivateKey = keyfiles.read_private(path, self.passphrase)
        if self._protected:
            require_strong(self.passphrase)
            keyfiles.require_protected(path)
        if public_bytes(private.public_key()) != key.x:
            raise KeyUnusable(f"The key file {path} is not the key that the statement publishes as {key.kid}.")
        return private
