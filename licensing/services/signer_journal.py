"""The signer's own record of what it signed: a file that is only appended to, out of the server's reach.

A line a signature of licenses, revoked lists and checkpoints: time, `kid`, SHA-256 of what was signed
(a license's is also in its leaf of the ledger), and SHA-256 of the line before, so that
no line can go or change alone (`licensing ledger audit --journal` looks). Leases are counted, a line a minute.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from licensing.core.errors import Busy, KeyUnusable

_START = "0" * 64
_TAIL_BYTES = 4_096
_LINE = re.compile(rb"([0-9]{1,12}) ([!-~]{1,80}) ([0-9a-f]{64}|count=[0-9]{1,12}) ([0-9a-f]{64})\n")


class Line(NamedTuple):
    """A signature: `number` counts lines from 1, `signed` is the SHA-256 of what was signed, in hex."""

    number: int
    seconds: int
    kid: str
    signed: str


@dataclass(slots=True)
class Journal:
    """What a journal's file says. `broken` are the places where its chain is."""

    name: str
    lines: list[Line] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)


def read_journal(path: Path) -> Journal:
    """The journal in the file; raises KeyUnusable when it can't be read.

    A line that says nothing was cut off in a crash, before its signature left: the chain goes on after it. The last one
    may be being written.
    """
    journal, last = Journal(path.name), _START
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if (parsed := _LINE.fullmatch(line)) is not None:
                    seconds, kid, signed, before = (group.decode() for group in parsed.groups())
                    journal.lines.append(Line(number, int(seconds), kid, signed))
                    if before != last:
                        journal.broken.append(f"{path.name}:{number}: does not follow the line before")
                last = hashlib.sha256(line.removesuffix(b"\n")).hexdigest()
    except OSError as error:
        raise KeyUnusable(f"The signer's journal {path} can't be read: {error.strerror}.") from error
    return journal


class SignerJournal:
    """Appends lines; one process writes, under its own lock."""

    def __init__(self, path: Path) -> None:
        """Goes on after the last line there; raises OSError when the file can't be written."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        size = os.fstat(self.descriptor).st_size
        tail = os.pread(self.descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        if tail and not tail.endswith(b"\n"):  # a crash within a line, whose signature never left
            os.write(self.descriptor, b"\n")
            tail += b"\n"
        lines = tail.splitlines()
        self._last = hashlib.sha256(lines[-1]).hexdigest() if lines else _START

    def append(self, seconds: int, kid: str, what: str) -> None:
        """The line is on the disk; raises Busy when it can't be, and then nothing may be signed."""
        line = f"{seconds} {kid} {what} {self._last}".encode("ascii")
        try:
            if os.write(self.descriptor, line + b"\n") != len(line) + 1:
                raise OSError("the line was cut off")
            os.fsync(self.descriptor)
        except OSError as error:
            raise Busy(f"the journal can't be written ({error.strerror or error})") from error
        self._last = hashlib.sha256(line).hexdigest()
