"""One failover: two servers under load, the primary's postmaster killed, the standby promoted, the journal compared."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from licensing.bootstrap import House, build, set_up
from licensing.core.callers import OPERATOR
from licensing.core.ledger import Kind
from licensing.core.sales import Term
from licensing.services.organizations import Person
from licensing.storage.ledger import IssuanceRow, RecordRow
from tests.failover.clients import Acknowledged, Client, Load
from tests.failover.pair import Pair, running_pair, until
from tests.support.servers import RunningServer, running_server
from tests.support.worlds import checkin, make_settings

SERVERS, CHECK_INS = 2, 4


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a failover cost. `away_seconds` is from the kill to the first answer of the server that took longest.

    `check_ins` are the statuses of check-ins afterwards, on connections that the servers had before.
    """

    before: int
    after: int
    away_seconds: float
    lost: int
    doubled: int
    refused: dict[int, int]
    findings: list[str]
    check_ins: set[int]

    @property
    def is_good(self) -> bool:
        return (self.lost, self.doubled, self.findings, self.check_ins) == (0, 0, [], {200}) and self.after > 0


def play(folder: Path, clients: int, seconds: float) -> Outcome:
    """The outcome of one failover, with `clients` at work for `seconds` before it and after it."""
    with running_pair() as pair:
        house, keys = _house(folder, pair), folder / "keys"
        api_key = house.api_keys.create(OPERATOR, "load", ["licenses.write"], 30, None).key
        licenses = [_license(house, number) for number in range(clients)]
        shared = {"database_url": pair.url, "keys_dir": str(keys), "workers": "1"}
        with running_server(folder / "a", **shared) as one, running_server(folder / "b", **shared) as two:
            who = [Client(f"client{n}", licenses[n], api_key, (one, two)) for n in range(clients)]
            with Load(who) as load:
                _check_in(house, licenses[0], (one, two))
                killed_at, promoted_at = _fail_over(pair, load, seconds)
                back = [_first_since(load, server, promoted_at) for server in range(SERVERS)]
                check_ins = _check_in(house, licenses[0], (one, two))
                time.sleep(seconds)
        outcome = _compare(house, load, killed_at, max(back) - killed_at, check_ins)
        house.database.close()
    return outcome


def _house(folder: Path, pair: Pair) -> House:
    house = build(make_settings(folder, pair.url))
    set_up(house)
    return house


def _license(house: House, number: int) -> str:
    person = Person(f"it@buyer{number}.example", "IT")
    with house.database.joined():
        buyer = house.organizations.create(OPERATOR, f"Buyer {number}", "DE", None, person)
        done = house.sales.sell(OPERATOR, buyer.id, Term(25, 12), None)
    assert done.standing is not None
    return done.standing.license_id


def _check_in(house: House, license_id: str, servers: Sequence[RunningServer]) -> set[int]:
    """The statuses of check-ins that change nothing, by every thread of the servers."""
    token = str(house.licenses.file(OPERATOR, license_id)["license"])
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    statuses = set()
    for server in [*servers] * CHECK_INS:
        with closing(server.connect()) as connection:
            connection.request("POST", "/v1/checkins", json.dumps(checkin(["a", "b"])), headers)
            statuses.add(connection.getresponse().status)
    return statuses


def _fail_over(pair: Pair, load: Load, seconds: float) -> tuple[float, float]:
    """When the primary was killed, and when the standby was promoted."""
    until(lambda: {each.server for each in load.acknowledged()} == set(range(SERVERS)), "the first answers")
    time.sleep(seconds)
    killed_at = time.monotonic()
    pair.primary.kill()
    pair.promote()
    return killed_at, time.monotonic()


def _first_since(load: Load, server: int, moment: float) -> float:
    """When the server acknowledged something again."""

    def found() -> list[float]:
        return [each.at for each in load.acknowledged() if each.server == server and each.at > moment]

    until(lambda: bool(found()), f"an answer of server {server}")
    return min(found())


def _compare(house: House, load: Load, killed_at: float, away: float, check_ins: set[int]) -> Outcome:
    acknowledged = load.acknowledged()
    serials = _serials_by_reason(house)
    return Outcome(
        before=sum(each.at <= killed_at for each in acknowledged),
        after=sum(each.at > killed_at for each in acknowledged),
        away_seconds=away,
        lost=sum(not _is_kept(each, serials) for each in acknowledged),
        doubled=sum(len(found) > 1 for found in serials.values()),
        refused=load.refused(),
        findings=house.audit.run().findings,
        check_ins=check_ins,
    )


def _is_kept(each: Acknowledged, serials: dict[str, list[str]]) -> bool:
    return each.serial in serials.get(each.key, [])


def _serials_by_reason(house: House) -> dict[str, list[str]]:
    """The issuances of each reason in the ledger: every client's key is one."""
    found: dict[str, list[str]] = {}
    query = select(IssuanceRow.serial, RecordRow.record).join(RecordRow, RecordRow.serial == IssuanceRow.serial)
    with house.database.read() as session:
        for serial, record in session.execute(query.where(IssuanceRow.kind == Kind.REISSUED)):
            found.setdefault(_reason(record), []).append(serial)
    return found


def _reason(record: bytes) -> str:
    members = json.loads(record)
    return str(members.get("reason") or members["details"]["reason"])
