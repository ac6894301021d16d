"""The last seat, for real: a server as users run it, twelve clusters at once, and one seat."""

from __future__ import annotations

import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import Barrier
from typing import Any
from uuid import UUID

from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from tests.support.servers import running_server
from tests.support.worlds import World, checkin, standing, token_of

CLIENTS = 12
ROUNDS = 150


def sell_single_seats(world: World, count: int) -> list[str]:
    """The tokens of `count` paid licenses of one seat each."""
    house = world.house
    buyers = [house.organizations.create(OPERATOR, f"Customer {number}", "DE", None, None) for number in range(count)]
    sold = [standing(house.sales.sell(OPERATOR, buyer.id, Term(seats=1, months=12), None)) for buyer in buyers]
    return [token_of(world, each.license_id) for each in sold]


def race(
    connection: HTTPConnection, client: int, tokens: Sequence[str], start: Barrier, nodes: int = 1
) -> list[tuple[int, Any]]:
    """What one client is told in each round; it has a cluster and a node of its own, or no node yet."""
    body = json.dumps(checkin([f"node-{client}"][:nodes], fsid=str(UUID(int=client + 1))))
    answers = []
    for token in tokens:
        start.wait()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
        connection.request("POST", "/v1/checkins", body, headers)
        response = connection.getresponse()
        answers.append((response.status, json.loads(response.read())))
    connection.close()
    return answers


def test_of_twelve_clusters_that_want_the_last_seat_one_gets_it(world: World) -> None:
    settings = world.house.settings
    tokens, start = sell_single_seats(world, ROUNDS), Barrier(CLIENTS)
    clock = settings.data_dir / "clock"
    clock.write_text(world.clock.time.isoformat())

    with (
        running_server(
            settings.data_dir, database_url=settings.database_url, clock_file=str(clock), workers="2"
        ) as server,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        races = [pool.submit(race, server.connect(), client, tokens, start) for client in range(CLIENTS)]
        answers = [future.result() for future in races]

    for answers_of_round in zip(*answers, strict=True):
        assert [status for status, _ in answers_of_round] == [200] * CLIENTS
        told = [(answer["code"], answer["granted"], len(answer["unlicensed_nodes"])) for _, answer in answers_of_round]
        assert sorted(told) == [("OVER_LIMIT", 0, 1)] * (CLIENTS - 1) + [("VALID", 1, 0)]
