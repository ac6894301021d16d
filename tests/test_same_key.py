"""The same deed asked for 50 times at once is done once: 100 keys, 100 licenses, on a real server and each database."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from threading import local

from licensing.core.callers import OPERATOR, Permission
from licensing.core.prices import Price
from tests.support.servers import running_server
from tests.support.worlds import World

KEYS, TIMES, CLIENTS = 100, 50, 10
DONE, IN_PROGRESS = 201, 409


def test_the_same_key_fifty_times_in_parallel_sells_once(world: World) -> None:
    house = world.house
    now = house.system.now()
    house.prices.put(OPERATOR, Price("EUR", 120_000, now.replace(hour=0)))
    buyers = [house.organizations.create(OPERATOR, f"Customer {number}", "DE", None, None).id for number in range(KEYS)]
    key = house.api_keys.create(OPERATOR, "shop", [Permission.LICENSES_WRITE], 30, None).key
    (house.settings.data_dir / "clock").write_text(now.isoformat())
    settings = {
        "database_url": house.settings.database_url,
        "clock_file": str(house.settings.data_dir / "clock"),
        "workers": "2",
    }
    connections, opened = local(), list[HTTPConnection]()

    with running_server(house.settings.data_dir, **settings) as server:

        def sell(number: int) -> tuple[int, bytes]:
            if not hasattr(connections, "own"):
                connections.own = server.connect()
                opened.append(connections.own)
            body = {
                "organization_id": buyers[number],
                "seats": 5,
                "months": 12,
                "order_number": f"PO-{number}",
                "currency": "EUR",
            }
            headers = {
                "Authorization": f"Bearer {key}",
                "Content-Type": "application/json",
                "Idempotency-Key": f"key-{number}",
            }
            connections.own.request("POST", "/v1/licenses", json.dumps(body), headers)
            response = connections.own.getresponse()
            return response.status, response.read()

        asked = [number for number in range(KEYS) for _ in range(TIMES)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = list(pool.map(sell, asked))
        again = [sell(number) for number in range(KEYS)]
        for connection in opened:
            connection.close()

    assert {status for status, _ in answers} <= {DONE, IN_PROGRESS}
    for number in range(KEYS):
        told = {body for (status, body), each in zip(answers, asked, strict=True) if each == number and status == DONE}
        assert told == {again[number][1]}
        assert again[number][0] == DONE
    assert len(house.licenses.page(OPERATOR, "", 1_000)) == KEYS
    report = house.audit.run()
    assert (report.findings, report.licenses) == ([], KEYS)
