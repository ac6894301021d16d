"""Secrets and addresses in everything that can be sent to a real server, looked for where they don't belong."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from licensing.core.callers import FOR_PERSONS_ONLY, Permission
from tests.support.collectors import Collector, attributes_of, collecting
from tests.support.servers import RunningServer, running_server
from tests.support.worlds import FSID, checkin, nodes

ID = "0" * 31 + "1"
METRICS_TOKEN = "canary-metrics-token"
TYPED = (
    "email",
    "name",
    "password",
    "new_password",
    "code",
    "token",
    "organization",
    "reason",
    "order_number",
    "nonce",
)
FORMS = {
    "/trial": ("email", "name", "organization", "country"),
    "/trial/confirm": ("token", "once"),
    "/sign-in": ("email", "password", "code"),
    "/account/password": ("password", "new_password", "once"),
    "/licenses/sign-in": ("email",),
    "/licenses/enter": ("token", "once"),
    "/device": ("user_code",),
    "/console/organizations": ("name", "country", "once"),
}
TABLES = (
    "/v1/reports/funnel",
    "/v1/reports/conversions",
    "/v1/reports/cohorts",
    "/v1/reports/leads",
    "/v1/reports/retention",
)


@dataclass(slots=True)
class Canaries:
    """Words that nobody else would say; each is told from the others, to know where a leak comes from."""

    made: list[str] = field(default_factory=list)

    def new(self, place: str) -> str:
        self.made.append(f"canary{len(self.made):03}{re.sub('[^a-z]', '', place.lower())}")
        return self.made[-1]


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Sends to a real server, and keeps every problem that comes back."""

    server: RunningServer
    problems: list[str]
    pages: list[str]

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        data = body if isinstance(body, str | None) else json.dumps(body)
        sent = {"Content-Type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(self.server.connect()) as connection:
            connection.request(method, path, data, sent)
            got = connection.getresponse()
            answer = Answer(
                got.status,
                {name.lower(): value for name, value in got.getheaders()},
                got.read().decode("utf-8", "replace"),
            )
        if answer.status >= 400:
            # A form is shown again with what was typed into it, but for what opens a door.
            is_page = answer.headers["content-type"].startswith("text/html")
            (self.pages if is_page else self.problems).append(answer.text)
        return answer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Caller, Path, Collector]]:
    """A real server, the folder of its data, and who collects its traces."""
    folder = tmp_path_factory.mktemp("canary") / "data"
    token = folder.parent / "metrics-token"
    token.write_text(METRICS_TOKEN)
    with (
        collecting() as collector,
        running_server(
            folder, workers="1", log_format="json", metrics_token_file=str(token), otlp_url=collector.url
        ) as server,
    ):
        yield Caller(server, [], []), folder, collector


def secrets_of_a_life(caller: Caller, folder: Path, canaries: Canaries) -> list[str]:
    """Registers, confirms, checks in, signs in and sells, with canaries wherever something can be typed.

    What the server itself made on the way that opens a door: links, codes, sessions, keys, tokens.
    """
    address = f"{canaries.new('address')}@acme.example"
    person = {"email": address, "name": canaries.new("name"), "organization": canaries.new("organization")}
    rest = {"country": "DE", "expected_nodes": 4, "accept_terms": True}
    assert caller.call("POST", "/v1/trials", {**person, **rest}).status == 202
    text = newest_mail(folder)
    token, code = re.findall(r"token=([\w-]+)", text)[0], re.findall(r"^[A-Z]{4}-[A-Z]{4}$", text, re.M)[0]
    caller.call("GET", f"/trial/confirm?token={token}")
    wrong = caller.call("POST", "/v1/trials/confirm", {"email": address, "code": "AAAA-AAAA"})
    assert wrong.status >= 400
    made = caller.call("POST", "/v1/trials/confirm", {"token": token}, Idempotency_Key=canaries.new("idempotency"))
    assert made.status == 201, made.text
    license = json.loads(made.text)["license_file"]["license"]
    bearer = f"Bearer {license}"
    body = checkin([canaries.new("node"), *nodes(5)], nonce=canaries.new("nonce"))
    told = caller.call("POST", "/v1/checkins", body, Authorization=bearer)
    assert told.status == 200, told.text
    caller.call("POST", "/v1/checkins", "{", Authorization=bearer)
    caller.call("POST", "/v1/checkins", body, Authorization=f"{bearer}{canaries.new('token')}")
    admin = re.findall(r"^admin +(\S+), one-time password (\S+)", caller.server.log.read_text(), re.M)[0]
    signed_in = caller.call("POST", "/v1/sessions", {"email": admin[0], "password": admin[1]})
    assert signed_in.status < 300, signed_in.text
    session = signed_in.headers["set-cookie"].partition("=")[2].partition(";")[0]
    for _ in range(2):
        caller.call("POST", "/v1/sessions", {"email": address, "password": canaries.new("password"), "code": "123456"})
    return [token, code, license, json.loads(told.text)["lease"], session]


def newest_mail(folder: Path) -> str:
    """What the last mail says, once there is one."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        files = sorted((folder / "mail").glob("*.eml"))
        if files:
            part = email.message_from_bytes(files[-1].read_bytes(), policy=email.policy.default).get_body(("plain",))
            return str(part.get_content()) if part is not None else ""
        time.sleep(0.1)
    raise RuntimeError("no mail left")


def all_of_the_api(caller: Caller, canaries: Canaries, key: str) -> int:
    """Calls every operation of the server's own document, as a stranger and as a machine; how many that were."""
    document = json.loads(caller.call("GET", "/v1/openapi.json").text)
    count = 0
    for path, operations in document["paths"].items():
        for method in operations.keys() & {"get", "post", "put", "patch", "delete"}:
            filled = re.sub(r"\{(\w+)\}", lambda found: FSID if found[1] == "fsid" else ID, path)
            typed = {name: canaries.new(f"{method}{path}{name}") for name in TYPED}
            for sent in ({"Authorization": f"Bearer {key}"}, {"Authorization": f"Bearer {canaries.new('bearer')}"}):
                headers = {**sent, "Idempotency_Key": canaries.new("idempotency")}
                query = f"?search={canaries.new('query')}" if method == "get" else ""
                caller.call(method.upper(), filled + query, None if method == "get" else typed, **headers)
                count += 1
    return count


def test_no_secret_and_no_address_is_in_logs_problems_metrics_spans_or_reports(
    site: tuple[Caller, Path, Collector],
) -> None:
    caller, folder, collector = site
    canaries = Canaries()
    secrets = secrets_of_a_life(caller, folder, canaries)
    key = new_key(folder)

    assert all_of_the_api(caller, canaries, key) > 100
    for path, form in FORMS.items():
        typed = "&".join(f"{name}={canaries.new(path + name)}" for name in form)
        caller.call("POST", path, typed, Content_Type="application/x-www-form-urlencoded", Origin=caller.server.url)

    bearer = {"Authorization": f"Bearer {key}", "Accept": "text/csv"}
    tables = {path: caller.call("GET", f"{path}?format=csv", **bearer) for path in TABLES}
    metrics = caller.call("GET", "/metrics", Authorization=f"Bearer {METRICS_TOKEN}")
    assert metrics.status == 200
    assert {answer.status for answer in tables.values()} == {200}, tables
    log = [line for line in caller.server.log.read_text().splitlines() if not line.startswith("admin ")]
    last = caller.call("GET", "/healthz").headers["x-request-id"]
    collector.wait_for(lambda span: attributes_of(span).get("request.id") == last)
    places = {
        "log": "\n".join(log),
        "problems": "\n".join(caller.problems),
        "metrics": metrics.text,
        "spans": "\n".join(str(request) for request in collector.requests()),
        "reports": "\n".join(answer.text for answer in tables.values()),
    }
    leaks = [
        (place, word[:40])
        for place, text in places.items()
        for word in (*canaries.made, *secrets, key, METRICS_TOKEN)
        # Leads are of organisations, and name them.
        if word in text and not (place == "reports" and word.endswith("organization"))
    ]
    typed_again = "\n".join(caller.pages)
    opening = [word for word in canaries.made if word.endswith(("password", "token", "signincode"))]
    leaks += [("pages", word) for word in (*opening, *secrets, key) if word in typed_again]
    assert len(canaries.made) > 1000
    assert leaks == []
    assert [line for line in log if line.startswith("{")]
    for line in log:
        if line.startswith("{"):
            json.loads(line)


def new_key(folder: Path) -> str:
    """A key that may do all that keys may, made as an operator makes it."""
    scopes = [word for scope in sorted(set(Permission) - FOR_PERSONS_ONLY) for word in ("--scope", scope)]
    made = subprocess.run(
        [sys.executable, "-m", "licensing", "api-keys", "new", "CRM", *scopes, "--days", "3", "--json"],
        env={**os.environ, "LICENSING_DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(made.stdout)["key"])
