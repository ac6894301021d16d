"""A vendor, and a site without a way to it: what one has for the other is carried as a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from licensing.core.callers import OPERATOR
from licensing.core.keys import Keyring, open_statement
from licensing.core.relays import RelayKey
from licensing.services.license_files import as_text
from licensing.storage import keyfiles
from licensing.verifier import OpenedFile, open_license_file
from tests.support.servers import RunningServer, running_server
from tests.support.worlds import UID, World, checkin

SECOND_FSID = "22222222-2222-4222-8222-222222222222"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: Any


@dataclass(frozen=True, slots=True)
class Site:
    """A customer's site: its folder, and the vendor's world for what is carried between them."""

    vendor: World
    folder: Path

    @property
    def source(self) -> Path:
        """Where the vendor's files are put."""
        return self.folder.parent / "site-license.json"

    @property
    def root(self) -> Path:
        return self.vendor.house.settings.keys_dir / "root.jwk"

    @property
    def serve(self) -> tuple[str, ...]:
        return "relay", "--license", str(self.source), "--root", str(self.root)

    def settings(self) -> dict[str, str]:
        self.folder.mkdir(parents=True, exist_ok=True)
        return {"workers": "2", "clock_file": str(self.clock())}

    def clock(self) -> Path:
        """The site's clock, at the vendor's time."""
        clock = self.folder / "clock"
        clock.write_text(self.vendor.clock.time.isoformat())
        return clock

    def run(self, *words: str, **settings: str | None) -> subprocess.CompletedProcess[str]:
        """Runs a command at the site, in a process of its own; a setting that is None is not set."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LICENSING_")}
        values = {"data_dir": str(self.folder), "bind": "127.0.0.1:1", **self.settings(), **settings}
        environment |= {f"LICENSING_{name.upper()}": value for name, value in values.items() if value is not None}
        command = [sys.executable, "-m", "licensing", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    def new_key(self) -> RelayKey:
        """A new key of the relay."""
        made = self.run("relay", "key", "--out", str(self.folder / "site.jwk"))
        assert made.returncode == 0, made.stderr
        return keyfiles.read_relay_file(self.folder / "site.jwk")

    def carry(self, license_id: str) -> OpenedFile:
        """The license's newest file is at the site."""
        text = as_text(self.vendor.house.licenses.file(OPERATOR, license_id))
        fresh = self.source.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(self.source)
        return open_license_file(text, [keyfiles.read_root_file(self.root)])

    @contextmanager
    def running(self) -> Iterator[Relay]:
        """The relay, as the site runs it."""
        with running_server(self.folder, command=self.serve, **self.settings()) as server:
            yield Relay(server)


@dataclass(frozen=True, slots=True)
class Relay:
    """A running relay, spoken to over HTTP."""

    server: RunningServer

    def call(self, method: str, path: str, body: object = None, token: str | None = None) -> Answer:
        headers = {} if body is None else {"Content-Type": "application/json"}
        headers |= {} if token is None else {"Authorization": f"Bearer {token}"}
        with closing(self.server.connect()) as connection:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            data = response.read()
            kind = response.headers.get_content_type()
        return Answer(response.status, json.loads(data) if kind.endswith("json") else data.decode())

    def check_in(self, token: str, nodes: Sequence[str], fsid: str, uid: str = UID) -> dict[str, Any]:
        """The answer to a check-in that is answered."""
        answer = self.call("POST", "/v1/checkins", checkin(nodes, fsid=fsid, uid=uid), token)
        assert answer.status == 200, answer.body
        return dict(answer.body)


def keyring_of(answer: dict[str, Any], root: Path) -> Keyring:
    """The keys that come with an answer."""
    return open_statement(answer["keys"], [keyfiles.read_root_file(root)])
