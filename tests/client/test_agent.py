"""`licensing agent` as a pod runs it: a process of its own, a Kubernetes API over TLS, a license server that runs."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from licensing.bootstrap import build, set_up
from licensing.core.activations import check_code
from licensing.core.callers import OPERATOR
from licensing.core.sales import Term
from licensing.settings import Settings
from licensing.system import System, now
from tests.client.apiservers import ApiServer, api_server
from tests.client.scenes import ALLOWED, RESTRICTED, Scene
from tests.support.servers import free_port
from tests.support.worlds import FSID, UID, convert, make_settings, make_world, nodes

PATIENCE_SECONDS = 30


@dataclass(slots=True)
class Agent:
    """A running agent, asked over HTTP."""

    port: int
    process: subprocess.Popen[str]

    def get(self, path: str, **headers: str) -> tuple[int, bytes, dict[str, str]]:
        return self.ask("GET", path, headers)

    def ask(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def status(self) -> dict[str, Any]:
        return dict(json.loads(self.get("/status")[1]))

    def until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first status that holds what is waited for."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds(status := self.status()):
            assert time.monotonic() < deadline, status
            time.sleep(0.1)
        return status

    def stop(self) -> str:
        """Ends it as Kubernetes does; what it logged."""
        self.process.send_signal(signal.SIGTERM)
        _, log = self.process.communicate(timeout=PATIENCE_SECONDS)
        assert self.process.returncode == 0
        return log


@dataclass(slots=True)
class Pod:
    """The pod's surroundings: a scene with the vendor's server, the API, the service account's folder."""

    scene: Scene
    api: ApiServer

    @contextmanager
    def agent(self, *words: str, **variables: str) -> Iterator[Agent]:
        """An agent that listens; `variables` come on top of what the chart sets."""
        environment = {
            **os.environ,
            "KOOR_LICENSE_FILE": str(self.scene.folder / "site.json"),
            "KOOR_LICENSE_SERVER": self.scene.url,
            "KOOR_LICENSE_STATE_SECRET": "koor-license-state",
            "KOOR_LICENSE_NAMESPACE": "dcc",
            "KOOR_LICENSE_ROOK_NAMESPACE": "rook-ceph",
            "KOOR_LICENSE_PRODUCTION": "true",
            "KOOR_LICENSE_DCC_VERSION": "0.6.0",
            "KUBERNETES_SERVICE_HOST": "127.0.0.1",
            "KUBERNETES_SERVICE_PORT": str(self.api.port),
            **variables,
        }
        root = self.scene.vendor.house.settings.keys_dir / "root.jwk"
        command = [sys.executable, "-m", "licensing", "agent", "--listen", "127.0.0.1:0", "--root", str(root)]
        command += ["--api-account", str(self.api.folder), *words]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first.startswith("listening"), process.communicate()[1]
            yield Agent(int(first.rpartition(":")[2]), process)
        finally:
            process.kill()
            process.communicate()


@dataclass(slots=True)
class SecretText:
    """The state in the Secret, as JSON."""

    api: ApiServer

    def read(self) -> dict[str, Any]:
        assert self.api.secret is not None
        return dict(json.loads(b64decode(self.api.secret["data"]["state.json"])))

    def change(self, **members: object) -> None:
        assert self.api.secret is not None
        self.api.secret["data"]["state.json"] = b64encode(json.dumps({**self.read(), **members}).encode()).decode()


@pytest.fixture(scope="module")
def vendor_today(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A vendor's folder, set up now: the agent lives by the clock on the wall."""
    folder = tmp_path_factory.mktemp("today")
    house = build(settings_in(folder), System(now))
    set_up(house)
    house.database.close()
    return folder


@pytest.fixture
def pod(vendor_today: Path, tmp_path: Path) -> Iterator[Pod]:
    folder = tmp_path / "vendor"
    shutil.copytree(vendor_today, folder)
    vendor = make_world(settings_in(folder))
    vendor.clock.time = now()
    with api_server(tmp_path / "account") as api:
        yield Pod(Scene(vendor, tmp_path), api)
    vendor.house.database.close()


def settings_in(folder: Path) -> Settings:
    return make_settings(folder, f"sqlite:///{folder / 'licensing.sqlite3'}")


def test_a_site_without_a_connection_is_told_what_its_file_is_worth(pod: Pod) -> None:
    pod.api.has_pods_on(nodes(4))
    with pod.agent(KOOR_LICENSE_SERVER="") as agent:
        none = agent.until(lambda status: status["nodes"] == 4)
        assert (none["code"], none["restricted"], none["allows"], none["license"]) == ("NONE", False, ALLOWED, None)

        code, body, headers = agent.get("/request")
        request = json.loads(body)
        assert (code, request["fsid"], request["kube_system_uid"]) == (200, FSID, UID)
        assert request["nodes"] == nodes(4)
        assert headers["Koor-Check-Code"] == check_code(request)
        agent.stop()

    pod.scene.put(str(pod.scene.vendor.trial()["license_id"]))
    with pod.agent(KOOR_LICENSE_SERVER="") as agent:
        status = agent.until(lambda status: status["code"] == "VALID")
        assert (status["seats"], status["used"], status["granted"], status["allows"]) == (4, 4, 4, ALLOWED)
        assert status["license"]["edition"] == "trial"
        agent.stop()


def test_an_agent_checks_in_and_its_state_outlives_it(pod: Pod) -> None:
    license_id = str(pod.scene.vendor.trial()["license_id"])
    pod.scene.put(license_id)
    pod.api.has_pods_on(nodes(5))
    pod.scene.serve()
    try:
        with pod.agent() as agent:
            agent.until(lambda status: status["last_checkin"] is not None)
            assert agent.status()["code"] == "OVER_LIMIT"
            metrics = agent.get("/metrics")[1].decode()
            agent.stop()
        assert f'koor_license_info{{code="OVER_LIMIT",lid="{license_id}"}} 1\n' in metrics
        assert "koor_license_checkins_total 1\n" in metrics

        convert(pod.scene.vendor, license_id, Term(25, 12))
        with pod.agent() as agent:  # the same instance key: nobody else's
            status = agent.until(lambda status: status["code"] == "VALID")
            assert (status["seats"], status["license"]["tier"]) == (25, "medium_enterprise")
            agent.stop()
    finally:
        pod.scene.close()

    book = pod.scene.vendor.house.clusters.of_license(OPERATOR, license_id)
    assert [cluster.fsid for cluster in book] == [FSID]


def test_metrics_are_named_as_the_go_clients(pod: Pod) -> None:
    go = (Path(__file__).parents[2] / "clients" / "go" / "licensing" / "metrics.go").read_text()
    license_id = str(pod.scene.vendor.trial()["license_id"])
    pod.scene.put(license_id)
    with pod.agent(KOOR_LICENSE_SERVER="") as agent:
        agent.until(lambda status: status["code"] == "VALID")
        told = agent.get("/metrics")[1].decode()

    described = dict(re.findall(r"^# HELP (\w+) (.*)$", told, re.MULTILINE))
    named = dict(re.findall(r'&text, "(koor_license_\w+)", "([^"]+)"', go))
    unknown = {"koor_license_expires_seconds", "koor_license_last_checkin_timestamp_seconds"}  # a trial has no end
    assert described == {name: help for name, help in named.items() if name not in unknown}


def test_strangers_and_other_methods_are_refused(pod: Pod) -> None:
    with pod.agent(KOOR_LICENSE_SERVER="") as agent:
        assert agent.get("/healthz")[:2] == (200, b"ok\n")
        for host in ("localhost", f"localhost:{agent.port}", "127.0.0.1", f"[::1]:{agent.port}", "[::1]"):
            assert agent.get("/healthz", Host=host)[0] == 200, host
        for host in (
            "rebound.example",
            f"rebound.example:{agent.port}",
            "10.0.0.1",
            "localhost.evil.example",
            "[::",
            "",
        ):
            assert agent.get("/status", Host=host)[0] == 403, host
        assert [agent.get(path)[0] for path in ("/", "/status/", "/status?x=1", "/../status")] == [404] * 4
        assert [agent.ask(method, "/status", {})[0] for method in ("POST", "PUT", "DELETE", "PATCH")] == [405] * 4
        assert agent.status()["code"] == "NONE"


def test_nothing_around_it_stops_it(pod: Pod) -> None:
    pod.scene.put(str(pod.scene.vendor.trial()["license_id"]))
    pod.api.has_pods_on(nodes(3))
    pod.api.secret, pod.api.cephs = None, []
    with pod.agent(KOOR_LICENSE_SERVER=f"http://127.0.0.1:{free_port()}") as agent:
        status = agent.until(lambda status: status["code"] == "VALID")
        assert (status["nodes"], status["allows"]) == (0, ALLOWED)
        log = agent.stop()
    assert "koor-license-state can't be read" in log
    assert "there is no Ceph cluster in namespace rook-ceph" in log
    assert "Traceback" not in log


def test_a_restriction_reaches_the_pod(pod: Pod) -> None:
    license_id = str(pod.scene.vendor.trial()["license_id"])
    pod.scene.put(license_id)
    pod.api.has_pods_on(nodes(5))
    with pod.agent(KOOR_LICENSE_SERVER="") as agent:
        agent.until(lambda status: status["code"] == "OVER_LIMIT")
        agent.stop()

    state = SecretText(pod.api)
    state.change(over_since=state.read()["over_since"] - 15 * 86_400, compliant_at=None)
    with pod.agent(KOOR_LICENSE_SERVER="") as agent:
        assert agent.until(lambda status: status["restricted"])["allows"] == RESTRICTED


@pytest.mark.parametrize(
    ("words", "variables", "why"),
    [
        ((), {"KUBERNETES_SERVICE_HOST": ""}, "no Kubernetes around"),
        (("--server", "ftp://x"), {}, "http or https URL"),
        (("--listen", "localhost:1"), {}, "no IP address"),
        (("--listen", "192.0.2.1:1"), {}, "Can't listen on 192.0.2.1:1"),
        (("--listen", "127.0.0.1:70000"), {}, "Can't listen on 127.0.0.1:70000"),
        (("--root", "missing.jwk"), {}, "missing.jwk"),
        ((), {"KOOR_LICENSE_FILE": ""}, "--license"),
    ],
)
def test_what_cannot_work_is_named_at_the_start(
    pod: Pod, words: tuple[str, ...], variables: dict[str, str], why: str
) -> None:
    with pytest.raises(AssertionError, match=re.escape(why)), pod.agent(*words, **variables):
        pytest.fail("it started")
