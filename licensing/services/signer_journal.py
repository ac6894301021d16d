"""The signer's own record of what it signed: a file that is only appended to, out of the server's reach.

A line a signature of licenses, revoked lists and checkpoints: time, `kid`, SHA-256 of what was signed
(a license's is also in its leaf of the ledger), and SHA-256 of the line before, so that
no line can go or change alone. Leases are counted, a line a minute.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from licensing.core.errors import Busy

_START = "0" * 64
_TAIL_BYTES = 4_096


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
