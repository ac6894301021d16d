"""What an act has in hand: the clock, the server, the clients, and the diary in which every step is compared."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from licensing.core.encoding import unb64url
from tests.support.worlds import FSID, UID, checkin, nodes
from tests.years.diary import AGREED, Diary
from tests.years.offline import OfflineClient
from tests.years.server import Server

BEGINNING = datetime(2026, 1, 15, 12, tzinfo=UTC)


def spelled(document: dict[str, Any]) -> str:
    """An answer as the diary spells it."""
    return " ".join([document["code"], *(["restricted"] if document["restricted"] else []), *document["warnings"]])


@dataclass(slots=True)
class Play:
    """The stage. Time only goes forward."""

    server: Server
    client: OfflineClient
    diary: Diary
    folder: Path
    now: datetime = BEGINNING
    clients: dict[str, Dcc] = field(default_factory=dict)
    """Who was given a license file, by name: an act goes on with the clients of the act before."""

    def at(self, moment: str) -> None:
        """It is `moment` (UTC), for the server and for everyone."""
        now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
        if now < self.now:
            raise ValueError(f"{now} was before {self.now}")
        self.now = now
        self.server.set_clock(now)

    def dcc(self, name: str, file: str, fsid: str = FSID, uid: str = UID) -> Dcc:
        """A client that was given a license file."""
        memory = self.folder / f"{name}.memory"
        memory.write_text(json.dumps({"root": json.loads((self.server.data / "keys/root.jwk").read_text())}))
        dcc = self.clients[name] = Dcc(self, memory, fsid, uid)
        dcc.install(file)
        return dcc

    def license_file(self, *words: str) -> tuple[str, str]:
        """Id and file of the license that the command `licenses …` issues."""
        out = self.folder / "issued.json"
        return self.server.cli("licenses", *words, "--out", str(out))["license_id"], out.read_text("utf-8")

    def compare(
        self, event: str, offline: str, server: str, expected: str, on_server: str | None = None, row: str = AGREED
    ) -> None:
        """Client and server answered as expected; where the server answers otherwise, the row that allows it."""
        self.diary.compare(self.now, event, (offline, server), (expected, on_server or expected), row)

    def fact(self, event: str, *, holds: bool) -> None:
        """Something that must be true beside the answers."""
        self.diary.fact(self.now, event, holds=holds)


@dataclass(slots=True)
class Dcc:
    """One Data Control Center: its memory on disk, and the token it shows."""

    play: Play
    memory: Path
    fsid: str
    uid: str
    token: str = ""

    def file(self) -> str:
        """The license file that it holds."""
        return str(json.loads(self.memory.read_text("utf-8"))["file"])

    def claims(self) -> dict[str, Any]:
        """What its token says, whoever signed it."""
        claims: dict[str, Any] = json.loads(unb64url(self.token.split(".")[1]))
        return claims

    def license_id(self) -> str:
        return str(self.claims()["koor"]["lid"])

    def install(self, file: str) -> None:
        """Somebody put a license file into the cluster."""
        self.token = self._told(do="install", file=file)

    def fetch_revoked(self) -> None:
        """It read the revoked list."""
        self._told(do="learn_revoked", revoked=self.play.server.get("/v1/revoked")[1])

    def fetch_keys(self) -> None:
        """It read the key statement."""
        self._told(do="learn_keys", statement=self.play.server.get("/.well-known/koor-keys")[1])

    def judge(self, count: int, at: datetime | None = None) -> str:
        """Its own answer for `count` nodes, by its own clock."""
        now = (at or self.play.now).isoformat()
        answer = self.play.client.ask(memory=str(self.memory), do="judge", nodes=count, fsid=self.fsid, now=now)
        return f"UNAUTHENTIC {answer['refused']}" if "refused" in answer else spelled(answer["done"])

    def validate(self, count: int) -> str:
        """The server's answer to somebody else who asks for this license and cluster; the client learns nothing."""
        body = {"license": self.token, "nodes": count, "fsid": self.fsid}
        return self._answered(*self.play.server.post("/v1/validate", body))

    def check_in(self, count: int, *, learn: bool = True) -> str:
        """The server's answer to its check-in. Without `learn` the answer gets lost on its way."""
        body = checkin(nodes(count), fsid=self.fsid, uid=self.uid)
        status, document = self.play.server.post("/v1/checkins", body, self.token)
        if learn and status == 200:
            self.token = self._told(do="learn", answer=document)
        return self._answered(status, document)

    def alone(self, count: int, event: str, expected: str, on_server: str | None = None, row: str = AGREED) -> None:
        """A step without a check-in: its own answer beside what the server would say."""
        self.play.compare(event, self.judge(count), self.validate(count), expected, on_server, row)

    def unheard(self, count: int, event: str, expected: str, on_server: str | None = None, row: str = AGREED) -> None:
        """A step before its check-in is answered: its own answer beside the one that is coming."""
        self.play.compare(event, self.judge(count), self.check_in(count, learn=False), expected, on_server, row)

    def online(self, count: int, event: str, expected: str, on_server: str | None = None, row: str = AGREED) -> None:
        """A step with a check-in: the server's answer beside its own, once it has heard it."""
        server = self.check_in(count)
        self.play.compare(event, self.judge(count), server, expected, on_server, row)

    def _told(self, **request: object) -> str:
        answer = self.play.client.ask(memory=str(self.memory), **request)
        if "refused" in answer:
            raise RuntimeError(f"the client refused to {request['do']}: {answer['refused']}")
        return str(answer["done"])

    @staticmethod
    def _answered(status: int, document: dict[str, Any]) -> str:
        return spelled(document) if status == 200 else f"{document['code']} {document.get('reason', status)}"
