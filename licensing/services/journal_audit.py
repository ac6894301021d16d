"""The signer's journal held against the ledger: what was signed must be recorded, what is recorded was signed there.

A line without a leaf is a license that went out unrecorded, or a deed that was rolled back after its signature. A leaf
without a line was signed where the signer does not know of: with a copy of its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from licensing.core.keys import Purpose
from licensing.services.signer_journal import Journal
from licensing.services.signing import KeyStore
from licensing.storage import audit as rows
from licensing.storage.database import Database

UNDER_WAY_SECONDS = 60
"""A deed whose license was signed so short a time ago may not be recorded yet."""


def compare(
    database: Database, keys: KeyStore, journals: Sequence[Journal], since: datetime | None, now: datetime
) -> Iterator[str]:
    """What is wrong, a line each.

    Each journal's chain is looked at whole; of signatures and leaves those made since `since`, and a minute or more
    before `now`, when the journals were read. `journals` must be all there are: a leaf's line may be in any.
    """
    kids = {key.kid for key in keys.current().keyring.keys if key.purpose is Purpose.LICENSE}
    first, last = 0 if since is None else int(since.timestamp()), int(now.timestamp()) - UNDER_WAY_SECONDS
    with database.read() as session:
        recorded = rows.signed(session)
    hashes, known, begun = {hash for _, _, hash, _ in recorded}, set[str](), dict[str, int]()
    for journal in journals:
        yield from journal.broken
        for line in journal.lines:
            known.add(line.signed)
            begun[line.kid] = min(line.seconds, begun.get(line.kid, line.seconds))
            if line.kid in kids and first <= line.seconds <= last and line.signed not in hashes:
                at = datetime.fromtimestamp(line.seconds, UTC)
                yield f"{journal.name}:{line.number}: signed by {line.kid} at {at:%Y-%m-%dT%H:%M:%SZ}, and not recorded"
    for index, kid, hash, seconds in recorded:
        # What a key signed before its first line here, it signed without this signer.
        if kid in begun and seconds > begun[kid] and first <= seconds <= last and hash not in known:
            yield f"leaf {index}: signed by {kid}, and in no journal"
