"""Pending sign-ins: of all that come back with one state, one gets the flow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from licensing.storage import sign_in_flows
from licensing.storage.sign_in_flows import PendingFlow
from tests.support.worlds import START, World

FLOW = PendingFlow("n" * 43, "v" * 43, START + timedelta(minutes=10))


def test_a_flow_is_taken_once_however_many_come_at_once(world: World) -> None:
    with world.house.database.write() as session:
        sign_in_flows.add(session, "hash", FLOW, START)

    def take(_: int) -> PendingFlow | None:
        with world.house.database.write() as session:
            return sign_in_flows.take(session, "hash")

    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(take, range(8)))

    assert [flow for flow in taken if flow is not None] == [FLOW]


def test_a_new_flow_sweeps_those_whose_time_is_over_and_no_others(world: World) -> None:
    with world.house.database.write() as session:
        sign_in_flows.add(session, "over", FLOW, START)
        sign_in_flows.add(session, "waits", PendingFlow("n", "v", FLOW.expires_at + timedelta(seconds=1)), START)

    with world.house.database.write() as session:
        sign_in_flows.add(session, "new", FLOW, FLOW.expires_at)

    assert [row[0] for row in world.rows()["sign_in_flow"]] == ["new", "waits"]
