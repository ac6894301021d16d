"""Traces of a real server, at a real collector."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from licensing.core.errors import SetupRefused
from licensing.settings import read_settings
from licensing.web import tracing
from tests.crash.installations import SQLITE, Server, installation
from tests.support.collectors import Collector, attributes_of, collecting
from tests.support.servers import RunningServer, free_port, running_server
from tests.support.worlds import World, checkin, nodes
from tests.test_stop import answers_at, wait_until

SECRET = "canary-0123456789"
ASKED = 60


def ask(server: RunningServer, method: str, path: str, body: object = None, **headers: str) -> tuple[int, str, Any]:
    """Status, our id of the request, and what was answered."""
    sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    with closing(server.connect()) as connection:
        connection.request(method, path, json.dumps(body), sent)
        answer = connection.getresponse()
        text = answer.read()
        return answer.status, answer.headers["X-Request-Id"], text


def span_of(collector: Collector, id: str) -> Span:
    """The span of the request that has the id."""
    return collector.wait_for(lambda span: attributes_of(span).get("request.id") == id)


def license_of(server: RunningServer, folder: Path) -> str:
    """A trial's license, as its applicant gets it."""
    person = {"email": "jane@acme.example", "name": "Jane", "organization": "Acme", "country": "DE"}
    assert ask(server, "POST", "/v1/trials", {**person, "expected_nodes": 4, "accept_terms": True})[0] == 202
    wait_until(lambda: any(folder.glob("mail/*.eml")))
    mail = next(folder.glob("mail/*.eml")).read_text("utf-8").replace("=\n", "").replace("token=3D", "token=")
    token = re.findall(r"confirm\?token=([\w-]+)", mail)[0]
    status, _, text = ask(server, "POST", "/v1/trials/confirm", {"token": token})
    assert status == 201, text
    return str(json.loads(text)["license_file"]["license"])


def test_a_check_in_and_a_refusal_are_spans_with_the_ids_of_answer_and_log_and_no_secret(tmp_path: Path) -> None:
    with (
        collecting() as collector,
        running_server(tmp_path / "data", otlp_url=f"{collector.url}/", log_format="json") as server,
    ):
        license = license_of(server, tmp_path / "data")
        done = ask(server, "POST", "/v1/checkins", checkin(nodes(4)), Authorization=f"Bearer {license}")
        refused = ask(
            server,
            "POST",
            f"/v1/checkins?token={SECRET}",
            checkin(nodes(4)),
            Authorization=f"Bearer {SECRET}",
            Cookie=f"session={SECRET}",
            User_Agent=SECRET,
            traceparent=f"00-{'1' * 32}-{'2' * 16}-01",
            tracestate=f"a={SECRET}",
            baggage=f"a={SECRET}",
        )
        lost = ask(server, "GET", f"/no/such/{SECRET}")
        spans = {id: span_of(collector, id) for _, id, _ in (done, refused, lost)}
        log = [json.loads(line) for line in server.log.read_text("utf-8").splitlines() if line.startswith("{")]

    assert [done[0], refused[0], lost[0]] == [200, 401, 404]
    assert [span.name for span in spans.values()] == ["POST /v1/checkins", "POST /v1/checkins", "GET"]
    assert attributes_of(spans[refused[1]]) == {
        "request.id": refused[1],
        "http.request.method": "POST",
        "http.route": "/v1/checkins",
        "http.response.status_code": 401,
    }
    assert {line["trace_id"] for line in log if line.get("request_id") == refused[1]} == {
        spans[refused[1]].trace_id.hex()
    }
    assert spans[refused[1]].trace_id.hex() != "1" * 32
    assert not any(word.encode() in body for body in collector.bodies for word in (SECRET, license, "127.0.0.1"))
    assert set(collector.paths) == {"/v1/traces"}


def test_every_worker_sends_its_spans_the_last_ones_when_it_ends(tmp_path: Path) -> None:
    ids: list[str] = []

    def both_workers_have_answered() -> bool:
        ids.append(ask(server, "GET", "/healthz")[1])
        return len({id[:20] for id in ids}) == 2  # the ids of a worker begin alike

    with collecting() as collector:
        with running_server(tmp_path, otlp_url=collector.url, workers="2") as server:
            wait_until(both_workers_have_answered)
        told = [attributes_of(span)["request.id"] for span in collector.spans()]

    assert [id for id in ids if told.count(id) != 1] == []


def test_without_a_collector_every_request_is_answered_and_the_server_stops(tmp_path: Path) -> None:
    with installation(SQLITE, 1) as installed:
        server: Server = installed.servers[0]
        server.environment["LICENSING_OTLP_URL"] = f"http://127.0.0.1:{free_port()}"
        server.start()
        wait_until(lambda: answers_at(server.port))
        running = RunningServer(server.port, tmp_path)
        statuses = [ask(running, "GET", "/readyz")[0] for _ in range(ASKED)]
        assert server.process is not None
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(30)

    assert statuses == [200] * ASKED
    assert code == 0


def test_a_server_without_the_packages_says_which_and_does_not_start(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['opentelemetry'] = None\n", "utf-8")
    path = ":".join([str(tmp_path), *sys.path])
    environment = {"LICENSING_DATA_DIR": str(tmp_path / "data"), "PATH": "/usr/bin:/bin", "PYTHONPATH": path}

    done = subprocess.run(
        [sys.executable, "-m", "licensing", "serve"],
        env={**environment, "LICENSING_OTLP_URL": "http://127.0.0.1:4318"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "licensing: LICENSING_OTLP_URL needs packages that are not installed" in done.stderr
    assert "pip install 'koor-licensing[server,otel]'" in done.stderr


def test_without_the_setting_nothing_of_it_is_read() -> None:
    code = "import sys, licensing.cli.server, licensing.web.app; print([m for m in sys.modules if 'telemetry' in m])"

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


def test_an_application_without_the_setting_is_as_it_was(world: World) -> None:
    before = world.house.app.wsgi_app

    tracing.register(world.house.app, None)

    assert world.house.app.wsgi_app == before


@pytest.mark.parametrize("url", ["collector:4318", "http://me:secret@collector:4318", "http://collector/?key=secret"])
def test_an_address_that_is_none_or_holds_a_secret_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("LICENSING_OTLP_URL", url)

    with pytest.raises(SetupRefused, match="OTLP_URL"):
        read_settings()
