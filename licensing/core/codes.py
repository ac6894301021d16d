"""The codes of an answer, in the order in which they are judged, with their sentence and remedy for people."""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """What a license is worth now. The first that applies, in this order, is the answer."""

    NOT_FOUND = "NOT_FOUND"
    UNSUPPORTED = "UNSUPPORTED"
    REVOKED = "REVOKED"
    SUSPENDED = "SUSPENDED"
    NOT_YET_VALID = "NOT_YET_VALID"
    EXPIRED_GRACE = "EXPIRED_GRACE"
    EXPIRED = "EXPIRED"
    CLUSTER_MISMATCH = "CLUSTER_MISMATCH"
    DUPLICATE_CLUSTER = "DUPLICATE_CLUSTER"
    OVER_LIMIT = "OVER_LIMIT"
    VALID = "VALID"


class Warning(StrEnum):
    """What a reader should know beside the code; it changes nothing."""

    KEYS_STALE = "KEYS_STALE"
    CLOCK_SUSPECT = "CLOCK_SUSPECT"


_SENTENCES: dict[Code, tuple[str, str]] = {
    Code.NOT_FOUND: (
        "The license is signed by our key, but we have no record of it.",
        "Send the license file to Koor support; do not use it further.",
    ),
    Code.UNSUPPORTED: (
        "The license uses something this version does not understand.",
        "Update the Data Control Center.",
    ),
    Code.REVOKED: ("The license was revoked.", "Ask Koor sales for a new license."),
    Code.SUSPENDED: ("The license is suspended.", "Ask Koor sales what is open."),
    Code.NOT_YET_VALID: ("The license is not valid yet.", "Check this machine's clock, or wait for the start date."),
    Code.EXPIRED_GRACE: ("The license has ended; everything still works for a while.", "Renew the license."),
    Code.EXPIRED: ("The license has ended, and so has the time after it.", "Renew the license."),
    Code.CLUSTER_MISMATCH: (
        "The license belongs to another Ceph cluster.",
        "Use the license of this cluster, or release the other one first.",
    ),
    Code.DUPLICATE_CLUSTER: (
        "A cluster with the same identity is alive elsewhere.",
        "Release the cluster that is no longer used.",
    ),
    Code.OVER_LIMIT: (
        "{used} storage nodes are in use, {granted} of {seats} seats are granted to this cluster.",
        "Ask Koor sales for more seats, or remove nodes.",
    ),
    Code.VALID: ("{used} of {seats} storage nodes are in use.", ""),
}


def describe(code: Code, *, seats: int, used: int, granted: int) -> tuple[str, str]:
    """The sentence and the remedy of `code`, for a human. The remedy of a valid license is empty."""
    sentence, remedy = _SENTENCES[code]
    return sentence.format(seats=seats, used=used, granted=granted), remedy
