"""Puts the signer together: a process of its own that has the private keys, and answers on a Unix socket.

It imports neither Flask nor SQLAlchemy nor anything of the web. Who may ask is decided by the
user that the kernel names as the other end (SO_PEERCRED, unix(7)).
"""

from __future__ import annotations

import logging
import os
import socket
import struct
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingMixIn, UnixStreamServer

from licensing.core.errors import Busy, Refusal, SetupRefused
from licensing.services.signer_desk import SignerDesk
from licensing.services.signer_wire import BUSY, REFUSED, SIGNED, receive_request, send_answer

log = logging.getLogger(__name__)
_CREDENTIALS = struct.Struct("3i")
"""`struct ucred`: process, user, group."""


class SignerServer(ThreadingMixIn, UnixStreamServer):
    """Listens at `path`; a thread a connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, path: Path, desk: SignerDesk, users: Collection[int]) -> None:
        """Raises SetupRefused when the socket can't be made, or another signer listens there."""
        self.desk = desk
        self.users = frozenset(users) | {os.getuid()}
        self.under_way: set[socket.socket] = set()
        _clear(path)
        before = os.umask(0o177)
        try:
            super().__init__(str(path), _Conversation)
        except OSError as error:
            raise SetupRefused(f"The signer can't listen at {path}: {error.strerror}.") from error
        finally:
            os.umask(before)
        if len(self.users) > 1:
            path.chmod(0o666)  # the kernel names who asks, below; the folder's own rights come first

    def server_close(self) -> None:
        """Nobody is answered any more."""
        super().server_close()
        for connection in list(self.under_way):
            with suppress(OSError):  # the other end was faster
                connection.shutdown(socket.SHUT_RDWR)

    def verify_request(self, request: object, client_address: object) -> bool:
        """Whether the user at the other end may ask."""
        connection = request if isinstance(request, socket.socket) else None
        user = None if connection is None else peer(connection)
        if user in self.users:
            return True
        log.warning("refused a connection of user %s", user)
        return False


class _Conversation(BaseRequestHandler):
    server: SignerServer

    def handle(self) -> None:
        """Answers until the other end goes."""
        self.server.under_way.add(self.request)
        try:
            while True:
                kid, data = receive_request(self.request)
                send_answer(self.request, *_answer(self.server.desk, kid, data))
        except OSError:
            return
        finally:
            self.server.under_way.discard(self.request)


def peer(connection: socket.socket) -> int:
    """The user at the other end, as the kernel knows it."""
    told = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    user: int = _CREDENTIALS.unpack(told)[1]
    return user


def _answer(desk: SignerDesk, kid: str, data: bytes) -> tuple[bytes, bytes]:
    if not kid:
        return SIGNED, b""
    try:
        return SIGNED, desk.sign(kid, data)
    except Busy as refusal:
        log.warning("busy: %s", refusal.detail)
        return BUSY, refusal.detail.encode()
    except Refusal as refusal:
        log.warning("refused to sign with %s: %s", kid if kid.isprintable() else "?", refusal.detail)
        return REFUSED, refusal.detail.encode()


def _clear(path: Path) -> None:
    """A socket that nobody listens at is gone."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        try:
            trial.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise SetupRefused(f"A signer listens at {path} already.")
