"""Registering a trial from a DCC's own screen: the device authorization grant (RFC 8628), for trials alone.

The DCC shows a short code; a person types it on our page, sees whose cluster it is, and registers. The DCC asks for its
license until the person has confirmed by her mail. Codes are kept as hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from licensing.core.errors import CodeRefused, DeviceError, DeviceRefused
from licensing.core.trials import LINK_LIFE

CLIENT_ID = "koor-dcc"
GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
CODE_LIFE = timedelta(minutes=10)
CLAIMED_LIFE = LINK_LIFE
"""Once a person has typed the code, the DCC waits as long as the mail's link lives."""
KEPT = timedelta(days=1)
"""So long a DCC is told that its code has expired, not that it is unknown."""
INTERVAL_SECONDS = 5
SLOWER_BY_SECONDS = 5
"""RFC 8628 §3.5: what `slow_down` adds to the interval."""
_TOLERATED = timedelta(seconds=1)
"""Whole seconds make five look like four."""

_DETAILS = {
    DeviceError.AUTHORIZATION_PENDING: "Nobody has confirmed the code yet; go on asking.",
    DeviceError.SLOW_DOWN: "Asked too soon; wait five seconds longer between two requests from now on.",
    DeviceError.ACCESS_DENIED: "The person refused, or there is no trial for this cluster to have.",
    DeviceError.EXPIRED_TOKEN: "The code has expired; ask for a new one.",
    DeviceError.INVALID_GRANT: "There is no such device code.",
}


@dataclass(frozen=True, slots=True)
class Grant:
    """A code as it is kept. `address` is where the DCC asked from, `registration_id` what a person claimed it with."""

    device_hash: str
    fsid: str
    cluster_name: str
    address: str
    created_at: datetime
    expires_at: datetime
    polled_at: datetime | None
    interval_seconds: int
    registration_id: str | None
    refused_at: datetime | None


def refused(error: DeviceError) -> DeviceRefused:
    """The refusal in our words."""
    return DeviceRefused(error, _DETAILS[error])


def answer_to(grant: Grant, now: datetime) -> DeviceError | None:
    """What the DCC that asks at `now` is told; None when the registration is to be looked at."""
    if grant.refused_at is not None:
        return DeviceError.ACCESS_DENIED
    if now >= grant.expires_at:
        return DeviceError.EXPIRED_TOKEN
    if grant.polled_at is not None and now - grant.polled_at < _least_wait(grant):
        return DeviceError.SLOW_DOWN
    return DeviceError.AUTHORIZATION_PENDING if grant.registration_id is None else None


def interval_after(grant: Grant, answer: DeviceError | None) -> int:
    """Seconds that the DCC has to wait from now on."""
    return grant.interval_seconds + (SLOWER_BY_SECONDS if answer is DeviceError.SLOW_DOWN else 0)


def typed(grant: Grant | None, now: datetime) -> Grant:
    """The grant whose code a person may claim or refuse at `now`. Raises CodeRefused in the same words for all."""
    if grant is None or grant.refused_at is not None or grant.registration_id is not None or now >= grant.expires_at:
        raise CodeRefused("The code is wrong or no longer valid. Look at the screen of your Data Control Center again.")
    return grant


def _least_wait(grant: Grant) -> timedelta:
    return timedelta(seconds=grant.interval_seconds) - _TOLERATED
