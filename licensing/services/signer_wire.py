"""What a server and its signer say to each other over a Unix socket, and the server's end of it.

A request is four bytes of length (big-endian), then `<kid> LF <what is to be signed>`; without a `kid` it asks whether
the signer is there. An answer is one letter, four bytes of length, and the signature or a sentence: `S` signed,
`R` refused, `B` busy, try again.
"""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

from cryptography.exceptions import InvalidSignature

from licensing.core.errors import Busy, KeyUnusable
from licensing.core.keys import WorkingKey, load_public_key

SIGNED, REFUSED, BUSY = b"S", b"R", b"B"
MAX_REQUEST = 1_100_000
"""A revoked list of the longest, and its name."""
PATIENCE_SECONDS = 5.0
_HEAD = 4


def receive(connection: socket.socket, size: int) -> bytes:
    """Exactly `size` bytes; raises ConnectionError when the other end is gone."""
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise ConnectionError("the other end closed the connection")
        parts += part
    return bytes(parts)


def receive_request(connection: socket.socket) -> tuple[str, bytes]:
    """The `kid` and what is to be signed; raises ConnectionError for whatever is no request."""
    size = int.from_bytes(receive(connection, _HEAD), "big")
    if size > MAX_REQUEST:
        raise ConnectionError("the request is too long")
    kid, separator, data = receive(connection, size).partition(b"\n")
    if not separator:
        raise ConnectionError("the request names no key")
    return kid.decode("ascii", "replace"), data


def send_answer(connection: socket.socket, kind: bytes, content: bytes) -> None:
    connection.sendall(kind + len(content).to_bytes(_HEAD, "big") + content)


class _Connection:
    """A socket of one process, closed with its owner: its thread, or the line."""

    def __init__(self, path: Path) -> None:
        self.process = os.getpid()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(str(path))

    def __del__(self) -> None:
        self.socket.close()


class SignerLine:
    """A thread's connection to the signer, made when it is needed and again when it broke."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = threading.local()

    def ask(self, kid: str, data: bytes) -> bytes:
        """What the signer answers; raises Busy when it is away or has too much to do, KeyUnusable when it refuses."""
        request = f"{kid}\n".encode("ascii") + data
        message = len(request).to_bytes(_HEAD, "big") + request
        kind, content = self._exchange(message)
        if kind == SIGNED:
            return content
        said = content.decode("utf-8", "replace")
        raise Busy(f"The signer is busy: {said}") if kind == BUSY else KeyUnusable(f"The signer refuses: {said}")

    def _exchange(self, message: bytes) -> tuple[bytes, bytes]:
        """One question and its answer; asked twice when the connection that was kept had broken meanwhile.

        Asking again is harmless: Ed25519 signs the same bytes with the same signature.
        """
        kept = self._connection()
        try:
            return self._over(kept or self._connect(), message)
        except OSError as error:
            self._drop()
            if kept is None:
                raise Busy(f"The signer at {self._path} is away ({error}); nothing is issued meanwhile.") from error
        return self._exchange(message)

    def _over(self, connection: socket.socket, message: bytes) -> tuple[bytes, bytes]:
        connection.sendall(message)
        head = receive(connection, 1 + _HEAD)
        return head[:1], receive(connection, min(int.from_bytes(head[1:], "big"), MAX_REQUEST))

    def _connection(self) -> socket.socket | None:
        """The connection of this thread in this process: a fork must not speak on its parent's."""
        kept: _Connection | None = getattr(self._kept, "connection", None)
        return kept.socket if kept is not None and kept.process == os.getpid() else None

    def _connect(self) -> socket.socket:
        self._kept.connection = fresh = _Connection(self._path)
        return fresh.socket

    def _drop(self) -> None:
        self._kept.connection = None


class RemoteSigner:
    """Signs with one key that the signer has. No signature leaves here that the published key does not verify."""

    def __init__(self, line: SignerLine, key: WorkingKey) -> None:
        self._line = line
        self._kid = key.kid
        self._public = load_public_key(key.x)

    def sign(self, data: bytes, /) -> bytes:
        """The signature; raises Busy while the signer is away, KeyUnusable when it refuses or signs wrongly."""
        signature = self._line.ask(self._kid, data)
        try:
            self._public.verify(signature, data)
        except InvalidSignature as error:
            raise KeyUnusable(f"The signer did not sign with the key published as {self._kid}.") from error
        return signature
