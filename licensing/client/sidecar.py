"""What the sidecar tells its pod over HTTP: plain GET requests, answered from memory.

/status    what the license is worth, and whether each gated call is allowed (JSON)
/metrics   the same for Prometheus
/request   the activation request of a site without a connection, to save; Koor-Check-Code is its check code
/healthz   the process answers
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

from licensing.client.face import GATED, Counts, Face
from licensing.core.activations import check_code
from licensing.core.licenses import License

TIMEOUT_SECONDS = 10
NONE = "NONE"
TEXT, JSON, METRICS = "text/plain; charset=utf-8", "application/json", "text/plain; version=0.0.4; charset=utf-8"

Answer = tuple[str, bytes, dict[str, str]]
"""Content type, body, further headers."""


class Sidecar(ThreadingHTTPServer):
    """Answers at `host` (an IP address) and `port`. On a loopback address it answers to loopback names alone.

    Without that, a page in a browser on the same machine could read it under a name of its own (DNS rebinding).
    Raises OSError where it can't listen.
    """

    daemon_threads = True

    def __init__(self, host: str, port: int, face: Face) -> None:
        address = ip_address(host)
        self.address_family = self.address_family if address.version == 4 else 10  # AF_INET6
        self.face = face
        self.is_private = address.is_loopback
        super().__init__((host, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Sidecar
    server_version, sys_version = "koor-license", ""
    protocol_version = "HTTP/1.0"
    timeout = TIMEOUT_SECONDS

    def do_GET(self) -> None:
        answers: dict[str, Callable[[Face], Answer]] = {
            "/status": _status,
            "/metrics": _metrics,
            "/request": _request,
            "/healthz": _healthz,
        }
        answer = answers.get(self.path)
        if self.server.is_private and not _is_loopback(self.headers.get("Host", "")):
            self.send_error(403, "Ask at a loopback address")
        elif answer is None:
            self.send_error(404, "Ask for /status, /metrics, /request or /healthz")
        else:
            self._send(*answer(self.server.face))

    def _refuse_method(self) -> None:
        self.send_error(405, "Only GET is answered")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _refuse_method  # noqa: N815

    def _send(self, content_type: str, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        fixed = {"Content-Type": content_type, "Content-Length": str(len(body)), "Cache-Control": "no-store"}
        for name, value in {**fixed, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Probes and scrapes are no news."""


def _is_loopback(host: str) -> bool:
    name = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdecimal() and not host.endswith("]") else host
    try:
        return name == "localhost" or ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _healthz(_: Face) -> Answer:
    return TEXT, b"ok\n", {}


def _request(face: Face) -> Answer:
    body = face.request()
    saved = {"Content-Disposition": 'attachment; filename="koor-request.json"'}
    return JSON, body, {**saved, "Koor-Check-Code": check_code(json.loads(body))}


def _status(face: Face) -> Answer:
    verdict, license, counts = face.status(), face.license(), face.counts()
    document: dict[str, object] = {
        "code": NONE if verdict is None else verdict.code,
        "restricted": verdict is not None and verdict.restricted,
        "allows": {action: face.allows(action) for action in GATED},
        "warnings": [] if verdict is None else list(verdict.warnings),
        "message": "No license is in force." if verdict is None else verdict.message,
        "remedy": "" if verdict is None else verdict.remedy,
        "seats": 0 if verdict is None else verdict.seats,
        "used": 0 if verdict is None else verdict.used,
        "granted": 0 if verdict is None else verdict.granted,
        "license": None if license is None else _license(license),
        "nodes": counts.nodes,
        "last_checkin": counts.last_checkin,
        "last_failure": counts.last_failure,
    }
    return JSON, json.dumps(document, ensure_ascii=False, indent=1).encode(), {}


def _license(license: License) -> dict[str, object]:
    names = ("lid", "seq", "org", "edition", "tier", "seats", "exp")
    return {name: getattr(license, name) for name in names}


def _metrics(face: Face) -> Answer:
    verdict, license, counts = face.status(), face.license(), face.counts()
    code, lid = (NONE if verdict is None else verdict.code), ("" if license is None else license.lid)
    lines = [
        *_metric("info", "gauge", "What the license is worth.", 1, f"{{code={_label(code)},lid={_label(lid)}}}"),
        *_metric(
            "restricted", "gauge", "Whether the gated calls are refused.", int(bool(verdict and verdict.restricted))
        ),
        *_metric("seats", "gauge", "Storage nodes that the license covers.", verdict.seats if verdict else 0),
        *_metric("used", "gauge", "Storage nodes of the last answer.", verdict.used if verdict else 0),
        *_metric("granted", "gauge", "Storage nodes that are covered.", verdict.granted if verdict else 0),
        *_metric(
            "expires_seconds", "gauge", "When the license ends, in Unix seconds.", license.exp if license else None
        ),
        *_counters(counts),
    ]
    return METRICS, "".join(f"{line}\n" for line in lines).encode(), {}


def _counters(counts: Counts) -> list[str]:
    return [
        *_metric("nodes", "gauge", "Storage nodes counted last.", counts.nodes),
        *_metric("checkins_total", "counter", "Check-ins that were answered.", counts.checkins),
        *_metric("checkin_failures_total", "counter", "Check-ins that failed.", counts.failures),
        *_metric("last_checkin_timestamp_seconds", "gauge", "The last answered check-in.", counts.last_checkin),
    ]


def _metric(name: str, kind: str, help: str, value: int | None, labels: str = "") -> list[str]:
    """The lines of one metric, the same as the Go client's; none where there is no value."""
    name = f"koor_license_{name}"
    return [] if value is None else [f"# HELP {name} {help}", f"# TYPE {name} {kind}", f"{name}{labels} {value}"]


def _label(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
