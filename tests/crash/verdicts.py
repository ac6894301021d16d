"""The journal against the ledger."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event, Timer

from sqlalchemy import func, select

from licensing.core.ledger import Kind
from licensing.storage.ledger import IssuanceRow, LeafRow
from tests.crash.clients import DONE, Journal, Shop
from tests.crash.installations import Installation

ANSWERED_WITHIN_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """What should be none: lost and doubled sales, gaps in the ledger, answers that differ, findings of the audit."""

    acknowledged: int
    lost: int
    doubled: int
    gaps: int
    different: int
    odd: int
    findings: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.doubled or self.gaps or self.different or self.odd or self.findings)

    def __str__(self) -> str:
        return (
            f"{self.acknowledged:,} acknowledged, lost {self.lost}, doubled {self.doubled}, gaps {self.gaps},"
            f" different answers {self.different}, odd answers {self.odd}, findings {len(self.findings)}"
        )


def judge(installed: Installation, journal: Journal) -> Verdict:
    """Servers answer again: whoever asks once more gets the answer of before, and the ledger has each sale once."""
    again = _asked_again(installed, journal)
    house = installed.house
    with house.database.read() as session:
        sold = session.execute(
            select(IssuanceRow.serial, IssuanceRow.organization_id).where(IssuanceRow.kind == Kind.SOLD)
        ).all()
        newest, leaves = session.execute(select(func.max(LeafRow.idx), func.count(LeafRow.idx))).one()
    serials, buyers = {serial for serial, _ in sold}, Counter(buyer for _, buyer in sold)
    told = journal.acknowledged
    return Verdict(
        acknowledged=len(told),
        lost=sum(json.loads(answer)["serial"] not in serials for answer in told.values()),
        doubled=sum(count - 1 for count in buyers.values()),
        gaps=int(newest) + 1 - int(leaves),
        different=sum(again.get(customer) != (DONE, answer) for customer, answer in told.items()),
        odd=len(journal.odd),
        findings=tuple(house.audit.run().findings),
    )


def _asked_again(installed: Installation, journal: Journal) -> Mapping[str, tuple[int, bytes]]:
    """What every customer is told now, those included who had no answer yet; nobody after one who got none."""
    shop = Shop([server.port for server in installed.servers], installed.api_key)
    answers: dict[str, tuple[int, bytes]] = {}
    for customer in journal.wished:
        give_up = Event()
        patience = Timer(ANSWERED_WITHIN_SECONDS, give_up.set)
        patience.start()
        answer = shop.sell(customer, give_up)
        patience.cancel()
        if answer is None:
            break
        answers[customer] = answer
    shop.close()
    return answers
