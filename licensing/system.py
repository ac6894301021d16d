"""The only clock and source of randomness. Below `services/` both are arguments."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from licensing.core.errors import SetupRefused
from licensing.core.ledger import SALT_BYTES
from licensing.core.trials import CODE_ALPHABET, CODE_LENGTH

LINK_BYTES = 32
_LAST_62_BITS = (1 << 62) - 1
TOTP_BYTES = 20


def now() -> datetime:
    """This moment: aware, UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def ticks() -> float:
    """Seconds that only go forward, for what should happen no more often than so: no moment of any calendar."""
    return time.monotonic()


def random_bytes(count: int) -> bytes:
    """Bytes that nobody can guess."""
    return secrets.token_bytes(count)


def clock_in(file: Path) -> Callable[[], datetime]:
    """A clock that shows the RFC 3339 time written in `file`, read anew each time: for playing years in minutes."""

    def read() -> datetime:
        try:
            return datetime.fromisoformat(file.read_text("ascii").strip()).astimezone(UTC).replace(microsecond=0)
        except (OSError, ValueError) as error:
            raise SetupRefused(f"The clock file {file} holds no RFC 3339 time.") from error

    return read


@dataclass(frozen=True, slots=True)
class System:
    """A clock, and what must not be guessed."""

    now: Callable[[], datetime] = now

    def new_id(self) -> str:
        """32 hex digits that no one has had before; later ones sort later (RFC 9562 §5.7 and §6.2 method 3, UUIDv7)."""
        milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)
        fraction = (nanoseconds << 12) // 1_000_000  # the 12 bits after the version: quarters of a microsecond
        chance = int.from_bytes(secrets.token_bytes(8), "big") & _LAST_62_BITS
        return f"{(milliseconds << 80) | (0x7 << 76) | (fraction << 64) | (0b10 << 62) | chance:032x}"

    def new_serial(self) -> str:
        """32 random hex digits: an issuance's `jti`."""
        return secrets.token_hex(16)

    def new_salt(self) -> bytes:
        return secrets.token_bytes(SALT_BYTES)

    def new_link(self) -> str:
        """The secret of a mail link: 256 bits in base64url."""
        return secrets.token_urlsafe(LINK_BYTES)

    def new_session(self) -> str:
        """The secret of a staff session: 256 bits in base64url."""
        return secrets.token_urlsafe(LINK_BYTES)

    def new_api_key(self) -> str:
        """The random part of an API key: 256 bits in 43 characters of base64url."""
        return secrets.token_urlsafe(LINK_BYTES)

    def new_flow_secret(self) -> str:
        """The state, nonce or PKCE verifier of a single sign-on (RFC 7636 §4.1 asks for 43 characters at least)."""
        return secrets.token_urlsafe(LINK_BYTES)

    def new_totp_secret(self) -> bytes:
        """The secret of a second factor (RFC 4226 §4 recommends 160 bits)."""
        return secrets.token_bytes(TOTP_BYTES)

    def new_code(self) -> str:
        """A code to type: 8 consonants, about 34 bits."""
        return "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))

    def new_password(self) -> str:
        """A one-time password: 96 bits."""
        return secrets.token_urlsafe(12)
