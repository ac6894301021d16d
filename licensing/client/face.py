"""What a client shows to the program around it: none of it blocks, raises, or waits for a network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from licensing.verifier import License, Verdict

GATED = ("create-ceph-user", "set-scrubbing-schedule", "save-resource")
"""The three calls of the Data Control Center that a restriction refuses. Everything else is always allowed."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What happened since the start. Times are Unix seconds; `last_failure` is a word, None after a success."""

    nodes: int = 0
    checkins: int = 0
    failures: int = 0
    last_checkin: int | None = None
    last_failure: str | None = None


class Face(Protocol):
    """The client, seen from outside."""

    def status(self) -> Verdict | None:
        """What the license is worth now; None without a license, which restricts nobody."""

    def license(self) -> License | None:
        """The license in force."""

    def allows(self, action: str) -> bool:
        """Whether the action may be done: one of GATED may be refused."""

    def counts(self) -> Counts:
        """The client's counters."""

    def request(self) -> bytes:
        """The activation request of this cluster, for a site without a connection."""
