"""How a webhook's message leaves: to an address that was looked at, and to no other.

The name is resolved once, every address that it has must be allowed, and the connection goes to one of those: a name
that means another host a moment later (DNS rebinding) leads nowhere. TLS proves the host's name all the same. Neither
redirects nor proxies are followed.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cached_property
from threading import Timer

from licensing import __version__
from licensing.core.webhooks import Network, Target, is_allowed
from licensing.services.webhooks import NotDelivered

CONNECT_SECONDS = 5
SECONDS = 10
"""From the connection to the answer's headers, however slowly they trickle."""


class Poster:
    """Posts to targets on the internet, and in the networks `allowed`. Certificates are the machine's own, or those of
    SSL_CERT_FILE.
    """

    def __init__(self, allowed: Collection[Network]) -> None:
        self._allowed = tuple(allowed)

    def __call__(self, target: Target, headers: Mapping[str, str], body: bytes) -> int:
        """The status that the target answered; raises NotDelivered."""
        sent = {**headers, "user-agent": f"koor-licensing/{__version__}", "connection": "close"}
        try:
            with self._connected(target) as connection:
                connection.request("POST", target.path, body, sent)
                return connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            raise NotDelivered(f"{type(error).__name__} from {target.host}:{target.port}.") from error

    @cached_property
    def _context(self) -> ssl.SSLContext:
        """Read when it is first needed: the machine's certificates take 20 ms."""
        return ssl.create_default_context()

    @contextmanager
    def _connected(self, target: Target) -> Iterator[http.client.HTTPConnection]:
        connection = http.client.HTTPConnection(target.host, target.port)
        spoken = self._spoken(self._socket(target), target)
        timer = Timer(SECONDS, _cut, (spoken,))
        timer.daemon = True
        timer.start()
        try:
            if isinstance(spoken, ssl.SSLSocket):
                spoken.do_handshake()
            connection.sock = spoken
            yield connection
        finally:
            timer.cancel()
            spoken.close()

    def _spoken(self, plain: socket.socket, target: Target) -> socket.socket:
        """The connection as it will be spoken on. TLS has shaken no hands yet: that can take as long as an answer."""
        if not target.tls:
            return plain
        return self._context.wrap_socket(plain, server_hostname=target.host, do_handshake_on_connect=False)

    def _socket(self, target: Target) -> socket.socket:
        """A connection to one of the target's addresses, all of which are allowed."""
        try:
            found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NotDelivered(f"There is no host {target.host}.") from error
        addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
        refused = [address for address in addresses if not is_allowed(address, self._allowed)]
        if refused:
            raise NotDelivered(f"{target.host} is not on the internet, nor in LICENSING_WEBHOOK_NETWORKS.")
        for number, address in enumerate(addresses, 1):
            try:
                connected = socket.create_connection((address, target.port), CONNECT_SECONDS)
            except OSError:
                if number == len(addresses):
                    raise
            else:
                connected.settimeout(SECONDS)
                return connected
        raise NotDelivered(f"{target.host} has no address.")


def _cut(connection: socket.socket) -> None:
    """Whoever waits for the other side has an error now."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
