"""The proxy that takes in slow requests: its configuration, and where there is an nginx, nginx before a real server."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
import yaml

from licensing.web.requests import MAX_CHECK_IN_BYTES
from tests.support.servers import RunningServer, free_port, running_server
from tests.support.worlds import checkin
from tests.test_stop import answers_at, wait_until

DEPLOY = Path(__file__).parents[2] / "deploy"
CONFIGURATION = (DEPLOY / "nginx.conf").read_text("utf-8")
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SLOW, TRIES = 900, 20
SLOW_BODY = b"POST /v1/trials HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"
MEGABYTE = 1 << 20


def told(name: str) -> str:
    """The value of a directive that stands once."""
    [value] = re.findall(rf"^\s*{name} (.+);", CONFIGURATION, re.MULTILINE)
    return str(value)


def test_only_the_proxy_is_reached_from_outside() -> None:
    published = {name: service["ports"] for name, service in COMPOSE["services"].items() if "ports" in service}

    assert published == {"proxy": ["127.0.0.1:8080:8080"]}
    assert "./nginx.conf:/etc/nginx/nginx.conf:ro" in COMPOSE["services"]["proxy"]["volumes"]
    assert told("listen") == "8080"
    assert told(r"set \$licensing") == "server:8080"


def test_the_proxy_has_no_more_rights_than_it_needs() -> None:
    proxy = COMPOSE["services"]["proxy"]

    assert (proxy["read_only"], proxy["cap_drop"], proxy["user"]) == (True, ["ALL"], "101:101")
    assert proxy["security_opt"] == ["no-new-privileges:true"]


def test_the_proxy_takes_in_what_the_server_takes_and_has_time_limits() -> None:
    assert int(told("client_max_body_size").removesuffix("m")) * MEGABYTE > MAX_CHECK_IN_BYTES
    assert int(told("worker_connections")) > 2 * SLOW
    assert (told("proxy_request_buffering"), told("proxy_buffering")) == ("on", "on")
    assert {told(f"client_{part}_timeout") for part in ("header", "body")} == {"10s"}
    assert "access_log off;" in CONFIGURATION


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server with one worker, spoken to through nginx with the configuration that is deployed."""
    nginx = shutil.which("nginx")
    if nginx is None:
        pytest.skip("no nginx: install it to see slow clients held off")
    folder, port = tmp_path_factory.mktemp("proxy"), free_port()
    with running_server(folder / "data", workers="1", proxies="1") as server:
        configuration = folder / "nginx.conf"
        text = CONFIGURATION.replace("server:8080", f"127.0.0.1:{server.port}").replace("listen 8080", f"listen {port}")
        configuration.write_text(text.replace("/tmp/", f"{folder}/"), "utf-8")
        as_we_are = "daemon off; user root;" if os.geteuid() == 0 else "daemon off;"
        command = [nginx, "-p", str(folder), "-c", str(configuration), "-e", "stderr", "-g", as_we_are]
        with (folder / "nginx.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until(lambda: process.poll() is not None or answers_at(port))
            assert process.poll() is None, (folder / "nginx.log").read_text()
            yield RunningServer(port, server.log)
        finally:
            process.terminate()
            process.wait(30)


def test_nine_hundred_clients_that_never_finish_a_body_hold_up_nobody(site: RunningServer) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with ExitStack() as slow:
        held = [slow.enter_context(socket.create_connection(("127.0.0.1", site.port), timeout=5)) for _ in range(SLOW)]
        for connection in held:
            connection.sendall(SLOW_BODY)

        with closing(site.connect()) as asked:
            asked.timeout = 5  # less than the proxy waits for a body
            asked.request("GET", "/healthz")
            status = asked.getresponse().status
        still_held = sum(is_open(connection) for connection in held)

    assert status == 200
    assert still_held == SLOW


def test_the_proxy_passes_on_what_is_large_and_leaves_refusals_to_the_server(site: RunningServer) -> None:
    long_names = [f"{number:04}".ljust(250, "x") for number in range(5000)]

    assert sent(site, json.dumps(checkin(long_names))) == (401, "application/problem+json")
    tried = [sent(site, "x" * (2 * MEGABYTE + 1)) for _ in range(TRIES)]
    # The server refuses by the length and closes: where the proxy still sends then, the refusal is the proxy's own.
    assert (413, "application/problem+json") in tried
    assert {status for status, _ in tried} <= {413, 502}


def sent(site: RunningServer, body: str) -> tuple[int, str]:
    """Status and type of the answer to a check-in through the proxy."""
    headers = {"Content-Type": "application/json", "Authorization": "Bearer nonsense"}
    with closing(site.connect()) as asked:
        asked.request("POST", "/v1/checkins", body, headers)
        answer = asked.getresponse()
        assert len(answer.read()) > 0
        return answer.status, str(answer.headers["Content-Type"])


def is_open(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False
