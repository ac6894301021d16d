"""What the signer signs, and what it refuses: it believes nothing that the server says.

What is asked for must be of the type that the key is for, within its size, about now, and stand by the rules that
a client and the server's own lint apply. No more than so many a minute for each purpose; and what was signed is in the
journal before it leaves.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from threading import Lock
from types import MappingProxyType

from licensing.core.errors import Busy, KeyUnusable
from licensing.core.keys import TYPE_OF, Purpose
from licensing.core.leases import verify_lease
from licensing.core.licenses import lint, verify_license
from licensing.core.revocations import verify_revoked
from licensing.core.tokens import MAX_CHARACTERS, Headers, assemble
from licensing.services.signer_journal import SignerJournal
from licensing.services.signing import KeyStore, SigningKey

A_MINUTE: Mapping[Purpose, int] = MappingProxyType(
    {Purpose.LICENSE: 3_000, Purpose.LEASE: 300_000, Purpose.REVOCATION: 300, Purpose.LOG: 120}
)
"""Signatures a minute. A change of keys signs every license anew: 80,000 take half an hour."""
TOLERANCE_SECONDS = 3_600
"""How far `iat` may be from the signer's clock: a stolen server signs nothing for another day."""
MAX_NOTE = 1_024
_NOTE = re.compile(r"([^\n]+)\n(?:0|[1-9][0-9]{0,18})\n[A-Za-z0-9+/]{43}=\n", re.ASCII)


class SignerDesk:
    """Answers one request after the other."""

    def __init__(
        self,
        keys: KeyStore,
        journal: SignerJournal,
        now: Callable[[], datetime],
        origin: str,
        allowed: Collection[Purpose] = tuple(Purpose),
        a_minute: Mapping[Purpose, int] = A_MINUTE,
    ) -> None:
        self._keys = keys
        self._journal = journal
        self._now = now
        self._origin = origin
        self._allowed = allowed
        self._a_minute = a_minute
        self._lock = Lock()
        self._minute = -1
        self._counts: dict[Purpose, int] = {}

    def sign(self, kid: str, data: bytes) -> bytes:
        """The signature; raises a Refusal (Busy when it is worth another try)."""
        keys = self._keys.current()
        key, purpose = next(
            ((key, purpose) for purpose, key in keys.signing.items() if key.kid == kid and purpose in self._allowed),
            (None, None),
        )
        if key is None or purpose is None:
            raise KeyUnusable("no active key of that name signs here")
        seconds = int(self._now().timestamp())
        text = _require_form(key, purpose, data)
        with self._lock:
            self._count(purpose, seconds)
        signature = key.signer.sign(data)
        if purpose is Purpose.LOG:
            self._require_checkpoint(text)
        else:
            _require_sound(purpose, assemble(text, signature), keys.keyring.headers, seconds)
        if purpose is not Purpose.LEASE:
            with self._lock:
                self._journal.append(seconds, kid, hashlib.sha256(data).hexdigest())
        return signature

    def close(self) -> None:
        """What was counted is in the journal."""
        with self._lock:
            self._write_count()

    def _count(self, purpose: Purpose, seconds: int) -> None:
        if seconds // 60 != self._minute:
            self._write_count()
            self._minute, self._counts = seconds // 60, {}
        count = self._counts.get(purpose, 0)
        if count >= self._a_minute[purpose]:
            raise Busy(f"{count} signatures of the {purpose} key within this minute")
        self._counts[purpose] = count + 1

    def _write_count(self) -> None:
        leases = self._counts.pop(Purpose.LEASE, 0)
        if leases:
            self._journal.append(self._minute * 60, str(Purpose.LEASE), f"count={leases}")

    def _require_checkpoint(self, text: str) -> None:
        parsed = _NOTE.fullmatch(text)
        if parsed is None or parsed[1] != self._origin:
            raise KeyUnusable("this is no checkpoint of our ledger")


def _require_form(key: SigningKey, purpose: Purpose, data: bytes) -> str:
    """The text to sign, of the size and with the header of the key."""
    typ = TYPE_OF.get(purpose)
    limit = MAX_NOTE if typ is None else MAX_CHARACTERS[typ]
    if len(data) > limit:
        raise KeyUnusable(f"a {purpose} key signs at most {limit} bytes")
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise KeyUnusable("what is to be signed is not ASCII") from error
    if typ is not None and not text.startswith(f"{key.header}."):
        raise KeyUnusable(f"a {purpose} key signs under its own header alone")
    return text


def _require_sound(purpose: Purpose, token: str, headers: Headers, seconds: int) -> None:
    """Raises a Refusal unless a client would take the token, and it is about now."""
    if purpose is Purpose.LICENSE:
        license = verify_license(token, headers)
        lint(license)
        issued_at = license.iat
    elif purpose is Purpose.LEASE:
        issued_at = verify_lease(token, headers).iat
    else:
        issued_at = verify_revoked(token, headers).iat
    if abs(issued_at - seconds) > TOLERANCE_SECONDS:
        raise KeyUnusable("what is to be signed is not of this hour")
