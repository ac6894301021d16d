"""A short form of `make crash`, and the order in which a sale reaches the disk and its client."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from threading import Event

import pytest

from tests.crash.clients import DONE, Shop
from tests.crash.faults import SERVERS, run
from tests.crash.installations import POSTGRESQL, SQLITE, Installation, Server, installation

DATABASES = (SQLITE, POSTGRESQL)
FAULTS, SALES = 6, 5
FLUSHED = re.compile(r"\b(fdatasync|fsync)(\(| resumed)")
ANSWER = re.compile(r"\b(write|writev|sendto|sendmsg)\(.*HTTP/1\.1 201")


@pytest.mark.parametrize("database", DATABASES)
def test_whatever_is_killed_no_sale_is_lost_or_made_twice(database: str) -> None:
    with installation(database, SERVERS) as installed:
        outcome = run(installed, FAULTS)

    assert outcome.verdict.is_clean, str(outcome.verdict)
    assert outcome.verdict.acknowledged > FAULTS
    assert outcome.recovery_seconds < 5


@pytest.mark.skipif(shutil.which("strace") is None, reason="no strace: install it to see the order of system calls")
@pytest.mark.parametrize("database", DATABASES)
def test_a_sale_is_on_disk_before_its_answer_leaves(database: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with installation(database, 1) as installed:
        server = installed.servers[0]
        server.start()
        customers = installed.customers(SALES + 1)
        shop = Shop([server.port], installed.api_key)
        shop.sell(customers[0], Event())
        with Traced(_writers(installed, server), trace):
            answers = [shop.sell(customer, Event()) for customer in customers[1:]]
        shop.close()

    steps = _steps(trace.read_text("utf-8", "replace"))
    assert [answer is not None and answer[0] for answer in answers] == [DONE] * SALES
    assert steps.count("answer") == SALES
    before_each = "".join(step[0] for step in steps).split("a")[:SALES]  # f for a flush, a for an answer
    assert all("f" in flushes for flushes in before_each), steps


class Traced:
    """A trace of what the processes flush and answer, to a file, as long as the block lasts."""

    def __init__(self, pids: list[int], trace: Path) -> None:
        attach = [word for pid in pids for word in ("-p", str(pid))]
        calls = "trace=fdatasync,fsync,write,writev,sendto,sendmsg"
        self._command = ["strace", "-f", "-ttt", "-s", "40", "-e", calls, "-o", str(trace), *attach]

    def __enter__(self) -> None:
        self._process = subprocess.Popen(self._command, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        while "attached" not in self._process.stderr.readline():
            if self._process.poll() is not None:
                pytest.skip("strace may not attach here")
        time.sleep(0.5)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()


def _writers(installed: Installation, server: Server) -> list[int]:
    """The server's processes, and those of its database."""
    assert server.process is not None
    firsts = [server.process.pid, *([installed.postmaster.process.pid] if installed.postmaster else [])]
    return [pid for first in firsts for pid in (first, *_children(first))]


def _children(pid: int) -> list[int]:
    listed = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], check=False, capture_output=True, text=True)
    return [int(each) for each in listed.stdout.split() if Path(f"/proc/{each}").exists() and int(each) != os.getpid()]


def _steps(trace: str) -> list[str]:
    """What happened, in order: `flush` or `answer`. A call that was interrupted counts when it ends."""
    steps = []
    for line in trace.splitlines():
        if ANSWER.search(line):
            steps.append("answer")
        elif FLUSHED.search(line) and "unfinished" not in line:
            steps.append("flush")
    return steps
