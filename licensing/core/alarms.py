"""Alarms: what should never happen. A kind means one thing everywhere: table, log, mail and metrics."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum


class AlarmKind(StrEnum):
    """What rang."""

    NO_LEAF = "signature-without-leaf"
    DUPLICATE_CLUSTER = "duplicate-cluster"
    CHECKPOINT_MISMATCH = "checkpoint-mismatch"
    MANY_FAILED_LOGINS = "many-failed-logins"
    NOT_COPIED = "checkpoint-not-copied"
    CONTRADICTED = "ledger-contradicts-copy"
    ROLLED_BACK = "ledger-rolled-back"
    GLASS_BROKEN = "glass-broken"


MEANING = {
    AlarmKind.NO_LEAF: "A license was shown that is signed with our key, and that the ledger does not know.",
    AlarmKind.DUPLICATE_CLUSTER: "Two living clusters say that they are the same Ceph cluster.",
    AlarmKind.CHECKPOINT_MISMATCH: "The ledger is not what was published of it.",
    AlarmKind.MANY_FAILED_LOGINS: "Somebody tries passwords.",
    AlarmKind.NOT_COPIED: "A checkpoint could not be copied out of the database administrators' reach.",
    AlarmKind.CONTRADICTED: "The ledger is not what a checkpoint that was kept elsewhere says it was.",
    AlarmKind.GLASS_BROKEN: "Keys were changed by one person alone, who broke the glass.",
    AlarmKind.ROLLED_BACK: "Two people accepted a backup that is older than what was published of the ledger.",
}
"""A sentence for people; docs/operations.md says what to do."""

QUIET = timedelta(days=1)
"""An alarm that was looked at stays so while it goes on ringing; after such a silence it is news again."""
MAILED_AT_ONCE = 20
"""A mail names so many alarms; a thief can ring thousands."""


def meaning(kind: str) -> str:
    """The sentence of a kind; of one that an older server rang, its name."""
    return MEANING[AlarmKind(kind)] if kind in list(AlarmKind) else kind
