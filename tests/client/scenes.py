"""A vendor with a running server, and a cluster's site with a client: Python's or Go's, told the same things."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from licensing.client.client import Client
from licensing.client.clusters import Cluster
from licensing.client.face import GATED
from licensing.client.state import StoreAway
from licensing.client.system import ClientSystem
from licensing.core.callers import OPERATOR
from licensing.services.license_files import as_text
from licensing.storage import keyfiles
from tests.support.servers import RunningServer, free_port, running_server
from tests.support.worlds import FSID, UID, World

ALLOWED = dict.fromkeys(GATED, True)
RESTRICTED = dict.fromkeys(GATED, False)


class Driver(Protocol):
    """A client, told what its cluster looks like and what time it is. A call is over when all that is due is done."""

    def nodes(self, nodes: list[str]) -> dict[str, Any]: ...
    def cluster(self, fsid: str, kube_system_uid: str) -> dict[str, Any]: ...
    def clock(self, now: datetime) -> dict[str, Any]: ...
    def advance(self, seconds: int) -> dict[str, Any]: ...
    def check_in(self) -> dict[str, Any]: ...
    def status(self) -> dict[str, Any]: ...
    def request(self) -> dict[str, Any]: ...
    def stop(self) -> None: ...


@dataclass(slots=True)
class MemoryStore:
    """A state that outlives its client; `away` for a store that nobody can reach."""

    document: bytes | None = None
    away: bool = False
    saved: list[bytes] = field(default_factory=list)

    def load(self) -> bytes | None:
        if self.away:
            raise StoreAway("away")
        return self.document

    def save(self, document: bytes, /) -> None:
        if self.away:
            raise StoreAway("away")
        self.document = document
        self.saved.append(document)


@dataclass(slots=True)
class FolderlessStore:
    """A state in one file, as the Go client's test program keeps it."""

    path: Path

    def load(self) -> bytes | None:
        return self.path.read_bytes() if self.path.exists() else None

    def save(self, document: bytes, /) -> None:
        self.path.write_bytes(document)


class PythonDriver:
    """`licensing.client` with a clock of its own."""

    def __init__(self, file: Path, server: str | None, root: Path, store: Path, now: datetime) -> None:
        self._now, self._monotonic = now, 0.0
        self._nodes: list[str] = []
        self._cluster = Cluster(FSID, UID, "production", "0.6.0")
        self.client = Client(
            file=file,
            server=server,
            roots=[keyfiles.read_root_file(root)],
            nodes=lambda: self._nodes,
            cluster=lambda: self._cluster,
            store=FolderlessStore(store),
            system=ClientSystem(now=lambda: self._now, monotonic=lambda: self._monotonic),
        )

    def nodes(self, nodes: list[str]) -> dict[str, Any]:
        self._nodes = nodes
        return self.status()

    def cluster(self, fsid: str, kube_system_uid: str) -> dict[str, Any]:
        self._cluster = Cluster(fsid, kube_system_uid, "production", "0.6.0")
        return self.status()

    def clock(self, now: datetime) -> dict[str, Any]:
        self._now = now
        return self.advance(60)

    def advance(self, seconds: int) -> dict[str, Any]:
        start, until, left = self._now, self._now + timedelta(seconds=seconds), float(seconds)
        shortest = max(0.001, seconds / 100)
        while left > 0:
            pause = min(max(self.client.step(), shortest), left)
            left -= pause
            self._monotonic += pause
            self._now = start + timedelta(seconds=int(seconds - left))
        self._now = until
        self.client.step()
        return self.status()

    def check_in(self) -> dict[str, Any]:
        self.client.check_in_soon()
        self.client.step()
        self.client.step()
        return self.status()

    def status(self) -> dict[str, Any]:
        verdict, license, counts = self.client.status(), self.client.license(), self.client.counts()
        said = {} if verdict is None else {name: getattr(verdict, name) for name in ("restricted", "seats", "granted")}
        return {
            "code": "NONE" if verdict is None else verdict.code,
            **said,
            "warnings": [] if verdict is None else list(verdict.warnings),
            "allows": {action: self.client.allows(action) for action in GATED},
            "lid": None if license is None else license.lid,
            "seq": None if license is None else license.seq,
            "checkins": counts.checkins,
            "failures": counts.failures,
            "last_failure": counts.last_failure,
        }

    def request(self) -> dict[str, Any]:
        return dict(json.loads(self.client.request()))

    def stop(self) -> None:
        """The process is over: nothing is told to anybody."""


class GoDriver:
    """The Go manager in a process of its own."""

    def __init__(self, program: Path, file: Path, server: str | None, root: Path, store: Path, now: datetime) -> None:
        words = [str(program), "-file", str(file), "-server", server or "", "-roots", str(root), "-store", str(store)]
        words += ["-now", str(int(now.timestamp()))]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.cluster(FSID, UID)

    def nodes(self, nodes: list[str]) -> dict[str, Any]:
        return self._tell(do="nodes", nodes=nodes)

    def cluster(self, fsid: str, kube_system_uid: str) -> dict[str, Any]:
        return self._tell(do="cluster", fsid=fsid, kube_system_uid=kube_system_uid, production=True)

    def clock(self, now: datetime) -> dict[str, Any]:
        return self._tell(do="clock", now=int(now.timestamp()))

    def advance(self, seconds: int) -> dict[str, Any]:
        return self._tell(do="advance", seconds=seconds)

    def check_in(self) -> dict[str, Any]:
        return self._tell(do="checkin")

    def status(self) -> dict[str, Any]:
        return self._tell(do="status")

    def request(self) -> dict[str, Any]:
        return self._tell(do="request")

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.communicate(json.dumps({"do": "stop"}) + "\n", timeout=30)
        assert self._process.returncode == 0

    def _tell(self, **command: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()
        return dict(json.loads(self._process.stdout.readline()))


@dataclass(slots=True)
class Scene:
    """The vendor's book and running server, and whoever has a client. Time passes for all of them."""

    vendor: World
    folder: Path
    program: Path | None = None
    port: int = field(default_factory=free_port)
    running: ExitStack = field(default_factory=ExitStack)
    drivers: list[Driver] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def clock_file(self) -> Path:
        return self.vendor.house.settings.data_dir / "clock"

    def serve(self) -> None:
        """The vendor's server answers."""
        self._write_clock()
        self.running.enter_context(self._server())

    def go_away(self) -> None:
        """The vendor's server is gone."""
        self.running.close()

    def advance(self, **duration: float) -> dict[str, Any]:
        """Time passes, six hours at a time; what the first client says then."""
        left = int(timedelta(**duration).total_seconds())
        while left:
            piece = min(left, 6 * 3_600)
            left -= piece
            self.vendor.clock.advance(seconds=piece)
            self._write_clock()
            for driver in self.drivers:
                driver.advance(piece)
        return self.drivers[0].status()

    def put(self, license_id: str, name: str = "site") -> Path:
        """The license's newest file lies where a client looks."""
        path = self.folder / f"{name}.json"
        fresh = path.with_suffix(".new")
        fresh.write_text(as_text(self.vendor.house.licenses.file(OPERATOR, license_id)))
        fresh.replace(path)
        return path

    def client(self, name: str = "site", nodes: list[str] | None = None, *, server: bool = True) -> Driver:
        """A client whose file is `name`.json and whose state is `name`.state, started now, with its first check-in."""
        root, now = self.vendor.house.settings.keys_dir / "root.jwk", self.vendor.clock.time
        file, store, url = self.folder / f"{name}.json", self.folder / f"{name}.state", self.url if server else None
        driver: Driver
        if self.program is None:
            driver = PythonDriver(file, url, root, store, now)
        else:
            driver = GoDriver(self.program, file, url, root, store, now)
        driver.nodes(nodes or [])
        driver.advance(120)
        self.drivers.append(driver)
        return driver

    def restart(self, driver: Driver, name: str = "site", nodes: list[str] | None = None) -> Driver:
        """The client's process ends, and another begins with what is left of it."""
        driver.stop()
        self.drivers.remove(driver)
        return self.client(name, nodes)

    def close(self) -> None:
        for driver in self.drivers:
            driver.stop()
        self.running.close()

    @contextmanager
    def _server(self) -> Iterator[RunningServer]:
        settings = self.vendor.house.settings
        with running_server(
            settings.data_dir,
            port=str(self.port),
            workers="1",
            database_url=settings.database_url,
            public_url=settings.public_url,
            clock_file=str(self.clock_file),
            mail_url=settings.mail_url,
        ) as server:
            yield server

    def _write_clock(self) -> None:
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(self.vendor.clock.time.isoformat())
        fresh.replace(self.clock_file)
