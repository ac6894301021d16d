"""A limit is the database's: two workers of one server let no more through than one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from licensing.core.throttle import PER_MAILBOX
from tests.support.servers import RunningServer, running_server
from tests.support.worlds import registration

ASKED = 40


def test_a_mailbox_is_written_to_as_often_by_two_workers_as_by_one(tmp_path: Path) -> None:
    with running_server(tmp_path, workers="2") as server, ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: register(server), range(ASKED)))

    assert sorted(statuses) == [202] * PER_MAILBOX + [429] * (ASKED - PER_MAILBOX)


def register(server: RunningServer) -> int:
    """Asks on a connection of its own, so that either worker may answer."""
    with closing(server.connect()) as connection:
        connection.request("POST", "/v1/trials", json.dumps(registration()), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
