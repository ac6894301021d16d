"""Second factors: codes that change every 30 seconds (RFC 6238, with the parameters every authenticator app knows)."""

from __future__ import annotations

import base64
import hmac
from datetime import datetime

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

DIGITS, STEP_SECONDS = 6, 30
DRIFT_STEPS = 1
"""Clocks may differ by one step, either way (RFC 6238 §5.2)."""

ISSUER = "Koor"
"""One word: apps disagree about how a blank in it is written."""


def matching_step(secret: bytes, code: str, now: datetime, last_step: int) -> int | None:
    """The time step that `code` belongs to; None for a wrong one, and for any up to `last_step`."""
    present = int(now.timestamp()) // STEP_SECONDS
    typed = "".join(code.split()).encode("utf-8", "surrogatepass")
    for step in range(present - DRIFT_STEPS, present + DRIFT_STEPS + 1):
        if step > last_step and hmac.compare_digest(_totp(secret).generate(step * STEP_SECONDS), typed):
            return step
    return None


def uri(secret: bytes, email: str) -> str:
    """What authenticator apps read: `otpauth://totp/…`."""
    return _totp(secret).get_provisioning_uri(email, ISSUER)


def base32(secret: bytes) -> str:
    """The secret for typing in."""
    return base64.b32encode(secret).decode("ascii")


def _totp(secret: bytes) -> TOTP:
    return TOTP(secret, DIGITS, SHA1(), STEP_SECONDS)  # noqa: S303 - HMAC-SHA-1 is RFC 6238's default, and unbroken
