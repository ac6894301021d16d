"""Private keys inside a hardware module (PKCS#11): made there, used there, never read out.

Needs the extra `pkcs11`. Keys are found by their label, which is their `kid`. Ed25519 is `CKM_EDDSA` over
`CKK_EC_EDWARDS` (PKCS#11 3.0 §2.3.14).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import pkcs11
from cryptography.exceptions import InvalidSignature
from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
from pkcs11.util.ec import encode_named_curve_parameters

from licensing.core.errors import Busy, KeyUnusable
from licensing.core.keys import PUBLIC_KEY_BYTES, WorkingKey, load_public_key

_ED25519 = encode_named_curve_parameters("1.3.101.112")
_UNNAMED = "unnamed"


class KeyModule:
    """One token of a module, and a session with it that is opened when it is needed."""

    def __init__(self, library: Path, token: str, pin: str) -> None:
        self._library = library
        self._token = token
        self._pin = pin
        self._lock = Lock()
        self._opened: tuple[int | None, Any] | None = None

    def signer(self, key: WorkingKey) -> ModuleSigner:
        """What signs with `key`; raises KeyUnusable when the module does not have it."""
        signer = ModuleSigner(self, key)
        signer.sign(b"")
        return signer

    def generate(self, name: Callable[[bytes], str]) -> bytes:
        """The public half of a new key pair, labelled by `name` of it. It can't be extracted."""
        with self._lock:
            session = self._session()
            curve = session.create_domain_parameters(KeyType.EC_EDWARDS, {Attribute.EC_PARAMS: _ED25519}, local=True)
            public, private = curve.generate_keypair(
                mechanism=Mechanism.EC_EDWARDS_KEY_PAIR_GEN, store=True, label=_UNNAMED
            )
            x = bytes(public[Attribute.EC_POINT])[-PUBLIC_KEY_BYTES:]
            load_public_key(x)
            for half in (public, private):
                half[Attribute.LABEL] = name(x)
            return x

    def sign(self, kid: str, data: bytes) -> bytes:
        """The signature of the private key labelled `kid`; raises KeyUnusable when there is none, Busy on a fault."""
        with self._lock:
            try:
                private = self._session().get_key(object_class=ObjectClass.PRIVATE_KEY, label=kid)
                return bytes(private.sign(data, mechanism=Mechanism.EDDSA))
            except pkcs11.exceptions.NoSuchKey as error:
                raise KeyUnusable(f"The module's token {self._token} has no key {kid}.") from error
            except pkcs11.exceptions.PKCS11Error as error:
                self._opened = (None, None)
                raise Busy(f"The module does not sign: {type(error).__name__}.") from error

    def _session(self) -> Any:
        """The session of this process: a fork must log in for itself (PKCS#11 §6.6.1)."""
        if self._opened is not None and self._opened[0] == os.getpid():
            return self._opened[1]
        try:
            library = pkcs11.lib(str(self._library))
            if self._opened is not None:
                library.reinitialize()
            token = library.get_token(token_label=self._token)
            session = token.open(user_pin=self._pin, rw=True)
        except (pkcs11.exceptions.PKCS11Error, RuntimeError, OSError) as error:
            what = type(error).__name__
            raise KeyUnusable(f"The token {self._token} of {self._library} can't be opened: {what}.") from error
        self._opened = (os.getpid(), session)
        return session


class ModuleSigner:
    """Signs with one key of a module. No signature leaves here that the published key does not verify."""

    def __init__(self, module: KeyModule, key: WorkingKey) -> None:
        self._module = module
        self._kid = key.kid
        self._public = load_public_key(key.x)

    def sign(self, data: bytes, /) -> bytes:
        """The signature; raises KeyUnusable when it is not that of the published key."""
        signature = self._module.sign(self._kid, data)
        try:
            self._public.verify(signature, data)
        except InvalidSignature as error:
            raise KeyUnusable(f"The module's key {self._kid} is not the published one.") from error
        return signature
