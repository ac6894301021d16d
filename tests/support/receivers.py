"""A real program that is told by webhooks: an HTTP server in a thread, with TLS if it has a certificate."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(slots=True)
class Receiver:
    """What came, and what is answered: `statuses` in turn, then 204. `stall` are the seconds between two bytes."""

    port: int = 0
    statuses: list[int] = field(default_factory=list)
    stall: float = 0.0
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)
    leaving: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?from=koor"

    def messages(self) -> list[dict[str, Any]]:
        """The bodies of all that came."""
        return [json.loads(body) for _, _, body in self.requests]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that runs as long as the block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.requests.append((self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            receiver.came.set()
            status = receiver.statuses.pop(0) if receiver.statuses else 204
            if receiver.stall:
                self._trickle()
                return
            self.send_response(status)
            if status // 100 == 3:
                self.send_header("location", f"http://127.0.0.1:{receiver.port}/elsewhere")
            self.send_header("content-length", "0")
            self.end_headers()

        def _trickle(self) -> None:
            for byte in b"HTTP/1.1 204 No Content\r\n" + b"x-slow: 1\r\n" * 1_000:
                if receiver.leaving.wait(receiver.stall):
                    return
                try:
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                except OSError:
                    return

        do_GET = do_POST  # noqa: N815 - http.server calls it so

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that goes away is none
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.leaving.set()
        server.shutdown()
        server.server_close()
        thread.join()


def certificate_for(name: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """What a server of this DNS name or IP address needs for TLS, and the file that a client trusts."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Tests")])
    try:
        san: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        san = x509.DNSName(name)
    made = (
        x509.CertificateBuilder(issuer, issuer, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([san]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    certificate, both = folder / "certificate.pem", folder / "server.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    both.write_bytes(certificate.read_bytes() + private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    return context, certificate
