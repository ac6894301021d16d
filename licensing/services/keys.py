"""The life of working keys: made, published, activated, retired, revoked; each step is a new key statement.

A statement is signed by a root key, which a server does not have. Where the root's file is at hand (a development
machine, or the offline machine of the ceremony) a step is signed and installed at once; elsewhere it is written down
unsigned, carried to the root, and imported when signed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from licensing.core.errors import KeyUnusable, Malformed, Unauthentic
from licensing.core.key_days import KeyDays, key_days
from licensing.core.keys import (
    TEST_MARK,
    Keyring,
    KeyState,
    Purpose,
    RootKey,
    WorkingKey,
    name_key,
    open_statement,
    public_bytes,
    read_statement,
    statement_claims,
)
from licensing.core.ledger import Kind
from licensing.core.passphrases import require_strong
from licensing.core.tokens import TokenType, assemble, header_segment, signing_input
from licensing.services.dual_control import NOBODY_ASKED, Agree, Agreement
from licensing.services.signing import KeyStore
from licensing.storage import keyfiles
from licensing.system import System

ACTIVE_LIFE = timedelta(days=365)
"""How long an activated key signs before it must be rotated."""
NEXT_LIFE = timedelta(days=730)
"""A published key that is not used yet may be activated this long without a newer statement reaching the clients."""
HANDOVER = timedelta(minutes=1)
"""What a server that has not seen the rotation yet still signs stands."""
ROOT_FOLDER = "root"

Recorder = Callable[[Kind, str, datetime, Mapping[str, str]], None]
"""Appends a leaf for a key's activation or retirement; its record says who agreed to it."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a command did: the entries as they are now, and the unsigned statement if a root must sign it first."""

    keys: tuple[WorkingKey, ...]
    unsigned: Path | None


class KeyManagement:
    """Changes the set of working keys."""

    def __init__(
        self, store: KeyStore, system: System, issuer: str, record: Recorder, agree: Agree, *, test: bool
    ) -> None:
        """`test` is whether keys are a development server's: one person may change those."""
        self._store = store
        self._system = system
        self._issuer = issuer
        self._record = record
        self._agree = agree
        self._test = test

    def new_root(self, folder: Path) -> RootKey:
        """A new root key: its private file and its public JWK are in `folder`."""
        passphrase = self._passphrase()
        private = Ed25519PrivateKey.generate()
        x = public_bytes(private.public_key())
        root = RootKey(name_key(x, "root", test=self._test), x)
        keyfiles.write_private(folder, root.kid, private, passphrase)
        keyfiles.write_public(folder / f"{root.kid}.jwk", root.kid, x)
        return root

    def ensure(self) -> bool:
        """A development server has keys: a TEST- root and one active key a purpose. Whether they were made now."""
        if (self._store.folder / keyfiles.STATEMENT).exists():
            return False
        if not (self._store.folder / keyfiles.ROOT).exists():
            root = self.new_root(self._store.folder / ROOT_FOLDER)
            keyfiles.write_public(self._store.folder / keyfiles.ROOT, root.kid, root.x)
        now = self._system.now()
        self._publish([_activated(self._generate(purpose, now), now) for purpose in Purpose], None)
        return True

    def list(self) -> tuple[WorkingKey, ...]:
        """The keys of the statement in force."""
        keyring = self._keyring()
        return () if keyring is None else keyring.keys

    def days(self) -> KeyDays:
        """What must be renewed soon; raises KeyUnusable when the statement in force can't be used."""
        return key_days(self._keyring(), self._system.now())

    def protection(self, kid: str) -> str:
        """How the private half of `kid` is protected here."""
        return keyfiles.protection(keyfiles.private_path(self._store.folder, kid))

    def protect(self) -> Mapping[str, bool]:
        """Every private key of the folder is encrypted with many rounds; which of them only now, by file name."""
        passphrase = require_strong(self._store.passphrase)
        folder = self._store.folder
        paths = sorted([*folder.glob("*.key.pem"), *(folder / ROOT_FOLDER).glob("*.key.pem")])
        return {path.name: keyfiles.protect(path, passphrase) for path in paths}

    def statement(self) -> str:
        """The statement in force; raises KeyUnusable when there is none."""
        statement = keyfiles.read_text(self._store.folder / keyfiles.STATEMENT)
        if statement is None:
            raise KeyUnusable(f"There is no key statement in {self._store.folder}.")
        return statement

    def new(self, purpose: Purpose, root_key: Path | None = None) -> Step:
        """A new key is published as the next of its purpose."""
        keys = self._entries()
        if any(key.purpose is purpose and key.state is KeyState.NEXT for key in keys):
            raise KeyUnusable(f"There is a next {purpose} key already; run: licensing keys rotate {purpose}")
        return self._publish([*keys, self._generate(purpose, self._system.now())], root_key)

    def rotate(self, purpose: Purpose, root_key: Path | None = None, agreement: Agreement = NOBODY_ASKED) -> Step:
        """The next key of the purpose signs from now on, the active one no longer."""
        now, keys = self._system.now(), self._entries()
        following = next((key for key in keys if key.purpose is purpose and key.state is KeyState.NEXT), None)
        if following is None:
            raise KeyUnusable(f"There is no next {purpose} key; run: licensing keys new {purpose}")
        old = {key.kid for key in keys if key.purpose is purpose and key.state is KeyState.ACTIVE}
        rotated = [_retired(key, now) if key.kid in old else key for key in keys]
        activated = [_activated(key, now) if key is following else key for key in rotated]
        return self._publish(activated, root_key, agreement)

    def retire(
        self, kid: str, root_key: Path | None = None, agreement: Agreement = NOBODY_ASKED, *, revoke: bool = False
    ) -> Step:
        """The key signs no longer; with `revoke` nothing that it signed stands."""
        now, keys = self._system.now(), self._entries()
        if all(key.kid != kid for key in keys):
            raise KeyUnusable(f"There is no key {kid}.")

        def change(key: WorkingKey) -> WorkingKey:
            return replace(_retired(key, now), state=KeyState.REVOKED) if revoke else _retired(key, now)

        return self._publish([change(key) if key.kid == kid else key for key in keys], root_key, agreement)

    def sign(self, unsigned: str, root_key: Path) -> str:
        """The statement signed from an unsigned one: for the machine that has the root, which needs nothing else."""
        claims, _ = _unsigned(unsigned)
        private = keyfiles.read_private(root_key, self._store.passphrase)
        x = public_bytes(private.public_key())
        kid = name_key(x, "root", test=root_key.name.startswith(TEST_MARK))
        signed = signing_input(header_segment(kid, TokenType.KEYS), claims)
        return assemble(signed, private.sign(signed.encode("ascii")))

    def install(self, statement: str, agreement: Agreement = NOBODY_ASKED) -> Step:
        """The statement is in force, and its changes are in the ledger.

        Two people agree to what a key's state becomes, where there are keys already. Raises KeyUnusable for an older
        statement, TwoPeopleNeeded and SignInRefused.
        """
        try:
            keyring = open_statement(statement, self._store.roots())
        except Unauthentic as error:
            raise KeyUnusable(f"The key statement can't be used: {error.detail}") from error
        old = self._keyring()
        if old is not None and keyring.seq <= old.seq:
            raise KeyUnusable(f"The statement has seq {keyring.seq}; one of seq {old.seq} is in force.")
        now, before = self._system.now(), {key.kid: key.state for key in old.keys} if old is not None else {}
        changed = [
            key for key in keyring.keys if key.state is not before.get(key.kid) and key.state is not KeyState.NEXT
        ]
        needs_two = changed and old is not None and not self._test
        details = self._agree(agreement, f"statement {keyring.seq}") if needs_two else {}
        for key in changed:
            kind = Kind.KEY_ACTIVATED if key.state is KeyState.ACTIVE else Kind.KEY_RETIRED
            self._record(kind, key.kid, now, details)
        keyfiles.write_text(self._store.folder / keyfiles.STATEMENT, f"{statement}\n")
        (self._store.folder / keyfiles.UNSIGNED_STATEMENT).unlink(missing_ok=True)
        self._store.look_again()
        return Step(keyring.keys, None)

    def _publish(self, keys: Iterable[WorkingKey], root_key: Path | None, agreement: Agreement = NOBODY_ASKED) -> Step:
        entries, old = tuple(keys), self._keyring()
        seq = 1 if old is None else old.seq + 1
        claims = statement_claims(self._issuer, seq, int(self._system.now().timestamp()), entries)
        unsigned = json.dumps(claims, indent=2)
        root_key = root_key or self._root_at_hand()
        if root_key is not None:
            return self.install(self.sign(unsigned, root_key), agreement)
        path = self._store.folder / keyfiles.UNSIGNED_STATEMENT
        keyfiles.write_text(path, f"{unsigned}\n")
        return Step(entries, path)

    def _entries(self) -> tuple[WorkingKey, ...]:
        """The keys to change: those of the statement that waits for the root, else of the one in force."""
        waiting = keyfiles.read_text(self._store.folder / keyfiles.UNSIGNED_STATEMENT)
        return self.list() if waiting is None else _unsigned(waiting)[1].keys

    def _generate(self, purpose: Purpose, now: datetime) -> WorkingKey:
        x, until = self._new_pair(purpose), int((now + NEXT_LIFE).timestamp())
        return WorkingKey(self._kid(x, purpose), x, purpose, KeyState.NEXT, int(now.timestamp()), until)

    def _new_pair(self, purpose: Purpose) -> bytes:
        """The public half of a new pair; its private half is in a file, or in the module."""
        elsewhere = self._store.elsewhere
        if elsewhere is not None:
            if elsewhere.generate is None:
                raise KeyUnusable("The signer has the keys: make them where it runs, without LICENSING_SIGNER=unix:….")
            return elsewhere.generate(lambda x: self._kid(x, purpose))
        passphrase, private = self._passphrase(), Ed25519PrivateKey.generate()
        x = public_bytes(private.public_key())
        keyfiles.write_private(self._store.folder, self._kid(x, purpose), private, passphrase)
        return x

    def _kid(self, x: bytes, purpose: Purpose) -> str:
        return name_key(x, purpose, test=self._test)

    def _passphrase(self) -> bytes | None:
        """What new key files are encrypted with; only a development machine's may stay plain."""
        return self._store.passphrase if self._test else require_strong(self._store.passphrase)

    def _keyring(self) -> Keyring | None:
        statement = keyfiles.read_text(self._store.folder / keyfiles.STATEMENT)
        if statement is None:
            return None
        try:
            return open_statement(statement, self._store.roots())
        except Unauthentic as error:
            raise KeyUnusable(f"The key statement in force can't be used: {error.detail}") from error

    def _root_at_hand(self) -> Path | None:
        """The private root file of a development machine."""
        return next(iter(sorted((self._store.folder / ROOT_FOLDER).glob(f"{TEST_MARK}root-*.key.pem"))), None)


def _unsigned(text: str) -> tuple[dict[str, Any], Keyring]:
    """The claims of an unsigned statement and the keyring that they describe; raises Malformed."""
    try:
        claims = json.loads(text)
        return claims, read_statement(claims)
    except (ValueError, AttributeError, Unauthentic) as error:
        raise Malformed("This is no unsigned key statement.") from error


def _activated(key: WorkingKey, now: datetime) -> WorkingKey:
    return replace(key, state=KeyState.ACTIVE, sign_until=int((now + ACTIVE_LIFE).timestamp()))


def _retired(key: WorkingKey, now: datetime) -> WorkingKey:
    until = min(key.sign_until, int((now + HANDOVER).timestamp()))
    return replace(key, state=KeyState.RETIRED, sign_until=max(key.nbf, until))
