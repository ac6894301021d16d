"""The offline half of a client, as a program: nothing but `licensing.verifier` and the standard library.

It reads a JSON request a line and writes a JSON answer a line. All it knows from one request to the next stands in the
memory file that the request names: the newest license file, the key statement and revoked list of the highest `seq`,
the last lease, the newest verified `iat`, and since when it has been over its seats.
"""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from licensing.verifier import (
    Keyring,
    Lease,
    RevokedList,
    Unauthentic,
    evaluate,
    open_license_file,
    open_statement,
    read_root,
    verify_lease,
    verify_revoked,
)


class Client:
    """One client with its memory. Nothing is remembered that did not verify."""

    def __init__(self, memory: Path) -> None:
        self._path = memory
        self._memory: dict[str, Any] = json.loads(memory.read_text("utf-8"))
        self._roots = [read_root(self._memory["root"])]

    def install(self, file: str) -> str:
        """A license file came by mail or by hand. The license token to check in with, from now on."""
        opened = open_license_file(file, self._roots, keyring=self._keyring(), revoked=self._revoked())
        parts = json.loads(file)
        self.learn_keys(parts["keys"])
        if parts.get("revoked") is not None:
            self.learn_revoked(parts["revoked"])
        if opened.license.seq >= self._memory.get("license_seq", 0):
            self._keep(opened.license.iat, file=file, license_seq=opened.license.seq)
        return str(json.loads(self._memory["file"])["license"])

    def learn(self, answer: dict[str, Any]) -> str:
        """A check-in was answered. The license token to check in with, from now on."""
        self.learn_keys(answer["keys"])
        file = json.dumps(answer["license_file"]) if "license_file" in answer else None
        token = self.install(file) if file is not None else str(json.loads(self._memory["file"])["license"])
        keyring = self._keyring()
        if keyring is not None:
            lease = verify_lease(answer["lease"], keyring.headers)
            self._keep(lease.iat, lease=answer["lease"])
        return token

    def learn_keys(self, statement: str) -> None:
        """A key statement; an older one than the last is not kept."""
        fresh, held = open_statement(statement, self._roots), self._keyring()
        if held is None or fresh.seq > held.seq:
            self._keep(fresh.iat, keys=statement)

    def learn_revoked(self, revoked: str) -> None:
        """A revoked list, likewise."""
        keyring, held = self._keyring(), self._revoked()
        if keyring is None:
            return
        fresh = verify_revoked(revoked, keyring.headers)
        if held is None or fresh.seq > held.seq:
            self._keep(fresh.iat, revoked=revoked)

    def judge(self, nodes: int, fsid: str, now: str) -> dict[str, Any]:
        """What the license is worth at `now`, by what is remembered; the start of an excess is remembered, too."""
        memory, keyring = self._memory, self._keyring()
        opened = open_license_file(memory["file"], self._roots, keyring=keyring, revoked=self._revoked())
        over_since, newest_iat = memory.get("over_since"), memory["newest_iat"]
        known = opened.circumstances(fsid, over_since=over_since, newest_iat=newest_iat)
        verdict = evaluate(opened.license, self._lease(opened.keyring), nodes, datetime.fromisoformat(now), known)
        self._keep(newest_iat, over_since=verdict.over_since)
        return {"code": verdict.code, "restricted": verdict.restricted, "warnings": list(verdict.warnings)}

    def _keyring(self) -> Keyring | None:
        statement = self._memory.get("keys")
        return None if statement is None else open_statement(statement, self._roots)

    def _revoked(self) -> RevokedList | None:
        keyring, revoked = self._keyring(), self._memory.get("revoked")
        return None if keyring is None or revoked is None else verify_revoked(revoked, keyring.headers)

    def _lease(self, keyring: Keyring) -> Lease | None:
        lease = self._memory.get("lease")
        return None if lease is None else verify_lease(lease, keyring.headers)

    def _keep(self, iat: int, **changes: object) -> None:
        newest_iat = max(iat, self._memory.get("newest_iat", 0))
        self._memory = {**self._memory, **changes, "newest_iat": newest_iat}
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(self._memory), "utf-8")
        fresh.replace(self._path)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The answer to one request: `do` names the deed, the rest are its arguments."""
    client, deed = Client(Path(request.pop("memory"))), request.pop("do")
    try:
        return {"done": getattr(client, deed)(**request)}
    except Unauthentic as error:
        return {"refused": error.reason}


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(f"{json.dumps(answer(json.loads(line)))}\n")
        sys.stdout.flush()
