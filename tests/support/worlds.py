"""A world: one house on a database of its own, a clock that the test sets, and the people who talk to it."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.datastructures import Headers
from werkzeug.test import TestResponse

from licensing.bootstrap import House, build
from licensing.core.callers import OPERATOR, SEAT_LIMIT
from licensing.core.sales import Term
from licensing.core.standings import Standing
from licensing.services.deeds import Done
from licensing.services.organizations import Person
from licensing.settings import DEVELOPMENT, Settings
from licensing.storage import staff
from licensing.storage.schema import METADATA
from licensing.system import System
from licensing.web.access import SAFE_METHODS, SESSION_COOKIE
from licensing.web.app import create_app

ORIGIN = "https://licenses.example.com"
START = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)
FSID = "8b3c1f5e-5f3a-4d0e-9a55-0e6f0b7f2d11"
OTHER_FSID = "11111111-2222-4333-8444-555555555555"
UID = "6d0f2f0c-52a1-4bd6-9f57-2b0c7a3f1c11"
OTHER_UID = "0c9a5a36-1111-4222-8333-944455556666"


@dataclass(slots=True)
class Clock:
    """A clock that stands still until it is moved."""

    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **duration: float) -> None:
        """Moves on by a timedelta's keywords: `advance(days=7)`."""
        self.time += timedelta(**duration)


@dataclass(frozen=True, slots=True)
class World:
    """A house and the client to talk to it."""

    house: House
    client: FlaskClient
    clock: Clock

    def post(self, path: str, body: object, **headers: str) -> TestResponse:
        return self.client.post(path, json=body, headers=_spelled(headers))

    def register(self, email: str = "jane@acme.example", **changes: object) -> TestResponse:
        """Registers Jane of Acme for a trial, or whom the changes make of her."""
        return self.post("/v1/trials", registration(email=email, **changes))

    def confirm(self, **body: object) -> TestResponse:
        """Confirms with the body given, or with the link of the newest mail that has one."""
        return self.post("/v1/trials/confirm", body or {"token": self.link_token()})

    def trial(self, email: str = "jane@acme.example", **changes: object) -> dict[str, Any]:
        """The confirmed trial of a fresh registration: the API's answer."""
        assert self.register(email, **changes).status_code == 202
        answer = self.confirm()
        assert answer.status_code == 201, answer.text
        return dict(answer.get_json())

    def check_in(
        self, license: str, nodes: Sequence[str], *, fsid: str = FSID, uid: str = UID, **changes: object
    ) -> TestResponse:
        """Checks in a cluster with a license token."""
        return self.post(
            "/v1/checkins", checkin(nodes, fsid=fsid, uid=uid, **changes), authorization=f"Bearer {license}"
        )

    def release(self, license: str, fsid: str = FSID, **headers: str) -> TestResponse:
        return self.client.delete(
            f"/v1/clusters/{fsid}", headers=_spelled({"authorization": f"Bearer {license}", **headers})
        )

    def mails(self) -> list[EmailMessage]:
        """The mails sent so far, oldest first; what is due leaves now."""
        self.house.outbox.deliver_due()
        folder = self.house.settings.data_dir / "mail"
        return [read_mail(path) for path in sorted(folder.glob("*.eml"))]

    def link_token(self) -> str:
        """The token in the newest mail that has a link."""
        tokens = [token for mail in self.mails() if (token := token_in(mail)) is not None]
        return tokens[-1]

    def code(self) -> str:
        """The code in the newest mail that has one."""
        codes = [code for mail in self.mails() for code in re.findall(r"^[A-Z]{4}-[A-Z]{4}$", body_of(mail), re.M)]
        return str(codes[-1])

    def sign_in(
        self, role: str, email: str | None = None, discount_limit: int = 0, seat_limit: int = SEAT_LIMIT
    ) -> Staffer:
        """A new person of that role, signed in with everything she owes."""
        now, id = self.clock(), self.house.system.new_id()
        with self.house.database.write() as session:
            address = email or f"{role}.{id[-8:]}@koor.example"
            staff.add(session, id, address, role, None, now, role.title(), discount_limit, seat_limit)
            secret = self.house.sign_in.open(session, id, True, now)
        return Staffer(f"staff:{id}", browser(self, secret))

    def again(self, staffer: Staffer) -> Staffer:
        """The same person, signed in anew: a session lives for hours, and tests skip days."""
        with self.house.database.write() as session:
            secret = self.house.sign_in.open(session, staffer.id.removeprefix("staff:"), True, self.clock())
        return Staffer(staffer.id, browser(self, secret))

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Every row of every table: equal before and after whatever changes nothing."""
        database = self.house.database
        with database.read() as session:
            names = sorted(table.name for table in METADATA.sorted_tables)
            return {
                name: sorted(map(tuple, session.execute(text(f"SELECT * FROM {name}"))), key=repr) for name in names
            }


class Browser(FlaskClient):
    """A client that says, as browsers do, which page a request comes from, and a new Idempotency-Key for each deed."""

    def open(self, *args: Any, buffered: bool = False, follow_redirects: bool = False, **options: Any) -> TestResponse:
        if options:
            headers = Headers(options.pop("headers", None) or {})
            headers.setdefault("Origin", ORIGIN)
            if options.get("method", "GET") not in SAFE_METHODS:
                headers.setdefault("Idempotency-Key", System().new_id())
            options["headers"] = headers
        return super().open(*args, buffered=buffered, follow_redirects=follow_redirects, **options)


def browser(world: World, secret: str | None = None) -> Browser:
    """A browser of its own, with the session whose secret is given."""
    app = world.house.app
    client = Browser(app, app.response_class, use_cookies=True)
    if secret is not None:
        client.set_cookie(SESSION_COOKIE, secret)
    return client


@dataclass(frozen=True, slots=True)
class Staffer:
    """A person of the staff at her browser. `id` is the caller's."""

    id: str
    client: Browser

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def post(self, path: str, body: object = None, key: str | None = None, **headers: str) -> TestResponse:
        return self._send("POST", path, body, key, headers)

    def patch(self, path: str, body: object = None, key: str | None = None, **headers: str) -> TestResponse:
        return self._send("PATCH", path, body, key, headers)

    def delete(self, path: str, body: object = None, key: str | None = None, **headers: str) -> TestResponse:
        return self._send("DELETE", path, body, key, headers)

    def _send(self, method: str, path: str, body: object, key: str | None, headers: dict[str, str]) -> TestResponse:
        spelled = _spelled(headers) if key is None else {**_spelled(headers), "Idempotency-Key": key}
        return self.client.open(path, method=method, json={} if body is None else body, headers=spelled)


def make_settings(folder: Path, database_url: str, **changes: Any) -> Settings:
    """The settings of a development server under `folder`."""
    values: dict[str, Any] = {
        "mode": DEVELOPMENT,
        "data_dir": folder,
        "database_url": database_url,
        "database_owner_url": None,
        "bind": "127.0.0.1:8080",
        "workers": 1,
        "log_format": None,
        "metrics_token_file": folder / "metrics-token",
        "otlp_url": None,
        "public_url": ORIGIN,
        "mail_url": f"file://{folder / 'mail'}",
        "mail_from": "Koor <licenses@koor.example>",
        "keys_dir": folder / "keys",
        "keys_passphrase_file": None,
        "signer": None,
        "clock_file": None,
        "checkpoint_copy": None,
        "postgres_bin": None,
        "webhook_secret_file": folder / "keys" / "webhook.secret",
        "webhook_networks": (ip_network("127.0.0.0/8"),),
        "knowledge_base_url": "https://kb.example.com",
        "community_url": "https://community.example.com",
        "terms_url": "https://koor.example/terms",
        "privacy_url": "https://koor.example/privacy",
        "proxies": 0,
        "oidc_issuer": None,
        "oidc_client_id": None,
        "oidc_client_secret_file": None,
    }
    return Settings(**{**values, **changes})


def make_world(settings: Settings) -> World:
    """A world on an installation that is set up."""
    clock = Clock()
    house = build(settings, System(clock))
    return World(house, create_app(house).test_client(), clock)


def sell(world: World, seats: int = 25, months: int = 12, **term: Any) -> Standing:
    """A paid license, sold to a new customer."""
    person = Person("it@buyer.example", "IT")
    with world.house.database.joined():
        buyer = world.house.organizations.create(OPERATOR, "Buyer AG", "DE", None, person)
        return standing(world.house.sales.sell(OPERATOR, buyer.id, Term(seats, months, **term), None))


def convert(world: World, license_id: str, term: Term) -> Standing:
    """The trial, converted by whoever has it."""
    organization_id = world.house.licenses.show(OPERATOR, license_id).standing.organization_id
    return standing(world.house.sales.convert(OPERATOR, license_id, organization_id, term, None))


def standing(done: Done) -> Standing:
    """Where the license stands after a deed that has one."""
    assert done.standing is not None
    return done.standing


def token_of(world: World, license_id: str) -> str:
    """The token of the license's newest issue."""
    return str(world.house.licenses.file(OPERATOR, license_id)["license"])


def registration(**changes: object) -> dict[str, object]:
    """The body of a good registration."""
    body: dict[str, object] = {
        "email": "jane@acme.example",
        "name": "Jane Doe",
        "organization": "Acme GmbH",
        "country": "DE",
        "expected_nodes": 4,
        "accept_terms": True,
    }
    return {**body, **changes}


def checkin(nodes: Sequence[str], *, fsid: str = FSID, uid: str = UID, **changes: object) -> dict[str, object]:
    """The body of a good check-in."""
    cluster = {"fsid": fsid, "kube_system_uid": uid, "name": "production", "dcc_version": "0.6.0"}
    return {"cluster": cluster, "nodes": list(nodes), "nonce": "n-1", **changes}


def nodes(count: int) -> list[str]:
    """`count` node names in bytewise order."""
    return [f"node-{number:04}" for number in range(count)]


def read_mail(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), EmailMessage, policy=email.policy.default)


def body_of(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    part = mail.get_body(("plain",))
    return "" if part is None else str(part.get_content())


def token_in(mail: EmailMessage) -> str | None:
    """The token of the link that stands alone on a line of a mail."""
    found = re.search(r"^https?://\S+[?&]token=([\w-]+)$", body_of(mail), re.M)
    return None if found is None else found[1]


def _spelled(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
