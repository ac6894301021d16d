"""What only a real server can be sent: bodies that lie about their length, come in chunks, or never end."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress

import pytest

from tests.support.servers import RunningServer, running_server

SLOW = 900
CHUNKED = (
    b"POST /v1/validate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server"), workers="1") as running:
        yield running


def exchange(server: RunningServer, request: bytes) -> bytes:
    """What the server says to the bytes; when it waits for more, we hang up."""
    answer = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", server.port), timeout=2) as connection:
        connection.sendall(request)
        while b"request_id" not in answer and (piece := connection.recv(65_536)):
            answer += piece
    return answer


def status(answer: bytes) -> int:
    """The answer's status; 0 for a connection that was closed without one."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def assert_alive(server: RunningServer) -> None:
    with closing(server.connect()) as connection:
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /v1/trials HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
        b"POST /v1/trials HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n{}",
        b"POST /v1/trials HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 1\r\n\r\n{}",
        b"POST /v1/trials HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n{}",
        CHUNKED + b"2\r\n{}\r\n0\r\n\r\n",
        CHUNKED + b"zz\r\n{}\r\n",
        CHUNKED + b"ffffffffffffffff\r\n{}\r\n",
        CHUNKED + b"10000\r\n" + b"x" * 0x10000 + b"\r\n" + b"10000\r\n" + b"x" * 0x10000 + b"\r\n0\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 1_000_000 + b"\r\n\r\n",
        b"\x16\x03\x01 not http at all\r\n\r\n",
    ],
    ids=[
        "short",
        "negative",
        "cut",
        "huge",
        "chunked",
        "bad chunk",
        "huge chunk",
        "long",
        "url",
        "nul",
        "header",
        "tls",
    ],
)
def test_a_lying_request_is_refused_or_closed(server: RunningServer, request_bytes: bytes) -> None:
    answer = exchange(server, request_bytes)

    assert status(answer) == 0 or 400 <= status(answer) < 500, answer
    assert_alive(server)


def test_nine_hundred_clients_that_never_finish_a_head_hold_up_nobody(server: RunningServer) -> None:
    with ExitStack() as slow:
        for _ in range(SLOW):
            connection = slow.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=10))
            connection.sendall(b"POST /v1/trials HTTP/1.1\r\nHost: x\r\n")
        began = time.monotonic()
        assert_alive(server)
        seconds = time.monotonic() - began

    assert seconds < 1


def test_a_chunked_body_is_read_as_any_other(server: RunningServer) -> None:
    answer = exchange(server, CHUNKED + b'8\r\n{"nodes"\r\n3\r\n:1}\r\n0\r\n\r\n')

    assert status(answer) == 422
    assert b'"license": ["Missing data' in answer
